/**
 * History: what earlier runs knew of addresses, and what this run leaves to the next one.
 *
 * - A record is a success: when the address was last measured, how fast it was, which source named it. Failures leave no
 *   record, and neither does a candidate that is shut out.
 * - A record lives for `staleFor`. If only history names a candidate, its record keeps the end that it had; otherwise no
 *   such candidate would ever leave.
 * - A record also says how long its upstream let an idle HTTP connection live, if that is known.
 * - The first answers of an address come while this process starts, and look late. So in the first sample window a run leaves
 *   the median of all answers, or what an earlier run measured from the same network if that is lower.
 * - At most `history.maxEntries` records are stored, those that were measured last. What this run knows of an address
 *   replaces what an earlier run knew.
 *
 * Names and addresses are only compared, never parsed or sorted. Ties stay in their order.
 */
import * as Candidates from "./candidates.ts"
import * as Cost from "./candidate/cost.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { HistoryRecord } from "./model/History.ts"
import type { State } from "./model/State.ts"
import * as Kept from "./upstream/kept.ts"
import * as Upstreams from "./upstreams.ts"

/**
 * Wall time for history. Loaded records age at least as fast as the monotonic clock: a clock that is set back makes no
 * record younger. A clock that jumps ahead (sleep) makes all records as old as it says.
 */
export function historyMs({ wall, remembered }: Pick<State, "wall" | "remembered">, atUs: number): number {
  const byWallMs = wall.ms + (atUs - wall.atUs) / 1000
  const steadyMs = remembered.wallMs + (atUs - remembered.atUs) / 1000
  return Math.floor(byWallMs > steadyMs ? byWallMs : steadyMs)
}

/** What earlier runs knew of the addresses of a domain at a port, the fastest first. */
export function recall(state: State, host: string, port: number): ReadonlyArray<HistoryRecord> {
  return unexpired(state, (record) => record.host === host && host !== "" && record.port === port)
}

/** The same for an upstream, by its domain; without a domain, by its name. */
export function recordsOf(state: State, { name, host }: UpstreamConfig): ReadonlyArray<HistoryRecord> {
  return unexpired(state, (record) => record.host === host && (host !== "" || record.upstream === name))
}

function unexpired(state: State, wanted: (record: HistoryRecord) => boolean): ReadonlyArray<HistoryRecord> {
  const nowMs = historyMs(state, state.at)
  const found = state.remembered.records.filter((record) => record.expiresMs > nowMs && wanted(record))
  return found.sort((a, b) => a.latencyMs - b.latencyMs)
}

/** What this run would leave if it ended now, the latest measurement first. `network`: where this machine is. */
export function historyOf(state: State, network: string = state.remembered.network): ReadonlyArray<HistoryRecord> {
  const { maxEntries } = state.config.history
  const nowMs = historyMs(state, state.at)
  const addresses = new Set(state.remembered.records.map(({ address }) => address))
  const known = new Set<string>()
  const measured: Array<Candidate> = []
  for (const chunk of state.candidates.chunks) {
    for (const candidate of chunk) {
      if (candidate === null || candidate.windowClosedAtUs < 0 && candidate.lastSampleAtUs < 0) continue
      const config = Candidates.configOf(state, candidate)
      if (addresses.has(candidate.host)) known.add(keyOf(placeOf(config, candidate)))
      if (!config.removed && isGood(candidate)) measured.push(candidate)
    }
  }
  const earlier = new Map(state.remembered.records.map((record) => [keyOf(record), record]))
  const fresh = latest(measured, maxEntries).map((one) => {
    const record = recordOf(state, Candidates.configOf(state, one), one, network)
    return Cost.isYoung(one) ? { ...record, latencyMs: atStart(one, earlier.get(keyOf(record)), network) } : record
  })
  const older = state.remembered.records.filter((record) => !known.has(keyOf(record)))
  return newest([...fresh, ...older].filter(({ expiresMs }) => expiresMs > nowMs), maxEntries)
}

/** Remembers what is known of candidates before their upstream goes. */
export function remember(state: State, config: UpstreamConfig, ids: ReadonlyArray<CandidateId>): State {
  const { remembered } = state
  const found = Candidates.among(state, ids).filter(isGood)
  if (found.length === 0) return state
  const records = found.map((one) => recordOf(state, config, one, remembered.network))
  const keys = new Set(records.map(keyOf))
  const addresses = new Set(records.map(({ address }) => address))
  // Names come and go all the time. The records that stay are in order already, so no sort keys are made for them.
  const others = remembered.records.filter((one) => !addresses.has(one.address) || !keys.has(keyOf(one)))
  const all = [...records, ...others].sort(laterFirst).slice(0, state.config.history.maxEntries)
  return { ...state, remembered: { ...remembered, records: all } }
}

/** The first record of each address; if there are too many, those that were measured last. */
export function newest(records: ReadonlyArray<HistoryRecord>, most: number): ReadonlyArray<HistoryRecord> {
  const byKey = new Map<string, HistoryRecord>()
  for (const record of records) if (!byKey.has(keyOf(record))) byKey.set(keyOf(record), record)
  return [...byKey.values()].sort(laterFirst).slice(0, most)
}

function laterFirst(a: HistoryRecord, b: HistoryRecord): number {
  return b.measuredMs - a.measuredMs
}

/** The state with at most as many records as are allowed. */
export function fitted(state: State): State {
  const { remembered, config: { history: { maxEntries } } } = state
  if (remembered.records.length <= maxEntries) return state
  return { ...state, remembered: { ...remembered, records: remembered.records.slice(0, maxEntries) } }
}

/** Whether it was measured, and no sign speaks against it. */
function isGood({ windowClosedAtUs, breaker }: Candidate): boolean {
  return windowClosedAtUs >= 0 && breaker.state === "closed"
}

/**
 * The candidates with the latest ends of sample windows. With ten thousand candidates a plain sort of their records would
 * take longer than a turn.
 */
function latest(candidates: ReadonlyArray<Candidate>, most: number): ReadonlyArray<Candidate> {
  if (candidates.length <= most) return candidates
  const moments = Float64Array.from(candidates, ({ windowClosedAtUs }) => windowClosedAtUs).sort()
  const leastUs = moments[candidates.length - most] as number
  const later = candidates.filter(({ windowClosedAtUs }) => windowClosedAtUs > leastUs)
  const same = candidates.filter(({ windowClosedAtUs }) => windowClosedAtUs === leastUs)
  return [...later, ...same.slice(0, most - later.length)]
}

function recordOf(state: State, config: UpstreamConfig, candidate: Candidate, network: string): HistoryRecord {
  const { sources, latency, windowClosedAtUs, prior } = candidate
  const measuredMs = Math.floor(state.wall.ms + (windowClosedAtUs - state.wall.atUs) / 1000)
  const upstream = Upstreams.find(state, candidate.upstream)
  const keptMs = upstream === undefined ? -1 : Kept.lifetimeMs(upstream)
  const byHistoryAlone = sources.length === 1 && sources[0] === "history" && prior !== null
  return {
    ...placeOf(config, candidate),
    sources,
    latencyMs: rounded(latency.value),
    measuredMs,
    expiresMs: byHistoryAlone ? prior.expiresMs : measuredMs + config.staleForMs,
    ...(network === "" ? {} : { network }),
    ...(keptMs < 0 ? {} : { keptMs })
  }
}

function atStart(candidate: Candidate, earlier: HistoryRecord | undefined, network: string): number {
  const ms = rounded(Cost.medianMs(candidate))
  return earlier !== undefined && (earlier.network ?? "") === network && earlier.latencyMs < ms ? earlier.latencyMs : ms
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function placeOf({ name, host }: UpstreamConfig, candidate: Candidate) {
  return { host, ...(host === "" ? { upstream: name } : {}), port: candidate.port, address: candidate.host }
}

type Place = Pick<HistoryRecord, "host" | "upstream" | "port" | "address">

function keyOf({ host, upstream, port, address }: Place): string {
  return `${host} ${upstream ?? ""} ${address} ${port}`
}
