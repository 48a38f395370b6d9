/**
 * The race for the first answer of an on-demand upstream: the order in which its addresses are dialled.
 *
 * 1. Stale members come first, the fastest one in front.
 * 2. Then priors, which earlier runs knew.
 * 3. Then the list, in its order.
 *
 * Candidates that failed at their last try go behind all others. Candidates that are shut out do not take part. Then the
 * families take turns, beginning with the family of the first address (RFC 8305). Each address starts `raceDelay` after the
 * one before it, or as soon as all before it have failed.
 *
 * A race has as many addresses as can start within the deadline, which is also the longest wait of a client, and at most
 * `raceAddresses`. Of the list no more than that are looked at.
 */
import * as Candidates from "./candidates.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { DialPlan } from "./model/Routes.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { raceOf } from "./routes.ts"
import * as Upstreams from "./upstreams.ts"

export function racePlan(state: State, upstream: Upstream): DialPlan {
  const { dial } = Upstreams.configOf(state, upstream.id)
  const { singleFlightTimeoutMs, raceAddresses } = state.config.onDemand
  const deadlineMs = Math.min(dial.deadlineMs, singleFlightTimeoutMs)
  const most = Math.min(raceAddresses, Math.ceil(deadlineMs / dial.raceDelayMs))
  const ids = inTurns(runners(state, upstream, raceAddresses)).map(({ id }) => id)
  return { attempts: raceOf(state, upstream, ids, most), deadlineMs }
}

function runners(state: State, { stale, priors, listed }: Upstream, most: number): ReadonlyArray<Candidate> {
  const latencyMs = (id: CandidateId) => Candidates.find(state, id)?.latency.value ?? 0
  const ids = new Set([...stale.toSorted((a, b) => latencyMs(a) - latencyMs(b)), ...priors, ...listed.slice(0, most)])
  const may = Candidates.among(state, ids).filter((one) => Candidates.isListed(one) && one.breaker.state === "closed")
  const failing = may.filter(({ breaker }) => breaker.consecutive > 0)
  return [...may.filter(({ breaker }) => breaker.consecutive === 0), ...failing]
}

/** The families alternate as long as there are addresses of both. */
function inTurns(ordered: ReadonlyArray<Candidate>): ReadonlyArray<Candidate> {
  const isSix = ({ host }: Candidate) => host.includes(":")
  const first = ordered.filter((one) => isSix(one) === isSix(ordered[0] as Candidate))
  const second = ordered.filter((one) => !first.includes(one))
  return Array.from({ length: Math.max(first.length, second.length) }, (_, i) => [first[i], second[i]]).flat()
    .filter((one) => one !== undefined)
}
