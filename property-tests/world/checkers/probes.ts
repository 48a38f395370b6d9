/** Probes stay within their budget: at once, at once to one host, and in a second. */
import type { ProbingBudget } from "../../../src/core/model/Config.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"

export const probes: MakeChecker = ({ met }): Checker => {
  let budget: ProbingBudget | undefined
  /** A bucket: each probe takes one, and `ratePerSecond` of them come back each second. */
  let [left, atUs] = [0, 0]
  return {
    began: () => void (budget = undefined),
    decided: ({ state, probes }, decision, { entry: { at } }) => {
      if (decision._tag !== "Probe") return
      const { probing } = state.config
      const { maxParallel, perHost, ratePerSecond } = probing
      if (budget !== probing) [budget, left, atUs] = [probing, maxParallel, at]
      met("a probe was counted")
      mustHold(probes.size < maxParallel, () => `more than ${maxParallel} probes at once`)
      const onHost = probes.all.filter(({ host }) => host === decision.host).length
      mustHold(onHost < perHost, () => `more than ${perHost} probes of ${decision.host} at once`)
      left = Math.min(maxParallel, left + ((at - atUs) * ratePerSecond) / 1e6)
      atUs = at
      mustHold(left >= 0.999, () => `more than ${ratePerSecond} probes a second`)
      left--
      if (left < 1) met("the rate of probes was used up")
    }
  }
}
