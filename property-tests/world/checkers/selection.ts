/** A member that works stays for its hold, and one success takes blame away once. */
import * as Candidates from "../../../src/core/candidates.ts"
import { isPoor } from "../../../src/core/rules/eligible.ts"
import * as Upstreams from "../../../src/core/upstreams.ts"
import type { Event } from "../../../src/core/model/Event.ts"
import type { CandidateId } from "../../../src/core/model/Candidate.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"

export const selection: MakeChecker = ({ met }): Checker => ({
  folded: (_process, { entry: { at, event }, before, advanced: { state, decisions } }) => {
    for (const decision of decisions) {
      if (decision._tag !== "SelectionMoved") continue
      const upstream = Upstreams.find(before, decision.upstream)
      if (upstream === undefined) continue
      const { selector, probing } = Upstreams.configOf(state, upstream.id)
      const config = Upstreams.configOf(state, upstream.id)
      for (const { candidate: id, into, reason } of decision.moves) {
        const sinceUs = upstream.memberSinceUs[upstream.members.indexOf(id)]
        const candidate = Candidates.find(state, id)
        if (into || reason !== "costlier" || sinceUs === undefined || candidate === undefined) continue
        const isProvisional = sinceUs === upstream.filledAtUs && at - sinceUs <= probing.intervalMs * 1000
        const returns = decision.moves.some((one) => one.into && upstream.displaced.includes(one.candidate))
        if (isProvisional || returns || isPoor(candidate, config)) continue
        met("a member was replaced for its cost alone")
        mustHold(
          at - sinceUs >= selector.switching.holdMs * 1000,
          () => `${candidate.host} was replaced after ${(at - sinceUs) / 1e6} s of a hold of ${selector.switching.holdMs} ms`
        )
      }
    }
    const rollsBack = decisions.some(({ _tag }) => _tag === "OutageBegan" || _tag === "CommonCauseBegan")
    for (const id of rollsBack ? [] : answered(event)) {
      const [was, is] = [Candidates.find(before, id), Candidates.find(state, id)]
      if (was === undefined || is === undefined || was.penalty.atUs < 0) continue
      met("a success took blame away")
      const most = was.streak + answered(event).filter((one) => one === id).length
      mustHold(is.streak <= most, () => `one success of ${is.host} counts as ${is.streak - was.streak}`)
    }
  }
})

function answered(event: Event): ReadonlyArray<CandidateId> {
  if (event._tag === "ProbeSucceeded" || event._tag === "WarmConnected") {
    return event.candidate === "reference" ? [] : [event.candidate]
  }
  if (event._tag !== "ClientAccepted" && event._tag !== "Raced") return []
  return event.tried.flatMap(({ candidate, outcome }) =>
    outcome === "connected" && candidate !== "system" ? [candidate] : []
  )
}
