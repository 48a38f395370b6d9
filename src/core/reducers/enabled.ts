/**
 * Enabled: an upstream that is off has no beliefs and makes no choice of its own.
 *
 * An upstream is off in any of these cases:
 * - `enabled` is false, in the configuration or by an operator's override (which lasts until a restart or a reload);
 * - its own `bypass` is true;
 * - it was removed.
 *
 * While an upstream is off:
 * - No candidate is probed, judged or kept warm, and its name is not resolved. The set is empty. Open breakers and
 *   suspicions are settled.
 * - Clients go to the last rung of the ladder, which the routes carry. Sessions continue.
 *
 * When an upstream is turned on again:
 * - A preheated upstream starts as at the beginning: each candidate waits for a probe, and the resolver is queried.
 * - The old set serves as stale until a candidate answers.
 * - What was learned before (success, baseline) still counts. The present cost is measured anew.
 *
 * The fact `EnabledChanged` tells of the whole pool. The ladder tells of each upstream.
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
