/**
 * Trials: when a candidate that failed is tried again.
 *
 * - In proportion to how long it has failed: the wait is `firstTrial`, and doubles with every second trial. So a wait is about two
 *   thirds of the time since the first failure at most (every trial would make it all of it), and an outage of length L is over for clients at most L after it. The
 *   number of trials grows with the logarithm of the time, up to the longest wait: `cooldown`, or `timeoutCooldown` after a timeout or a stalled session, doubled with each opening of its
 *   breaker that was not forgiven, up to `maxCooldown`. While none of its upstream answers the wait is as long as that has lasted, up to six times `scoreTtl` (unreached.ts).
 * - A closed breaker whose candidate failed last has trials too, until the wait reaches the probing interval: then rounds do
 *   the same. A candidate that never answered begins with a wait of that interval: of long lists most are dead.
 * - After a trial that succeeded, further ones follow each half second as long as a penalty or the success rate still speaks
 *   against the candidate (blame.ts): ten successes in a row at most.
 */
import { isForgiven, penaltyMs, successRate } from "./candidate/blame.ts"
import * as Breaker from "./candidate/breaker.ts"
import * as Candidates from "./candidates.ts"
import { backoffMs, jitteredMs } from "./math/backoff.ts"
import * as Rng from "./math/Rng.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { DialFailure } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import { unreachedMs } from "./unreached.ts"

/** A failure of a handshake, or of the sessions after it. */
export type Reason = DialFailure | "stalled" | "closed"

/** Trials after waits of the same length. */
const TRIALS_EACH = 2
const AGAIN_US = 500_000
/** A success rate above this is no reason to measure out of turn. */
const GOOD_RATE = 0.9

/** How long an open breaker waits for its next trial, in ms, with the generator after the draw. `openings`: with this one. */
export function waited(state: State, candidate: Candidate, reason: Reason, openings: number) {
  const config = Candidates.configOf(state, candidate)
  const { cooldownMs, timeoutCooldownMs, maxCooldownMs } = config.breaker
  const longestMs = reason === "timeout" || reason === "stalled" ? timeoutCooldownMs : cooldownMs
  const ceilingMs = backoffMs(openings - 1, longestMs, Math.max(longestMs, maxCooldownMs))
  const doublings = Math.floor(candidate.breaker.trials / TRIALS_EACH) + openings - 1
  const ownMs = isImpostor(reason) ? ceilingMs : backoffMs(doublings, firstMs(candidate, config), ceilingMs)
  const fullMs = Math.max(ownMs, unreachedMs(state, candidate.upstream))
  const drawn = Rng.uniform(state.rng)
  return { waitMs: jitteredMs(fullMs, drawn.value), rng: drawn.rng }
}

/** Something else answers in its place: that does not pass within seconds. */
function isImpostor(reason: Reason): boolean {
  return reason === "certificate" || reason === "implausible"
}

function firstMs(candidate: Candidate, { breaker, probing }: UpstreamConfig): number {
  return candidate.latency.atUs < 0 && probing.intervalMs > breaker.firstTrialMs ? probing.intervalMs : breaker.firstTrialMs
}

/** After a failure that opened nothing: the next trial of a candidate that had worked. */
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
