/** Once the weather is clear, every client is served within a bound, and then by the best address within the margins. */
import * as Candidates from "../../../src/core/candidates.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"
import { bestAfterMs, SERVES_AFTER_MS } from "../calm.ts"
import { comparable, configured, wellOf } from "../choices.ts"

export const recovery: MakeChecker = (seen): Checker => {
  const { met, truth, script } = seen
  return {
    ended: ({ process, arrival: { target, session }, atMs, accepted }, how) => {
      const clearMs = atMs - truth.runMs
      if (clearMs < SERVES_AFTER_MS || target._tag !== "Upstream") return
      const { state } = process
      const config = configured(state, target.name)
      const well = config === undefined ? [] : wellOf(seen, state, config, truth.runMs, atMs)
      if (config === undefined || well.length === 0) return
      met("a client came after recovery")
      mustHold(how !== "failed", () => `session ${session} of ${target.name} failed ${clearMs} ms after the weather cleared`)
      // A lost packet may let another address win the race, so the choice is judged.
      const candidate = Candidates.find(state, accepted?.chosen)
      if (clearMs < bestAfterMs(script) || candidate === undefined) return
      const best = comparable(seen, state, config, well, candidate)
      if (best === undefined) return
      const { selector: { switching }, balancing } = config
      met("a client came when the best address serves")
      const { rttMs } = best
      const margin = Math.max(switching.marginMs, (rttMs * switching.marginPercent) / 100)
      const tolerance = Math.max(balancing.toleranceMs, (rttMs * balancing.tolerancePercent) / 100)
      const jitterMs = truth.placeOf(best.host).jitterMs + truth.placeOf(candidate.host).jitterMs
      const mostMs = rttMs + margin + tolerance + jitterMs
      const servedMs = truth.rttMs(candidate.host, atMs)
      if (process.state.config.enabled) {
        mustHold(
          servedMs <= mostMs,
          () =>
            `session ${session} of ${target.name} is served in ${servedMs} ms by ${candidate.host}, and ${best.host} takes ${rttMs} ms`
        )
      }
    }
  }
}
