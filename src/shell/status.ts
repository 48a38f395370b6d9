/** The state of a running service as plain data for `/status`. Moments are wall time in ISO 8601; null: there is none. */
import * as Candidates from "../core/candidates.ts"
import * as Ordered from "../core/data/Ordered.ts"
import * as Vector from "../core/data/Vector.ts"
import { successRate } from "../core/candidate/blame.ts"
import type { Candidate, CandidateId } from "../core/model/Candidate.ts"
import type { State } from "../core/model/State.ts"
import type { Upstream } from "../core/model/Upstream.ts"
import { scoreOf } from "../core/candidate/cost.ts"
import * as Upstreams from "../core/upstreams.ts"
import type { ListenerStatus } from "../plane/ports/ListenerStatus.ts"
import type { LatencyCourse } from "./LatencyCourse.ts"
import type { NameTrouble, NameTroubles } from "./NameTroubles.ts"
import type { PoolTakes } from "./PoolTakes.ts"
import type { Addresses } from "./privacy.ts"
import { endpointText } from "../core/endpointText.ts"
import { shownAddress } from "./privacy.ts"
import type { RecordStatus } from "./Recorder.ts"
import type { TlsStageCounts } from "./TlsStageCounts.ts"
import { tlsStagesOf } from "./tlsStatus.ts"
import { wallTime } from "./wallTime.ts"

export interface Seen {
  /** It is immutable, so readers can take it in slices, and all slices show one moment. */
  readonly state: State
  readonly nowUs: number
  readonly restarts: number
  readonly listeners: ReadonlyArray<ListenerStatus>
  readonly record: RecordStatus
  readonly names: Pick<NameTroubles, "of">
  /** Undefined: the takes of warm sockets are not counted. */
  readonly takes?: PoolTakes["Service"]
  /** Undefined: the TLS connections of programs are not counted. */
  readonly tls?: TlsStageCounts["Service"]
  /** Undefined: past latencies are not kept. */
  readonly course?: LatencyCourse["Service"]
}

export interface StatusOptions {
  readonly addresses: Addresses
  /** Shown candidates of each upstream at most: the set first, then by cost, then in the order of the list. */
  readonly candidates: number
  /** The names of the shown upstreams; undefined: all. */
  readonly upstreams?: ReadonlySet<string> | undefined
  /** Whether each candidate shows the recent course of its latency. */
  readonly courses?: boolean
}

export type Status = ReturnType<typeof statusOf>

export function statusOf(seen: Seen, options: StatusOptions) {
  const { state } = seen
  return {
    ...headOf(seen),
    upstreams: shownUpstreams(state, options).map((upstream) => ({
      ...upstreamHead(seen, upstream),
      candidates: shownOf(state, upstream, options.candidates).map((id) => candidateOf(seen, upstream, id, options))
    }))
  }
}

/** Number of candidates in one piece of text. */
const SLICE = 64

/** The JSON of `statusOf` in pieces. Each piece costs little, for a list of any length. */
export function* statusText(seen: Seen, options: StatusOptions): Generator<string> {
  const { state } = seen
  yield `${JSON.stringify(headOf(seen)).slice(0, -1)},"upstreams":[`
  for (const [i, upstream] of shownUpstreams(state, options).entries()) {
    yield `${i === 0 ? "" : ","}${JSON.stringify(upstreamHead(seen, upstream)).slice(0, -1)},"candidates":[`
    const shown = shownOf(state, upstream, options.candidates)
    for (let from = 0; from < shown.length; from += SLICE) {
      const slice = shown.slice(from, from + SLICE).map((id) => candidateOf(seen, upstream, id, options))
      yield `${from === 0 ? "" : ","}${JSON.stringify(slice).slice(1, -1)}`
    }
    yield "]}"
  }
  yield "]}"
}

/** Without slots of upstreams that are not configured any more. */
function shownUpstreams(state: State, { upstreams: wanted }: StatusOptions): ReadonlyArray<Upstream> {
  return Vector.toArray(state.upstreams).filter(({ id, name }) =>
    wanted?.has(name) !== false && !Upstreams.configOf(state, id).removed
  )
}

function headOf({ state, nowUs, restarts, listeners, record }: Seen) {
  return {
    enabled: Upstreams.isEnabled(state),
    override: state.override,
    autoDisabledUntil: wallTime(state, state.autoDisable.untilUs),
    outage: outageOf(state, nowUs),
    uptimeSeconds: Math.floor(nowUs / 1_000_000),
    restarts,
    record,
    listeners: listeners.map(({ listen, ...rest }) => ({ ...rest, listen: endpointText(listen) }))
  }
}

/** Whether this machine's own network is down. */
function outageOf({ outage: { sinceUs, reason } }: State, nowUs: number) {
  return sinceUs < 0 ? null : { sinceSeconds: Math.floor((nowUs - sinceUs) / 1_000_000), reason }
}

function upstreamHead({ state, nowUs, names, takes, tls }: Seen, upstream: Upstream) {
  const { name, host, port } = Upstreams.configOf(state, upstream.id)
  return {
    name,
    host: host === "" ? null : host,
    port,
    dns: troubleOf(state, names.of(host)),
    state: state.routes.upstreams[upstream.id]?.state ?? "unranked",
    commonCause: commonCauseOf(upstream, nowUs),
    selectedAt: wallTime(state, upstream.selectedAtUs),
    expiresAt: wallTime(state, expiresAtUs(state, upstream)),
    candidateCount: known(upstream).length,
    shutCount: upstream.shut,
    pool: { warm: warmOf(state, upstream), ...(takes?.of(state, upstream.id) ?? { hits: null, misses: null }) },
    tlsStages: tlsStagesOf(state, upstream, tls)
  }
}

/** Since when all candidates that could serve fail together, so that no failure counts against one of them; null: they do not. */
function commonCauseOf({ trouble }: Upstream, nowUs: number) {
  if (trouble === null || trouble.commonAtUs < 0) return null
  return { sinceSeconds: Math.floor((nowUs - trouble.sinceUs) / 1_000_000) }
}

/** Warm sockets that wait for clients now. */
function warmOf(state: State, { warmPools }: Upstream): number {
  return warmPools.reduce((sum, id) => sum + (Candidates.find(state, id)?.warm.ready.length ?? 0), 0)
}

/** What is wrong with its name; null: nothing, or it has no name. */
function troubleOf(state: State, trouble: NameTrouble | undefined) {
  if (trouble === undefined) return null
  const { reason, sinceUs, lastUs, times } = trouble
  return { reason, since: wallTime(state, sinceUs), lastAt: wallTime(state, lastUs), times }
}

/** When the last of its members expires if no sample comes until then. */
function expiresAtUs(state: State, { members }: Upstream): number {
  return members.reduce((latest, id) => Math.max(latest, Candidates.find(state, id)?.expireDueUs ?? -1), -1)
}

export function shownOf(state: State, upstream: Upstream, most: number): ReadonlyArray<CandidateId> {
  const shown = new Set<CandidateId>()
  const show = (id: CandidateId) => {
    if (shown.size < most) shown.add(id)
    return shown.size < most
  }
  for (const id of upstream.members) show(id)
  Ordered.visit(Vector.get(state.index.rankings, upstream.id) ?? Ordered.empty, (_cost, id) => show(id))
  for (const id of known(upstream)) if (!show(id)) break
  return [...shown]
}

/** The list, then the spares: candidates that only the fallback list names. */
function known({ listed, fallback }: Upstream): ReadonlyArray<CandidateId> {
  if (fallback.length === 0) return listed
  const already = new Set(listed)
  return [...listed, ...fallback.filter((id) => !already.has(id))]
}

function candidateOf(seen: Seen, upstream: Upstream, id: CandidateId, { addresses, courses }: StatusOptions) {
  const { state } = seen
  const candidate = Candidates.find(state, id) as Candidate
  const { scoring } = Upstreams.configOf(state, upstream.id)
  const measured = candidate.costMs >= 0
  const costMs = measured ? candidate.costMs : scoring.neutralMs
  return {
    id: Candidates.labelOf(state, candidate.id),
    address: shownAddress(candidate, addresses),
    sources: candidate.sources,
    score: round(scoreOf(costMs, scoring.referenceMs)),
    costMs: measured ? round(candidate.costMs) : null,
    latencyMs: candidate.latency.atUs < 0 ? null : round(candidate.latency.value),
    jitterMs: candidate.jitter.atUs < 0 ? null : round(candidate.jitter.value),
    successRate: round(successRate(candidate, scoring, state.at)),
    breaker: candidate.breaker.state,
    suspect: Candidates.isSuspect(candidate),
    active: upstream.members.includes(candidate.id),
    warm: candidate.warm.ready.length,
    warmWithheld: candidate.relief.phase === "withheld" ? candidate.relief.reason : null,
    connections: Candidates.connectionsOf(candidate),
    lastSampleAt: wallTime(state, candidate.lastSampleAtUs),
    identity: candidate.identity.state,
    ...(courses === true ? { course: courseOf(seen, id) } : {})
  }
}

/** Points of the recent course: how many seconds ago, and the latency in ms. */
function courseOf({ nowUs, course }: Seen, id: CandidateId): ReadonlyArray<readonly [number, number]> {
  return (course?.of(id) ?? []).map(([atUs, latencyMs]) => [Math.round((nowUs - atUs) / 1_000_000), round(latencyMs)])
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
