/**
 * Routes: the plan that clients follow without asking anybody.
 *
 * For each candidate that serves (see serving.ts) a dial plan: itself, then the others that serve by cost, then the best
 * measured candidates outside the set, `attempts` in all, each started `raceDelay` after the one before it or as soon as all before
 * it have failed. Then the rest of the ladder (ladder.ts): the fallback list, the addresses that the system's resolver has
 * for `host`, the list in its configured order, at most `lastResortAttempts` of each. Each rung joins the race `raceDelay` after the
 * last attempt before it, or after as long as that one may be pending, or as soon as all before it have failed.
 *
 * Who could not show the certificate of the upstream's name is in no plan; who has not been asked for it yet has to show it in
 * the dial (`verify`), and so has whoever the name leads to that is no candidate. In a race so has whoever was asked too long ago.
 *
 * Without a member that ladder is all there is, from the rung that is the upstream's state; whom that rung puts first (stale
 * members, the one that is kept) starts at once. Of an upstream that is off the fallback list is no part.
 */
import { needsDiscovery } from "./needsDiscovery.ts"
import * as Candidates from "./candidates.ts"
import { same } from "./data/same.ts"
import * as Ordered from "./data/Ordered.ts"
import * as Vector from "./data/Vector.ts"
import { domainIn } from "./domain.ts"
import { isCheckDue, isVouched } from "./candidate/identity.ts"
import { rungOf } from "./ladder.ts"
import type { Candidate, CandidateId, UpstreamId } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { Decision } from "./model/Decision.ts"
import type { DialAttempt, DialPlan, Member, Routes, UpstreamRoutes } from "./model/Routes.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { slowHandshakeMs } from "./slowHandshake.ts"
import { bestOutside, serving } from "./serving.ts"
import * as Upstreams from "./upstreams.ts"

/** Impostors that a list is looked through for others, and that a name is told to avoid. */
const MOST_PASSED_OVER = 64

/** What clients need of a state; the same object as long as nothing of it changed. */
export function routesOf(state: State): Routes {
  return state.routes
}

/** Brings the routes of the dirty upstreams up to date, a new version only when one of them differs; tells of other rungs. */
export function reroute(state: State, dirty: Iterable<UpstreamId>, decisions: Array<Decision> = []): State {
  let upstreams = state.routes.upstreams
  for (const id of dirty) {
    const upstream = Upstreams.find(state, id)
    if (upstream === undefined) continue
    const before = upstreams[id]
    const after = upstreamRoutes(state, upstream)
    if (before !== undefined && same(before, after)) continue
    if (upstreams === state.routes.upstreams) upstreams = upstreams.slice()
    ;(upstreams as Array<UpstreamRoutes>)[id] = after
    if (before === undefined || before.name !== after.name || before.state === after.state) continue
    const { reason } = rungOf(state, upstream, after.members.length > 0)
    decisions.push({ _tag: "LadderStepped", upstream: id, from: before.state, to: after.state, reason })
  }
  if (upstreams === state.routes.upstreams) return state
  return { ...state, routes: { version: state.routes.version + 1, upstreams } }
}

/** The routes of one upstream, from scratch. */
export function upstreamRoutes(state: State, upstream: Upstream): UpstreamRoutes {
  const config = Upstreams.configOf(state, upstream.id)
  const serve = serving(state, upstream)
  const present = serve.map((candidate) => memberOf(state, upstream, config, serve, candidate))
  const rung = rungOf(state, upstream, present.length > 0)
  return {
    id: upstream.id,
    name: upstream.name,
    state: rung.state,
    members: present,
    policy: config.balancing.policy,
    affinity: config.balancing.affinity,
    toleranceMs: config.balancing.toleranceMs,
    tolerancePercent: config.balancing.tolerancePercent,
    lastResort: planOf(state, upstream, config, rung.first, rung.then),
    session: config.session,
    silentAfterMs: upstream.silentAfterMs,
    domain: domainIn(config),
    needsDiscovery: needsDiscovery(state, upstream, present.length > 0)
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
    slowStartWeight: candidate.breaker.slowStartWeight,
    plan: planOf(state, upstream, config, ordered.slice(0, config.attempts), [])
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

/** A dial plan as it grows: lists one after the other. */
class Plan {
  readonly #state: State
  readonly #config: UpstreamConfig
  readonly attempts: Array<DialAttempt> = []
  readonly #asksProof: boolean
  /** Whoever wins it may not have been asked for long. */
  readonly #isRace: boolean
  #nextMs = 0

  constructor(state: State, { id }: Upstream, isRace = false) {
    this.#state = state
    this.#config = Upstreams.configOf(state, id)
    this.#asksProof = !Upstreams.isOffByWish(state, id)
    this.#isRace = isRace
  }

  /** Candidates that are not in the plan yet, at most `most`. */
  dial(ids: ReadonlyArray<CandidateId>, most: number): void {
    const { timeoutMs, raceDelayMs } = this.#config.dial
    const fromMs = this.#nextMs
    let count = 0
    let passedOver = 0
    for (const id of ids) {
      if (count >= most) break
      const candidate = Candidates.find(this.#state, id)
      if (candidate === undefined || this.attempts.some((one) => one.candidate === id)) continue
      const { host, port, identity } = candidate
      if (identity.state === "failed") {
        if (++passedOver < MOST_PASSED_OVER) continue
        break
      }
      const startAfterMs = fromMs + count++ * raceDelayMs
      const isDue = this.#isRace && isCheckDue(candidate, this.#state.at)
      const verify = isVouched(candidate) && !isDue ? {} : this.#proof()
      // A proof takes some round trips more: no sign of death.
      const suspectAfterMs = "verify" in verify ? timeoutMs : slowHandshakeMs(candidate)
      this.attempts.push({ candidate: id, host, port, startAfterMs, timeoutMs, suspectAfterMs, ...verify })
      this.#nextMs = startAfterMs + Math.min(Math.max(raceDelayMs, suspectAfterMs), timeoutMs)
    }
  }

  /**
   * What those have to prove of whom nobody knows who they are; nothing when the operator wants no opinion. A core that turned
   * itself off asks: impostors could else bring that about, and serve.
   */
  #proof(): Pick<DialAttempt, "verify"> {
    const { identity } = this.#config
    return identity === null || !this.#asksProof ? {} : { verify: identity }
  }

  /** Whoever the name stands for. */
  resolve(most: number, impostors: ReadonlyArray<string>): void {
    const { host, port, dial, dns } = this.#config
    if (host === "") return
    const { timeoutMs, raceDelayMs } = dial
    const { access } = this.#state.config
    const { maxAnswers, servers } = dns
    const avoid = impostors.length === 0 ? {} : { avoid: impostors }
    const resolve = { timeoutMs: dns.timeoutMs, raceDelayMs, most, maxAnswers, servers, access, ...avoid }
    const startAfterMs = this.#nextMs
    this.attempts.push({
      candidate: -1,
      host,
      port,
      startAfterMs,
      timeoutMs,
      suspectAfterMs: timeoutMs,
      resolve,
      ...this.#proof()
    })
    this.#nextMs = startAfterMs + raceDelayMs
  }
}

/** Hosts that the name must not lead to; those beyond the limit would fail to prove themselves once more. */
function impostorsOf(state: State, { id }: Upstream, { port }: UpstreamConfig): ReadonlyArray<string> {
  const found: Array<string> = []
  Ordered.visit(Vector.get(state.index.impostors, id) ?? null, (_atUs, one) => {
    const candidate = Candidates.find(state, one)
    if (candidate?.port === port) found.push(candidate.host)
    return found.length < MOST_PASSED_OVER
  })
  return found
}

/** The attempts of a race: these and nobody else, at most `most`. */
export function raceOf(
  state: State,
  upstream: Upstream,
  ids: ReadonlyArray<CandidateId>,
  most: number
): DialPlan["attempts"] {
  const plan = new Plan(state, upstream, true)
  plan.dial(ids, most)
  return plan.attempts
}

/** Those in `ordered`, then what is left of the ladder. */
function planOf(
  state: State,
  upstream: Upstream,
  config: UpstreamConfig,
  ordered: ReadonlyArray<CandidateId>,
  then: ReadonlyArray<CandidateId>
): DialPlan {
  const { deadlineMs, lastResortAttempts } = config.dial
  const isOn = Upstreams.isOn(state, upstream.id)
  const plan = new Plan(state, upstream)
  plan.dial(ordered, ordered.length)
  if (isOn) plan.dial(upstream.fallback, lastResortAttempts)
  if (isOn && upstream.fallback.length > 0) plan.dial(then, lastResortAttempts)
  plan.resolve(lastResortAttempts, impostorsOf(state, upstream, config))
  plan.dial(then, lastResortAttempts)
  plan.dial(upstream.listed, lastResortAttempts)
  return { attempts: plan.attempts, deadlineMs }
}
