/**
 * Heard: whether a packet came back from beyond this machine.
 *
 * - A refusal is an answer. A timeout and `unreachable` are silence.
 * - An `implausible` answer comes from a machine in between: it is neither. A failed proof of identity is neither as well:
 *   the network may have died between its two handshakes.
 * - Loopback does not count.
 */
import * as Candidates from "../candidates.ts"
import { upstreamByte } from "../evidence.ts"
import type { DialFailure } from "../model/Event.ts"
import type { Family } from "../model/Outage.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { familyOf, needsNetwork } from "../network.ts"
import { referenceOf } from "./pulse.ts"

/** Whether no packet came back. */
export function isSilence(failure: DialFailure | null): boolean {
  return failure === "timeout" || failure === "unreachable"
}

function isAnswer(failure: DialFailure | null): boolean {
  return !isSilence(failure) && failure !== "implausible" && failure !== "certificate" && failure !== "local"
}

/** The families over which the event brings an answer. */
export function familiesHeard(state: State, step: Step): ReadonlyArray<Family> {
  const { event } = step
  const families: Array<Family> = []
  const hear = (host: string | undefined) => {
    if (host !== undefined && needsNetwork(host)) families.push(familyOf(host))
  }
  for (const { candidate, failure } of step.samples) {
    if (isAnswer(failure)) hear(Candidates.find(state, candidate)?.host)
  }
  if (event._tag === "ProbeSucceeded" || event._tag === "ProbeFailed") {
    if (isAnswer("reason" in event ? event.reason : null)) hear(referenceOf(state, event)?.host)
  } else if (event._tag === "ClientAccepted") {
    // `host` is a name, and no address, only where the name could not be resolved.
    for (const { host, outcome } of event.tried) if (outcome === "connected" || outcome === "refused") hear(host)
  } else {
    const { silenceSinceUs, sinceUs } = state.outage
    const sinceWhen = sinceUs < 0 ? silenceSinceUs : sinceUs
    const byte = sinceWhen < 0 ? undefined : upstreamByte(event, step.at)
    if (byte !== undefined && byte.atUs > sinceWhen) hear(Candidates.find(state, byte.candidate)?.host)
  }
  return families
}
