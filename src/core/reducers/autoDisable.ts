/**
 * Auto-disable: the pool pauses itself when all candidates fail for long. Then its beliefs are worth nothing, and the
 * last resort may serve clients better.
 *
 * - A round lasts one `probing.interval` and begins with a failure. It is a failed round when two conditions hold:
 *   - no candidate answered in it;
 *   - two upstreams that had answered within `staleFor` were sampled in it (or the only upstream that there is).
 * - An upstream that has never answered is a mistake in the configuration. It does not count here; the ladder serves it
 *   already.
 * - A round with too few sampled upstreams counts for nothing. Any answer sets the count to zero.
 * - After `failures` failed rounds every upstream is off for `cooldown`, as under `enabled: false`. The decision comes
 *   with the first failure after the last of these rounds.
 * - The pause ends by itself after `cooldown`. Three events end it earlier: the last resort serves a client, an
 *   operator turns the pool on, or the configuration is reloaded.
 * - After the pause all upstreams start from the beginning. An upstream with a common cause continues where it was
 *   (commonCause.ts).
 * - Failures that a local outage explains never reach this reducer (outage.ts).
 *
 * Facts: `AutoDisabled` and `AutoEnabled`.
 */
import * as Candidates from "../candidates.ts"
import type { Candidate, UpstreamId } from "../model/Candidate.ts"
import type { AutoDisable } from "../model/Outage.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide, keepSamples, markDirty, recover } from "../requests.ts"
import { noFailedRounds } from "../initial.ts"
import { isUnreached } from "../unreached.ts"
import { unpaused } from "../upstream/firstUse.ts"
import * as Rounds from "../upstream/rounds.ts"
import * as Upstreams from "../upstreams.ts"
import { switched } from "../rules/turning.ts"
import { samplesOf } from "../samples.ts"

/**
 * The precision of `heardAtUs`, the time of an upstream's last answer. A more precise time would change it with each
 * answer.
 */
const PRECISE_US = 1_000_000
const ENOUGH = 2

export function autoDisable(state: State, step: Step): State {
  const { untilUs } = state.autoDisable
  if (untilUs >= 0 && step.due.some(({ kind }) => kind === "outage") && untilUs <= step.at) {
    decide(step, { _tag: "AutoEnabled", reason: "cooldown" })
    return switched(state, step, { autoDisable: noFailedRounds })
  }
  if (untilUs >= 0 && hasServed(state, step)) {
    decide(step, { _tag: "AutoEnabled", reason: "answered" })
    const next = switched(state, step, { autoDisable: noFailedRounds })
    keepSamples(step, samplesOf(next, step.event, step.at))
    return next
  }
  if (step.samples.length === 0) return state
  const answers = step.samples.filter(({ failure }) => failure === null)
  if (answers.length === 0) return failed(state, step)
  let next = state
  for (const { candidate } of answers) next = answered(next, step, Candidates.find(next, candidate))
  return state.autoDisable.roundEndUs < 0 && state.autoDisable.rounds === 0 ? next : { ...next, autoDisable: noFailedRounds }
}

/**
 * Whether the event connected a client to a candidate, or to an address that the resolver had for the upstream's name.
 */
function hasServed(state: State, { event }: Step): boolean {
  if (event._tag !== "ClientAccepted" || event.candidate === "none") return false
  const candidate = Candidates.find(state, event.candidate)
  const id = candidate?.upstream ?? event.upstream
  return (candidate === undefined || Candidates.isListed(candidate)) && Upstreams.find(state, id) !== undefined
    && !Upstreams.isOffByWish(state, id)
}

function answered(state: State, step: Step, candidate: Candidate | undefined): State {
  const upstream = Upstreams.find(state, candidate?.upstream)
  if (candidate === undefined || upstream === undefined) return state
  const { heardAtUs, unheardSinceUs } = upstream
  // A spare that answers says nothing about the listed candidates.
  const isListed = Candidates.isListed(candidate)
  const isNews = heardAtUs < 0 || step.at - heardAtUs >= PRECISE_US || (isListed && step.at - unheardSinceUs >= PRECISE_US)
  if (!isNews) return state
  // The first answer ends the search of a long list (search.ts).
  if (heardAtUs < 0) markDirty(step, upstream.id)
  const heard = Rounds.heard(upstream, step.at, isListed)
  return Upstreams.replace(state, upstream, isListed && isUnreached(state, upstream) ? reached(heard, step) : heard)
}

/**
 * The first answer after a long silence. The other candidates are probed now, and clients may cause discovery again.
 */
function reached(upstream: Upstream, step: Step): Upstream {
  recover(step, upstream.id)
  return unpaused(Rounds.roundAt(upstream, upstream.roundDueUs < 0 ? -1 : step.at))
}

function failed(state: State, step: Step): State {
  const { failures, cooldownMs, roundMs } = state.config.autoDisable
  const before = state.autoDisable
  const isOver = before.roundEndUs >= 0 && step.at >= before.roundEndUs
  const rounds = before.rounds + (isOver && before.failed.length >= enough(state) ? 1 : 0)
  if (rounds >= failures) {
    // The failures of this step are no samples for the later reducers: from now on no candidate is judged.
    keepSamples(step, [])
    decide(step, { _tag: "AutoDisabled", rounds, forMs: cooldownMs })
    return switched(state, step, { autoDisable: { ...noFailedRounds, untilUs: step.at + cooldownMs * 1000 } })
  }
  const open = before.roundEndUs >= 0 && !isOver
  const roundEndUs = open ? before.roundEndUs : step.at + roundMs * 1000
  const next: AutoDisable = { ...before, rounds, roundEndUs, failed: sampled(state, step, open ? before.failed : []) }
  return { ...state, autoDisable: next }
}

function sampled(state: State, step: Step, known: ReadonlyArray<UpstreamId>): ReadonlyArray<UpstreamId> {
  const failed = [...known]
  for (const { candidate } of step.samples) {
    const upstream = Upstreams.find(state, Candidates.find(state, candidate)?.upstream)
    if (upstream === undefined || failed.length >= ENOUGH || failed.includes(upstream.id)) continue
    const { staleForMs } = Upstreams.configOf(state, upstream.id)
    if (upstream.heardAtUs >= 0 && step.at - upstream.heardAtUs <= staleForMs * 1000) failed.push(upstream.id)
  }
  return failed
}

/**
 * How many upstreams must fail: two, or one where the configuration has only one. A single name on demand is never
 * enough.
 */
function enough({ config }: State): number {
  let count = 0
  for (const { removed, bypass, onDemand } of config.upstreams) {
    if (!removed && !bypass && (onDemand || ++count >= ENOUGH)) return ENOUGH
  }
  return 1
}
