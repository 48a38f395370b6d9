/**
 * Trials: when a candidate that failed is probed again. Where its breaker is open, the trial is the half-open probe.
 *
 * - The wait grows with the time of failure. It is `firstTrial` and doubles with every second trial. So a wait is at most
 *   about two thirds of the time since the first failure (with a doubling at every trial it would be all of it). Clients
 *   notice the end of an outage of length L at most L after it. The number of trials grows with the logarithm of the time,
 *   until the longest wait is reached.
 * - The longest wait is `cooldown`, or `timeoutCooldown` after a timeout or a stalled session. It doubles with each opening
 *   of the breaker that was not forgiven, up to `maxCooldown`.
 * - While no candidate of the upstream answers, the wait is as long as that has lasted, up to six times `scoreTtl`
 *   (unreached.ts).
 * - A candidate with a closed breaker that failed last has trials too, until the wait reaches the probing interval. From then on
 *   rounds do the same.
 * - A candidate that never answered begins with a wait of that interval, because most candidates of a long list are dead.
 * - After a success *follow-up probes* go out each half second, as long as a penalty or the success rate speaks against the
 *   candidate (blame.ts). They end after ten successes in a row at the latest.
 */
import { isForgiven, penaltyMs, successRate } from "./candidate/blame.ts"
import * as Breaker from "./candidate/breaker.ts"
import * as Candidates from "./candidates.ts"
import { ceilingMs } from "./cooldown.ts"
import { backoffMs, jitteredMs } from "./math/backoff.ts"
import * as Rng from "./math/Rng.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { DialFailure } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import { unreachedMs } from "./unreached.ts"

/** A failure of a handshake, or of the sessions after it. */
export type Reason = DialFailure | "stalled" | "closed"

/** Number of trials after waits of the same length. */
const TRIALS_EACH = 2
const AGAIN_US = 500_000
/** Above this success rate there is no reason for an extra probe. */
const GOOD_RATE = 0.9

/**
 * How long an open breaker waits for its next trial, in ms, and the generator after the draw. `openings` includes this one.
 */
export function waited(state: State, candidate: Candidate, reason: Reason, openings: number) {
  const config = Candidates.configOf(state, candidate)
  const mostMs = ceilingMs(config.breaker, reason === "timeout" || reason === "stalled", openings)
  const doublings = Math.floor(candidate.breaker.trials / TRIALS_EACH) + openings - 1
  const ownMs = isImpostor(reason) ? mostMs : backoffMs(doublings, firstMs(candidate, config), mostMs)
  const fullMs = Math.max(ownMs, unreachedMs(state, candidate.upstream))
  const drawn = Rng.uniform(state.rng)
  return { waitMs: jitteredMs(fullMs, drawn.value), rng: drawn.rng }
}

/** Something else answers in the candidate's place. That does not pass within seconds. */
function isImpostor(reason: Reason): boolean {
  return reason === "certificate" || reason === "implausible"
}

function firstMs(candidate: Candidate, { breaker, probing }: UpstreamConfig): number {
  return candidate.latency.atUs < 0 && probing.intervalMs > breaker.firstTrialMs ? probing.intervalMs : breaker.firstTrialMs
}

/** After a failure that opened no breaker: plans the next trial of a candidate that had worked. */
export function scheduled(state: State, id: CandidateId, failure: DialFailure): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || failure === "certificate" || candidate.breaker.state !== "closed") return state
  if (candidate.breaker.trialDueUs >= 0 || candidate.latency.atUs < 0 || !Candidates.isListed(candidate)) return state
  const { breaker, probing } = Candidates.configOf(state, candidate)
  const doublings = Math.floor(candidate.breaker.trials / TRIALS_EACH)
  const waitMs = backoffMs(doublings, breaker.firstTrialMs, probing.intervalMs)
  if (waitMs >= probing.intervalMs) return state
  return due(state, candidate, state.at + waitMs * 1000)
}

/** After a success: no more trials, unless a penalty or the success rate still speaks against it. */
export function settledTrials(state: State, id: CandidateId, atUs: number): State {
  const candidate = Candidates.find(state, id)
  if (candidate === undefined || candidate.breaker.state !== "closed") return state
  const { trials, trialDueUs } = candidate.breaker
  const { scoring } = Candidates.configOf(state, candidate)
  const isPenalized = penaltyMs(candidate, scoring, atUs) > 0
  if (trials === 0 && trialDueUs < 0 && !isPenalized) return state
  const isWell = !isPenalized && successRate(candidate, scoring, atUs) >= GOOD_RATE
  if (!isWell && !isForgiven(candidate)) return due(state, candidate, atUs + AGAIN_US)
  return Candidates.replace(state, candidate, Breaker.trialsOver(candidate))
}

function due(state: State, candidate: Candidate, trialDueUs: number): State {
  return Candidates.replace(state, candidate, Breaker.trialDue(candidate, trialDueUs))
}
