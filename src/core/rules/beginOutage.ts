/** A local outage begins: what failures changed since the last answer is rolled back, and probes find out when it ends. */
import { isFar } from "../frozen.ts"
import type { OutageReason } from "../model/Outage.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { needsNetwork } from "../network.ts"
import { decide, keepSamples, markDirty } from "../requests.ts"
import * as Troubles from "../upstream/trouble.ts"
import * as Upstreams from "../upstreams.ts"
import { pulseAt, withOutage } from "./pulse.ts"
import { rollBack } from "./rollBack.ts"

export function beginOutage(state: State, step: Step, reason: OutageReason): State {
  decide(step, { _tag: "OutageBegan", reason })
  const next = rolledBack(withOutage(state, { sinceUs: step.at, reason }), step)
  keepSamples(step, step.samples.filter(({ candidate }) => !isFar(next, candidate)))
  for (const { id } of Upstreams.all(next)) if (Upstreams.isOn(next, id)) markDirty(step, id)
  return pulseAt(next, step.at)
}

/**
 * Rolls back what failures changed. An upstream in a common cause from before the window has a cause of its own and is
 * left out.
 */
function rolledBack(state: State, step: Step): State {
  const { silenceSinceUs } = state.outage
  let next = state
  for (const { id, trouble } of Upstreams.all(state)) {
    if (trouble === null || !Upstreams.isOn(state, id)) continue
    if (trouble.commonAtUs >= 0 && (silenceSinceUs < 0 || trouble.commonAtUs < silenceSinceUs)) continue
    next = rollBack(next, step, id, true, ({ host }) => needsNetwork(host))
    const upstream = Upstreams.find(next, id) as Upstream
    next = Upstreams.replace(next, upstream, Troubles.ended(upstream))
  }
  return next
}
