/** When each attempt of a dial plan began. That follows from the plan's offsets and from how long each attempt took. */
import type { Attempt } from "../../core/model/Event.ts"
import type { DialPlan } from "../../core/model/Routes.ts"

export interface Timed {
  readonly attempt: Attempt
  /** From the start of the plan, in µs. */
  readonly startUs: number
  readonly endUs: number
}

/**
 * The rule of DialRun in reverse: an attempt starts at its offset, or earlier when all before it have ended. Addresses of a
 * name start where the name is in the plan, `raceDelayMs` apart, as if the answer had come at once (see resolution.ts).
 * Candidates that are not in the plan, because the plan was replaced meanwhile, are put as far apart.
 */
export function dialTimes(
  tried: ReadonlyArray<Attempt>,
  plan: DialPlan | undefined,
  raceDelayMs: number
): ReadonlyArray<Timed> {
  const indexInPlan = (attempt: Attempt) =>
    plan?.attempts.findIndex(({ candidate }) => candidate === attempt.candidate) ?? -1
  const inPlan = tried.every((attempt) => indexInPlan(attempt) >= 0)
  const ordered = inPlan ? tried.toSorted((a, b) => indexInPlan(a) - indexInPlan(b) || lateness(a) - lateness(b)) : tried
  let freeUs = 0
  let answers = 0
  return ordered.map((attempt, i) => {
    const planned = plan?.attempts[indexInPlan(attempt)]
    const offsetMs = planned === undefined
      ? i * raceDelayMs
      : planned.startAfterMs + (planned.resolve === undefined ? 0 : answers++ * planned.resolve.raceDelayMs)
    const startUs = i === 0 ? 0 : Math.min(freeUs, Math.round(offsetMs * 1000))
    const endUs = startUs + attempt.tookUs
    freeUs = Math.max(freeUs, endUs)
    return { attempt, startUs, endUs }
  })
}

/** Orders several addresses of one name: failed attempts came first, then a cancelled one, then the one that connected. */
function lateness({ outcome }: Attempt): number {
  return outcome === "connected" ? 2 : outcome === "cancelled" ? 1 : 0
}
