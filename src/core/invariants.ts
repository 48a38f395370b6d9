/**
 * What must always hold. `cheapFault` looks at counters only and runs live after every entry. `faults` looks at everything
 * and is for tests. A broken invariant is a bug in the core, never bad input.
 */
import { admits } from "./access.ts"
import * as Candidates from "./candidates.ts"
import * as Ordered from "./data/Ordered.ts"
import * as Vector from "./data/Vector.ts"
import { isLiteral } from "./domain.ts"
import type { Candidate, Endpoint, UpstreamId } from "./model/Candidate.ts"
import { SLOTS } from "./model/Candidate.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { asks } from "./queries.ts"
import { upstreamRoutes } from "./routes.ts"
import { indexOf } from "./state.ts"
import { isFirstUse } from "./upstream/firstUse.ts"
import { isPlanned } from "./upstream/resolving.ts"
import { isCommon } from "./upstream/trouble.ts"
import * as Upstreams from "./upstreams.ts"

/** The first broken invariant that shows without a look at candidates; null: all hold. */
export function cheapFault(before: State, after: State): string | null {
  if (after.at < before.at) return `time went back from ${before.at} to ${after.at}`
  if (after.seq !== before.seq + 1 && before.seq >= 0) return `entry ${after.seq} follows entry ${before.seq}`
  const { maxParallel } = after.config.probing
  const probes = after.probing.inFlight.length
  // A reload may set a limit below the present number. Then the number must not grow.
  if (probes > maxParallel && probes > before.probing.inFlight.length) return "more probes under way than maxParallel"
  if (after.minted.probe < before.minted.probe) return "a probe id would come twice"
  if (after.minted.warm < before.minted.warm) return "a warm id would come twice"
  if (after.warmTotal > after.config.poolTotal && after.warmTotal > before.warmTotal) {
    return "more warm sockets than pool.total"
  }
  if (after.routes.version < before.routes.version) return "the routes' version went back"
  return null
}

/** Every broken invariant, as texts. */
export function faults(state: State): ReadonlyArray<string> {
  const found: Array<string> = []
  const expect = (holds: boolean, text: string) => {
    if (!holds) found.push(text)
  }
  for (const candidate of Vector.toArray(state.candidates)) {
    if (candidate !== null) candidateFaults(state, candidate, expect)
  }
  for (const upstream of Upstreams.all(state)) {
    const { selector } = state.config.upstreams[upstream.id] as State["config"]["upstreams"][number]
    expect(upstream.members.length <= selector.activeSetSize, `${upstream.name}: set larger than activeSetSize`)
    expect(new Set(upstream.members).size === upstream.members.length, `${upstream.name}: a member twice`)
    expect(upstream.memberSinceUs.length === upstream.members.length, `${upstream.name}: a member without its time`)
    const shut = upstream.listed.filter((id) => Candidates.find(state, id)?.breaker.state !== "closed").length
    expect(upstream.shut === shut, `${upstream.name}: open breakers are miscounted`)
    expect(
      shut < upstream.listed.length || upstream.listed.length === 0,
      `${upstream.name}: every listed candidate is shut out`
    )
    const unsampled = upstream.listed.filter((id) => (Candidates.find(state, id)?.lastSampleAtUs ?? 0) < 0).length
    expect(upstream.unsampled === unsampled, `${upstream.name}: unsampled candidates are miscounted`)
    const untried = Candidates.among(state, upstream.listed).filter(Candidates.isUntried).length
    expect(upstream.untried === untried, `${upstream.name}: untried candidates are miscounted`)
    if (!Upstreams.isOn(state, upstream.id)) {
      const asked = upstream.listed.some((id) => Candidates.find(state, id)?.queue !== "none")
      const { roundDueUs, resolveDueUs, evaluateDueUs, preheatSinceUs, pausedUntilUs, renewDueUs } = upstream
      const due = Math.max(roundDueUs, resolveDueUs, evaluateDueUs, preheatSinceUs, pausedUntilUs, renewDueUs)
      expect(
        (upstream.members.length === 0 || isCommon(upstream)) && !asked && due < 0,
        `${upstream.name}: a set, probes or deadlines though it is off`
      )
    }
    const config = Upstreams.configOf(state, upstream.id)
    const { preheat } = config
    const asks = (upstream.usedAtUs >= 0 && !Upstreams.notesUse(config)) || isFirstUse(upstream)
    expect(!preheat || !asks, `${upstream.name}: on demand though it is preheated`)
    const spares = upstream.fallback.map((id) => Candidates.find(state, id))
    expect(
      spares.every((one) => one?.sources.includes("fallback") === true),
      `${upstream.name}: a candidate in fallback that the list does not name`
    )
    expect((upstream.stale.length > 0) === (upstream.staleDueUs >= 0), `${upstream.name}: stale members without a deadline`)
    expect(upstream.priors.length === 0 || upstream.priorsDueUs >= 0, `${upstream.name}: priors without a deadline`)
    const priors = upstream.priors.map((id) => Candidates.find(state, id))
    expect(
      priors.every((one) => one === undefined || (one.prior !== null && one.lastSampleAtUs < 0)),
      `${upstream.name}: a measured prior`
    )
    expect(
      state.remembered.records.length <= state.config.history.maxEntries,
      `${upstream.name}: more records than history.maxEntries`
    )
    const failed = impostorsIn(state, upstream)
    expect(failed.length === 0, `${upstream.name}: candidates that failed their proof are routed: ${failed.join(" ")}`)
    const mustResolve = Upstreams.isPreheated(state, upstream.id) && mayResolve(state, upstream.id)
    expect(!mustResolve || isPlanned(upstream), `${upstream.name}: its name is never resolved again`)
    const routed = state.routes.upstreams[upstream.id]
    expect(JSON.stringify(routed) === JSON.stringify(upstreamRoutes(state, upstream)), `${upstream.name}: routes are old`)
  }
  const flights = state.probing.inFlight
  expect(new Set(flights.map(({ probe }) => probe)).size === flights.length, "a probe twice under way")
  for (const flight of flights) {
    if (flight.candidate === "reference") continue
    expect(
      Candidates.find(state, flight.candidate)?.probe === flight.probe,
      `probe ${flight.probe} unknown to its candidate`
    )
  }
  let warmTotal = 0
  for (const candidate of Vector.toArray(state.candidates)) {
    if (candidate !== null) warmTotal += candidate.warm.ready.length + candidate.warm.dialling.length
  }
  expect(warmTotal === state.warmTotal, "warm sockets are miscounted")
  expect(state.wantsRoom.length === 0 || warmTotal >= state.config.poolTotal, "a warm pool waits for room that there is")
  expect(new Set(state.wantsRoom).size === state.wantsRoom.length, "an upstream waits twice for room")
  expect(sameIndex(state), "the derived index differs from the records")
  return found
}

/** Whether the upstream has a name that the resolver may be queried for. */
export function mayResolve(state: State, id: UpstreamId): boolean {
  const { host } = Upstreams.configOf(state, id)
  return host !== "" && !isLiteral(host) && asks(state, id)
}

/** Candidates with a failed proof in the plans or in the set. */
function impostorsIn(state: State, { id, members }: Upstream): ReadonlyArray<Endpoint> {
  const routes = state.routes.upstreams[id]
  const plans = routes === undefined ? [] : [routes.lastResort, ...routes.members.map(({ plan }) => plan)]
  const routed = plans.flatMap(({ attempts }) => attempts.map(({ candidate }) => candidate))
  return [...new Set([...members, ...routed])].filter((one) => Candidates.find(state, one)?.identity.state === "failed")
}

function candidateFaults(state: State, candidate: Candidate, expect: (holds: boolean, text: string) => void): void {
  const name = `candidate ${candidate.id}`
  expect(Vector.get(state.candidates, candidate.id % SLOTS) === candidate, `${name}: not in its slot`)
  expect(candidate.connections.every((count) => count >= 0), `${name}: negative connections`)
  expect(candidate.sampleWindow.length <= 32, `${name}: too many samples in the window`)
  expect(
    candidate.sampleWindow.every((ms, i) => i === 0 || ms >= (candidate.sampleWindow[i - 1] as number)),
    `${name}: the sample window is not sorted`
  )
  expect(candidate.sampleWindow.length === 0 || candidate.windowDueUs >= 0, `${name}: a sample window without an end`)
  expect(candidate.costMs < 0 || candidate.latency.atUs >= 0, `${name}: a cost without a measurement`)
  const { breaker, suspicion, warm } = candidate
  const { access } = state.config
  expect(breaker.state !== "open" || breaker.trialDueUs >= 0, `${name}: an open breaker without a trial to come`)
  expect(breaker.state !== "half-open" || breaker.trialDueUs < 0, `${name}: two trials at once`)
  expect(breaker.slowStartWeight > 0 && breaker.slowStartWeight <= 1, `${name}: slow-start weight outside (0, 1]`)
  expect((breaker.slowStartWeight < 1) === (breaker.rampDueUs >= 0), `${name}: a ramp without a next step`)
  expect(suspicion.silent.length <= 2, `${name}: more silent sessions than are needed`)
  expect(suspicion.silent.every(({ sinceUs }) => sinceUs > suspicion.byteAtUs), `${name}: silent, though it answered`)
  expect(
    new Set([...warm.ready, ...warm.dialling.map(({ id }) => id)]).size === warm.ready.length + warm.dialling.length,
    `${name}: a warm id twice`
  )
  expect(candidate.queue === "none" || candidate.probe === 0, `${name}: queued while probed`)
  expect(
    breaker.state !== "half-open" || candidate.probe !== 0 || candidate.queue !== "none",
    `${name}: a trial without a probe`
  )
  expect(
    (candidate.sources.length > 0) === (candidate.forgetDueUs < 0),
    `${name}: its sources do not fit the moment to forget it`
  )
  const isOut = candidate.sources.length === 0 || admits(access, candidate.host)
  expect(isOut, `${name}: listed though access refuses it`)
  expect(Candidates.isListed(candidate) || candidate.queue === "none", `${name}: queued for a probe though it left`)
  const asks = Candidates.configOf(state, candidate).identity !== null
  expect(asks === (candidate.identity.state !== "unchecked"), `${name}: its proof is not the one that its upstream wants`)
}

function sameIndex(state: State): boolean {
  const rebuilt = indexOf(state)
  const flat = (index: State["index"]) =>
    JSON.stringify([
      pairs(index.deadlines),
      pairs(index.probeQueue),
      Vector.toArray(index.rankings).map(pairs),
      Vector.toArray(index.stalest).map(pairs),
      Vector.toArray(index.impostors).map(pairs),
      pairs(index.recency),
      pairs(index.slots.domains),
      pairs(index.slots.free),
      index.slots.demanded
    ])
  return flat(rebuilt) === flat(state.index)
}

function pairs(tree: Ordered.Ordered): ReadonlyArray<readonly [number, number]> {
  const all: Array<readonly [number, number]> = []
  Ordered.visit(tree, (key, id) => all.push([key, id]) > 0)
  return all
}
