/** The events of a session, by how its upstream replies. Clients send data as soon as they are connected. */
import type { Endpoint } from "../core/model/Candidate.ts"
import type { ClientClosed, Event } from "../core/model/Event.ts"

/**
 * The first byte after so many ms, or never: the peer is silent, resets, closes with FIN or answers with a TLS alert; or the client
 * expects no answer, and ends when it has sent all (`one-way`).
 */
export type Reply = number | "silent" | "reset" | "closed" | "alert" | "one-way"

/** Which session it is. */
export interface SessionOf {
  readonly worker: number
  readonly session: number
  readonly candidate: Endpoint
  readonly client: number
}

export interface Timing {
  /** The time from accept to connected, and how long the client then stays. */
  readonly tookMs: number
  readonly holdMs: number
  readonly silentAfterMs: number
  readonly stallMs: number
}

/** An event and its time after the client came. */
interface Later {
  readonly afterMs: number
  readonly event: Event
}

const CUT_AFTER_MS = 1
const ALERT_BYTES = 7
/** How long a client waits without an answer. */
const WAITS_MS = 15_000

export function sessionEvents(
  of: SessionOf,
  reply: Reply,
  { tookMs, holdMs, silentAfterMs, stallMs }: Timing
): ReadonlyArray<Later> {
  const { worker, session, candidate, client } = of
  const events: Array<Later> = []
  const us = (ms: number) => Math.round(ms * 1000)
  const heardMs = typeof reply === "number" ? reply : Number.POSITIVE_INFINITY
  const isCut = typeof reply !== "number" && reply !== "silent"
  const endMs = isCut ? CUT_AFTER_MS : Math.max(holdMs, typeof reply === "number" ? reply : WAITS_MS)
  const silentMs = Math.min(heardMs, endMs)
  let silence: ClientClosed["silence"] = "none"
  if (silentMs > silentAfterMs) {
    silence = "silent"
    const told = { worker, session, candidate, waitedUs: us(silentAfterMs) }
    events.push({ afterMs: tookMs + silentAfterMs, event: { _tag: "SessionSilent", ...told } })
  }
  if (silentMs > stallMs) {
    silence = "stalled"
    events.push({ afterMs: tookMs + stallMs, event: { _tag: "SessionStalled", worker, session, candidate, client } })
  }
  if (silence !== "none" && heardMs <= endMs) {
    silence = "none"
    events.push({ afterMs: tookMs + heardMs, event: { _tag: "SessionSpoke", worker, session, candidate } })
  }
  const heard = heardMs <= endMs
  const closed: ClientClosed = {
    _tag: "ClientClosed",
    ...of,
    bytesUp: 100,
    bytesDown: heard ? 1000 : reply === "alert" ? ALERT_BYTES : 0,
    firstByteUs: heard ? us(tookMs + heardMs) : -1,
    answerUs: heard ? us(heardMs) : -1,
    durationUs: us(tookMs + endMs),
    silence,
    cause: causeOf(reply)
  }
  return [...events, { afterMs: tookMs + endMs, event: closed }]
}

function causeOf(reply: Reply): ClientClosed["cause"] {
  if (reply === "reset") return "upstream-reset"
  if (reply === "closed") return "upstream-closed"
  return reply === "alert" ? "upstream-alert" : "done"
}
