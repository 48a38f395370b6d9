/**
 * History: what is known of addresses from earlier runs, and what this run leaves to the next one.
 *
 * - A record is a success: when it was measured last, how fast it was, who named it. There are none of failures, and of
 *   a candidate that is shut out there is none.
 * - It lives for `staleFor`; that of a candidate which history alone names keeps the end it had, or nobody would ever leave.
 * - At most `history.maxEntries` are kept: those that were measured last. What this run knows of an address goes before
 *   what an earlier one knew.
 *
 * Names and addresses are compared, never looked into or ordered by: ties stay as they came.
 */
import * as Candidates from "./candidates.ts"
import type { Candidate, CandidateId } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { HistoryRecord } from "./model/History.ts"
import type { State } from "./model/State.ts"

/**
 * Wall time as history counts it: what was loaded ages at least as fast as the monotonic clock, so a clock that is set back
 * makes nothing young again, and one that jumps ahead (a sleep) makes everything as old as it says.
 */
export function historyMs({ wall, remembered }: Pick<State, "wall" | "remembered">, atUs: number): number {
  const byWallMs = wall.ms + (atUs - wall.atUs) / 1000
  const steadyMs = remembered.wallMs + (atUs - remembered.atUs) / 1000
  return Math.floor(byWallMs > steadyMs ? byWallMs : steadyMs)
}

/** What earlier runs knew of a domain's addresses at a port, the fastest first. */
export function recall(state: State, host: string, port: number): ReadonlyArray<HistoryRecord> {
  return unexpired(state, (record) => record.host === host && host !== "" && record.port === port)
}

/** The same for an upstream; of its domain or, without one, of its name. */
export function recordsOf(state: State, { name, host }: UpstreamConfig): ReadonlyArray<HistoryRecord> {
  return unexpired(state, (record) => record.host === host && (host !== "" || record.upstream === name))
}

function unexpired(state: State, wanted: (record: HistoryRecord) => boolean): ReadonlyArray<HistoryRecord> {
  const nowMs = historyMs(state, state.at)
  const found = state.remembered.records.filter((record) => record.expiresMs > nowMs && wanted(record))
  return found.sort((a, b) => a.latencyMs - b.latencyMs)
}

/** What this run would leave if it ended now, the latest measured first. `network`: where it is. */
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
  const fresh = latest(measured, maxEntries).map((one) => recordOf(state, Candidates.configOf(state, one), one, network))
  const older = state.remembered.records.filter((record) => !known.has(keyOf(record)))
  return newest([...fresh, ...older].filter(({ expiresMs }) => expiresMs > nowMs), maxEntries)
}

/** Keeps what is known of candidates whose upstream is about to go. */
export function remember(state: State, config: UpstreamConfig, ids: ReadonlyArray<CandidateId>): State {
  const { remembered } = state
  const found = Candidates.among(state, ids).filter(isGood)
  if (found.length === 0) return state
  const records = found.map((one) => recordOf(state, config, one, remembered.network))
  const keys = new Set(records.map(keyOf))
  const addresses = new Set(records.map(({ address }) => address))
  // Names come and go all the time: of those that stay no key is made, and they stand in order already.
  const others = remembered.records.filter((one) => !addresses.has(one.address) || !keys.has(keyOf(one)))
  const all = [...records, ...others].sort(laterFirst).slice(0, state.config.history.maxEntries)
  return { ...state, remembered: { ...remembered, records: all } }
}

/** One for each address, the first that comes; of too many those that were measured last. */
export function newest(records: ReadonlyArray<HistoryRecord>, most: number): ReadonlyArray<HistoryRecord> {
  const byKey = new Map<string, HistoryRecord>()
  for (const record of records) if (!byKey.has(keyOf(record))) byKey.set(keyOf(record), record)
  return [...byKey.values()].sort(laterFirst).slice(0, most)
}

function laterFirst(a: HistoryRecord, b: HistoryRecord): number {
  return b.measuredMs - a.measuredMs
}

/** The state with no more records than may be kept. */
export function fitted(state: State): State {
  const { remembered, config: { history: { maxEntries } } } = state
  if (remembered.records.length <= maxEntries) return state
  return { ...state, remembered: { ...remembered, records: remembered.records.slice(0, maxEntries) } }
}

/** Measured, and nothing speaks against it. */
function isGood({ windowClosedAtUs, breaker }: Candidate): boolean {
  return windowClosedAtUs >= 0 && breaker.state === "closed"
}

/** Those with the latest entries. A plain sort of records would take longer than a turn where there are ten thousand. */
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
  const byHistoryAlone = sources.length === 1 && sources[0] === "history" && prior !== null
  return {
    ...placeOf(config, candidate),
    sources,
    latencyMs: Math.round(latency.value * 1000) / 1000,
    measuredMs,
    expiresMs: byHistoryAlone ? prior.expiresMs : measuredMs + config.staleForMs,
    ...(network === "" ? {} : { network })
  }
}

function placeOf({ name, host }: UpstreamConfig, candidate: Candidate) {
  return { host, ...(host === "" ? { upstream: name } : {}), port: candidate.port, address: candidate.host }
}

type Place = Pick<HistoryRecord, "host" | "upstream" | "port" | "address">

function keyOf({ host, upstream, port, address }: Place): string {
  return `${host} ${upstream ?? ""} ${address} ${port}`
}
