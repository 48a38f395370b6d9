/** Evidence: what an event says about sessions, and when the dials in it began. */
import * as Candidates from "./candidates.ts"
import { isFailureExcused } from "./frozen.ts"
import type { CandidateId, Endpoint, UpstreamId } from "./model/Candidate.ts"
import type { Event } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import type { Step } from "./model/Step.ts"
import * as Upstreams from "./upstreams.ts"

export interface FailureAfterConnect {
  readonly candidate: CandidateId
  readonly client: number
  readonly reason: "reset" | "closed" | "stalled"
  /** When the session began, or the silence after which it stalled. */
  readonly beganUs: number
}

/** Whether a session of the upstream ever received a byte. In one-way protocols none does. */
export function isKnownToAnswer(state: State, id: UpstreamId): boolean {
  return Upstreams.find(state, id)?.answered === true
}

/** The failure after connect that an event reports, if it says something about the candidate. */
export function failureAfterConnect(state: State, event: Event, atUs: number): FailureAfterConnect | undefined {
  const broken = brokenSession(state, event, atUs)
  if (broken === undefined || isFailureExcused(state, broken.candidate, broken.beganUs)) return undefined
  return broken
}

/** The session that failed after connect, if the upstream is on. Each session reports one failure at most. */
export function brokenSession(state: State, event: Event, atUs: number): FailureAfterConnect | undefined {
  const reason = reasonOf(event)
  if (reason === undefined || (event._tag !== "ClientClosed" && event._tag !== "SessionStalled")) return undefined
  const { candidate: id, client } = event
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || !Upstreams.isOn(state, candidate.upstream)) return undefined
  const { stallMs } = Candidates.configOf(state, candidate).session
  const beganUs = atUs - (event._tag === "ClientClosed" ? event.durationUs : stallMs * 1000)
  return { candidate: candidate.id, client, reason, beganUs }
}

/** How a session failed after its upstream was connected; undefined: it did not. */
function reasonOf(event: Event): FailureAfterConnect["reason"] | undefined {
  if (event._tag === "SessionStalled") return "stalled"
  if (event._tag !== "ClientClosed" || event.firstByteUs >= 0 || event.silence === "stalled") return undefined
  // An alert is an answer to something, even where the runtime does not count the bytes that a program sends inside TLS.
  if (event.cause === "upstream-alert") return "closed"
  if (event.bytesUp === 0) return undefined
  if (event.cause === "upstream-reset") return "reset"
  return event.cause === "upstream-closed" ? "closed" : undefined
}

/** An alert of TLS as the only answer. */
const ALERT_BYTES = 7

/** Whether the upstream sent more than an alert in a session that failed all the same, as a program says. */
export function hasBytes(event: Event): boolean {
  return event._tag === "ClientClosed" && event.bytesDown > ALERT_BYTES
}

export interface UpstreamByte {
  readonly candidate: Endpoint
  readonly atUs: number
}

/** When an upstream byte came, if the event says so. */
export function upstreamByte(event: Event, atUs: number): UpstreamByte | undefined {
  if (event._tag === "SessionSpoke" && event.side === undefined) return { candidate: event.candidate, atUs }
  if (event._tag !== "ClientClosed" || event.firstByteUs < 0) return undefined
  return { candidate: event.candidate, atUs: atUs - event.durationUs + event.firstByteUs }
}

/**
 * When the dials of a race began. For a client's dials the earliest possible moment: as if each had waited for the one
 * before it.
 */
export function beginning({ event, at }: Step): number | undefined {
  if (event._tag === "Raced") return at - event.tookUs
  return event._tag === "ClientAccepted" ? event.tried.reduce((sum, { tookUs }) => sum - tookUs, at) : undefined
}
