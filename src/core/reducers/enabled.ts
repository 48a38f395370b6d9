/**
 * Enabled: whether there is an opinion at all.
 *
 * - Off is an upstream while `enabled` is false (the configuration's, or an operator's override until restart or reload), while
 *   its own `bypass` is true, and once it was removed. Then nobody is probed, resolved, judged or parked; the set is empty, open
 *   breakers and suspicions are settled; clients go to the last rung of the ladder, which routes carry. Sessions go on.
 * - Back on, everything that is preheated begins as at the start: everybody waits for a probe, the name is asked for, and until somebody answers
 *   the old set serves as stale. What was learned before (success, habit) counts on; what it costs now is measured anew.
 *
 * The fact `EnabledChanged` tells of the whole; of each upstream the ladder does.
 */
import { noFailedRounds } from "../initial.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { decide } from "../requests.ts"
import { switched } from "../rules/turning.ts"

export function enabled(state: State, step: Step): State {
  const { event } = step
  if (event._tag !== "EnabledOverridden") return state
  const next = switched(state, step, { override: event.enabled, autoDisable: noFailedRounds })
  if (state.autoDisable.untilUs >= 0) decide(step, { _tag: "AutoEnabled", reason: "operator" })
  return next
}
