/** When each attempt of a dial plan began: it follows from the plan's offsets and from how long each one took. */
import type { Attempt } from "../../core/model/Event.ts"
import type { DialPlan } from "../../core/model/Routes.ts"

export interface Timed {
  readonly attempt: Attempt
  /** From the start of the plan, in µs. */
  readonly startUs: number
  readonly endUs: number
}

/**
 * The rule of DialRun, read backwards: an attempt starts at its offset, or when all before it have ended if that is earlier.
 * Candidates that the plan does not name (it was replaced meanwhile) are put `raceDelayMs` apart.
 */
export function dialTimes(
  tried: ReadonlyArray<Attempt>,
  plan: DialPlan | undefined,
  raceDelayMs: number
): ReadonlyArray<Timed> {
  const place = (attempt: Attempt) => plan?.attempts.findIndex(({ candidate }) => candidate === attempt.candidate) ?? -1
  const ordered = tried.every((attempt) => place(attempt) >= 0) ? tried.toSorted((a, b) => place(a) - place(b)) : tried
  let freeUs = 0
  return ordered.map((attempt, i) => {
    const offsetMs = plan?.attempts[place(attempt)]?.startAfterMs ?? i * raceDelayMs
    const startUs = i === 0 ? 0 : Math.min(freeUs, Math.round(offsetMs * 1000))
    const endUs = startUs + attempt.tookUs
    freeUs = Math.max(freeUs, endUs)
    return { attempt, startUs, endUs }
  })
}
