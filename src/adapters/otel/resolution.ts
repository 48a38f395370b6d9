/**
 * The time of a DNS query for a client's last resort. The record has no entry for the answer. It has the dials of the name's
 * addresses, and the time until one of them connected. The rest of that time was the query's. That is known only where such an
 * address serves. A query without an address is an attempt of its own.
 */
import { isIP } from "node:net"
import type { Attempt } from "../../core/model/Event.ts"
import type { Timed } from "./dialTimes.ts"

/** Whether an attempt is the query itself, without an answer: then it has no address. */
export function isQuestion({ candidate, host }: Attempt): boolean {
  return candidate === "system" && host !== undefined && isIP(host) === 0
}

export interface Resolution {
  readonly dials: ReadonlyArray<Timed>
  /** From the start of the plan, in µs; undefined: there was no query, or nothing is known about it. */
  readonly resolved: { readonly startUs: number; readonly endUs: number } | undefined
}

/** The dials moved behind the answer. `connectedUs` is when one of them connected, from the start of the plan. */
export function resolution(dials: ReadonlyArray<Timed>, connectedUs: number): Resolution {
  const winner = dials.find(({ attempt }) => attempt.outcome === "connected")
  const first = dials.find(({ attempt }) => isAnswer(attempt))
  if (first === undefined || winner === undefined || !isAnswer(winner.attempt)) return { dials, resolved: undefined }
  const tookUs = Math.max(0, connectedUs - winner.endUs)
  const { startUs } = first
  const moved = dials.map((dial) =>
    isAnswer(dial.attempt) ? { ...dial, startUs: dial.startUs + tookUs, endUs: dial.endUs + tookUs } : dial
  )
  return { dials: moved, resolved: { startUs, endUs: startUs + tookUs } }
}

/** An address that is no candidate came from the resolver. */
function isAnswer(attempt: Attempt): boolean {
  return attempt.candidate === "system" && !isQuestion(attempt)
}
