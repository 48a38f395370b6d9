/**
 * Routes: the plans that clients follow without a question to the core.
 *
 * Each candidate that serves (serving.ts) has a dial plan of at most `attempts` candidates:
 *
 * 1. the candidate itself,
 * 2. the other candidates that serve, by cost,
 * 3. the best measured candidates outside the set.
 *
 * Each attempt starts `raceDelay` after the one before it, or as soon as all before it have failed. The rest of the ladder
 * follows (ladder.ts), at most `lastResortAttempts` of each rung: the fallback list, the addresses that the system's
 * resolver has for `host`, the list in its configured order. Each rung joins the race `raceDelay` after the last attempt
 * before it, or after that attempt's slow-handshake limit, or as soon as all before it have failed.
 *
 * Proof of identity:
 *
 * - A candidate that could not show the certificate of the upstream's name is in no plan.
 * - A candidate that has not been checked must show it in the dial (`verify`), and so must a system address.
 * - In a race a candidate must show it again if its last check is too long ago.
 *
 * Without a member the plan is that ladder alone, from the rung that is the upstream's state. The candidates that this rung
 * puts first (stale members, the panic candidate) start at once. The fallback list is no part of the plans of an upstream
 * that is off.
 */
import { needsDiscovery } from "./needsDiscovery.ts"
import { accessFor } from "./access.ts"
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
import { reuseWithinMs } from "./upstream/kept.ts"
import * as Upstreams from "./upstreams.ts"

/** At most this many impostors are skipped in a list, and at most this many addresses a name is told to avoid. */
const MOST_PASSED_OVER = 64

/** What clients need of a state. It is the same object as long as no part of it changes. */
export function routesOf(state: State): Routes {
  return state.routes
}

/**
 * Brings the routes of the dirty upstreams up to date. There is a new version only if one of them differs. Reports changes
 * of the rung.
 */
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
    session: config.header === undefined ? config.session : { ...config.session, header: config.header },
    silentAfterMs: upstream.silentAfterMs,
    domain: domainIn(config),
    needsDiscovery: needsDiscovery(state, upstream, present.length > 0),
    reuseWithinMs: reuseWithinMs(upstream)
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

/** What follows the chosen candidate: the others that serve, then the best outside the set. */
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

/** A dial plan as it grows, list by list. */
class Plan {
  readonly #state: State
  readonly #config: UpstreamConfig
  readonly attempts: Array<DialAttempt> = []
  readonly #asksProof: boolean
  /** The last check of the winner of a race may be long ago. */
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
      // A proof takes some more round trips, so a long wait is no sign of failure.
      const suspectAfterMs = "verify" in verify ? timeoutMs : slowHandshakeMs(candidate)
      this.attempts.push({ candidate: id, host, port, startAfterMs, timeoutMs, suspectAfterMs, ...verify })
      this.#nextMs = startAfterMs + Math.min(Math.max(raceDelayMs, suspectAfterMs), timeoutMs)
    }
  }

  /**
   * What unproven addresses must prove; nothing if the operator turned the upstream off. A core that turned itself off still
   * demands the proof. Otherwise impostors could cause that, and serve.
   */
  #proof(): Pick<DialAttempt, "verify"> {
    const { identity } = this.#config
    return identity === null || !this.#asksProof ? {} : { verify: identity }
  }

  /** The addresses that the name leads to. */
  resolve(most: number, impostors: ReadonlyArray<string>): void {
    const { host, port, dial, dns } = this.#config
    if (host === "") return
    const { timeoutMs, raceDelayMs } = dial
    const access = accessFor(this.#state.config, this.#config)
    const { maxAnswers, servers } = dns
    const avoid = impostors.length === 0 ? {} : { avoid: impostors }
    const resolve = { timeoutMs: dns.timeoutMs, raceDelayMs, most, maxAnswers, servers, access, ...avoid }
    const startAfterMs = this.#nextMs
    this.attempts.push({
      candidate: "system",
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

/**
 * Hosts that the name must not lead to, in the order in which they failed last. Those beyond the limit are dialled and fail
 * their proof once more.
 */
function impostorsOf(state: State, { id }: Upstream, { port }: UpstreamConfig): ReadonlyArray<string> {
  const found: Array<string> = []
  Ordered.visit(Vector.get(state.index.impostors, id) ?? null, (_atUs, one) => {
    const candidate = Candidates.find(state, one)
    if (candidate?.port === port) found.push(candidate.host)
    return found.length < MOST_PASSED_OVER
  })
  return found
}

/** The attempts of a race: these candidates and no others, at most `most`. */
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

/** The candidates in `ordered`, then the rest of the ladder. */
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
  // What failed in a common cause has its turn among the others that failed, and not before.
  if (isOn) plan.dial(upstream.fallback.filter((id) => !then.includes(id)), lastResortAttempts)
  if (isOn && upstream.fallback.length > 0) plan.dial(then, lastResortAttempts)
  plan.resolve(lastResortAttempts, impostorsOf(state, upstream, config))
  plan.dial(then, lastResortAttempts)
  plan.dial(upstream.listed, lastResortAttempts)
  return { attempts: plan.attempts, deadlineMs }
}
