/**
 * On average a client waits little longer than the nearest address that was well would have made it wait. Clients of a near
 * address with losses wait for a second now and then, and among a hundred clients chance decides how often. So twice the
 * standard error of the average is taken off.
 */
import * as Candidates from "../../../src/core/candidates.ts"
import type { Candidate } from "../../../src/core/model/Candidate.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"
import { comparable, configured, wellOf } from "../choices.ts"

const MOST_MS = 60
/** Fewer clients are no average. */
const LEAST_CLIENTS = 100

export const regret: MakeChecker = (seen): Checker => {
  const { met, nowMs, truth } = seen
  let [clients, sumMs, sumOfSquares] = [0, 0, 0]
  return {
    ended: ({ process, arrival: { target }, atMs, accepted, acceptedMs }) => {
      if (target._tag !== "Upstream" || accepted === undefined) return
      // No client waits for a machine that sleeps. While Fairlead is off, the order of the list counts.
      if ([...truth.sleeps, ...truth.offs].some(({ fromMs, toMs }) => fromMs < acceptedMs && toMs > atMs)) return
      const config = configured(process.state, target.name)
      if (config === undefined) return
      const well = wellOf(seen, process.state, config, atMs, nowMs())
      const nearest = (one: Candidate | undefined) =>
        one === undefined ? well[0] : comparable(seen, process.state, config, well, one)
      const served = Candidates.find(process.state, accepted.candidate)
      const best = nearest(served)
      // Of a race in which the choice cannot be compared, only the clients that the second address served would count: those with losses.
      if (best === undefined || nearest(Candidates.find(process.state, accepted.chosen)) === undefined) return
      const firstByteMs = served === undefined ? best.rttMs : truth.rttMs(served.host, atMs)
      clients++
      const regretMs = Math.max(0, acceptedMs - atMs + firstByteMs - 2 * best.rttMs)
      sumMs += regretMs
      sumOfSquares += regretMs * regretMs
    },
    end: () => {
      if (clients < LEAST_CLIENTS) return
      met("regret was averaged")
      const meanMs = sumMs / clients
      const errorMs = Math.sqrt(Math.max(0, sumOfSquares / clients - meanMs * meanMs) / clients)
      mustHold(
        meanMs - 2 * errorMs <= MOST_MS,
        () => `clients waited ${meanMs.toFixed(0)} ms longer on average than they had to`
      )
    }
  }
}
