/**
 * A name that was asked for a client's last resort. An answer is no entry of the record: what is there are the dials of its
 * addresses, and how long it took until one of them stood. What is left when each dial has its own time was the answer's. That is
 * known only where such an address serves; a question that ended without an address is an attempt by itself.
 */
import { isIP } from "node:net"
import type { Attempt } from "../../core/model/Event.ts"
import type { Timed } from "./dialTimes.ts"

/** Whether an attempt is the question itself, which had no answer: it names no address. */
export function isQuestion({ candidate, host }: Attempt): boolean {
  return candidate < 0 && host !== undefined && isIP(host) === 0
}

export interface Resolution {
  readonly dials: ReadonlyArray<Timed>
  /** From the start of the plan, in µs; undefined where none was, or nothing is known of it. */
  readonly resolved: { readonly startUs: number; readonly endUs: number } | undefined
}

/** The dials moved behind the answer; `connectedUs`: when somebody served, from the start of the plan. */
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

/** An address that is no candidate came from the system's resolver. */
function isAnswer(attempt: Attempt): boolean {
  return attempt.candidate < 0 && !isQuestion(attempt)
}
