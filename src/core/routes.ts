/**
 * Routes: the plan that clients follow without asking anybody.
 *
 * For each candidate that serves (see serving.ts) a dial plan: itself, then the others that serve by cost, then the best
 * measured candidates outside the set, `attempts` in all, each started `raceDelay` after the one before it or as soon as all before
 * it have failed. Then the last resort: the list in its configured order, at most `lastResortAttempts` of it, not before
 * the last attempt had its whole timeout. Without any member the last resort is all there is and starts at once.
 */
import * as Candidates from "./candidates.ts"
import type { Candidate, CandidateId, UpstreamId } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { DialAttempt, DialPlan, Member, Routes, UpstreamRoutes } from "./model/Routes.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { pendingMs } from "./reducers/suspicion.ts"
import { bestOutside, serving } from "./serving.ts"
import * as Upstreams from "./upstreams.ts"

/** What clients need of a state; the same object as long as nothing of it changed. */
export function routesOf(state: State): Routes {
  return state.routes
}

/** Brings the routes of the touched upstreams up to date; a new version only when one of them differs. */
export function reroute(state: State, touched: Iterable<UpstreamId>): State {
  let upstreams = state.routes.upstreams
  for (const id of touched) {
    const upstream = Upstreams.find(state, id)
    if (upstream === undefined) continue
    const before = upstreams[id]
    const after = upstreamRoutes(state, upstream)
    if (before !== undefined && JSON.stringify(before) === JSON.stringify(after)) continue
    if (upstreams === state.routes.upstreams) upstreams = upstreams.slice()
    ;(upstreams as Array<UpstreamRoutes>)[id] = after
  }
  if (upstreams === state.routes.upstreams) return state
  return { ...state, routes: { version: state.routes.version + 1, upstreams } }
}

/** The routes of one upstream, from scratch. */
export function upstreamRoutes(state: State, upstream: Upstream): UpstreamRoutes {
  const config = Upstreams.configOf(state, upstream.id)
  const serve = serving(state, upstream)
  const present = serve.map((candidate) => memberOf(state, upstream, config, serve, candidate))
  return {
    id: upstream.id,
    name: upstream.name,
    state: present.length > 0 ? "active" : "unranked",
    members: present,
    policy: config.balancing.policy,
    toleranceMs: config.balancing.toleranceMs,
    tolerancePercent: config.balancing.tolerancePercent,
    lastResort: planOf(state, upstream, config, []),
    session: config.session,
    silentAfterMs: upstream.silentAfterMs
  }
}

function memberOf(
  state: State,
  upstream: Upstream,
  config: UpstreamConfig,
  serve: ReadonlyArray<Candidate>,
  candidate: Candidate
): Member {
  const ordered = [candidate.id, ...rest(state, upstream, config.attempts, serve, candidate.id)]
  return {
    candidate: candidate.id,
    warmMs: candidate.costMs,
    dialMs: candidate.costMs + candidate.latency.value,
    share: candidate.breaker.share,
    plan: planOf(state, upstream, config, ordered.slice(0, config.attempts))
  }
}

/** Who comes after the chosen one: others that serve, then the best outside the set; at most `attempts` of them. */
function rest(
  state: State,
  upstream: Upstream,
  attempts: number,
  serve: ReadonlyArray<Candidate>,
  chosen: CandidateId
): ReadonlyArray<CandidateId> {
  const found = serve.filter(({ id }) => id !== chosen).map(({ id }) => id)
  if (found.length >= attempts) return found
  const outside = bestOutside(state, upstream, attempts).map(({ id }) => id)
  return [...found, ...outside.filter((id) => id !== chosen && !found.includes(id))]
}

function planOf(
  state: State,
  upstream: Upstream,
  config: UpstreamConfig,
  ordered: ReadonlyArray<CandidateId>
): DialPlan {
  const { timeoutMs, raceDelayMs, deadlineMs, lastResortAttempts } = config.dial
  const attempts: Array<DialAttempt> = []
  const add = (id: CandidateId, startAfterMs: number) => {
    const candidate = Candidates.find(state, id) as Candidate
    const { host, port } = candidate
    attempts.push({ candidate: id, host, port, startAfterMs, timeoutMs, suspectAfterMs: Math.ceil(pendingMs(candidate)) })
  }
  ordered.forEach((id, i) => add(id, i * raceDelayMs))
  const resortMs = ordered.length === 0 ? 0 : (ordered.length - 1) * raceDelayMs + timeoutMs
  let resorted = 0
  for (const id of upstream.listed) {
    if (resorted >= lastResortAttempts) break
    if (!ordered.includes(id)) add(id, resortMs + resorted++ * raceDelayMs)
  }
  return { attempts, deadlineMs }
}
