/** The events that end probes and warm dials. */
import type { DialWarm, Probe } from "../core/model/Decision.ts"
import type { DialFailure, Event, ProbeSucceeded } from "../core/model/Event.ts"

/** `failure` null: the handshake is done, and with it the proof of identity, if one was demanded. */
export function probeEnd(
  { worker, probe, candidate }: Pick<Probe, "worker" | "probe" | "candidate">,
  tookUs: number,
  failure: DialFailure | null,
  identity: ProbeSucceeded["identity"]
): Event {
  const of = { worker, probe, candidate, tookUs }
  return failure === null ? { _tag: "ProbeSucceeded", ...of, identity } : { _tag: "ProbeFailed", ...of, reason: failure }
}

export function warmEnd(
  { worker, warm, candidate }: Pick<DialWarm, "worker" | "warm" | "candidate">,
  tookUs: number,
  failure: DialFailure | null
): Event {
  const of = { worker, warm, candidate, tookUs }
  return failure === null ? { _tag: "WarmConnected", ...of } : { _tag: "WarmFailed", ...of, reason: failure }
}
