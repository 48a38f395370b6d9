/**
 * Priors: what earlier runs knew of an upstream's addresses stands in for measurements until these addresses are
 * measured.
 *
 * - `HistoryLoaded` brings the records, once after the start. An upstream receives its records at that moment, when it
 *   is added, and when it is turned on.
 * - A record of a domain names a candidate (source `history`) if the resolver, or history itself, named it at that
 *   time. An address that only a list of the configuration named was dropped on purpose, and history does not bring it
 *   back.
 * - History stops naming a candidate when its record expires.
 * - A listed candidate without a sample gets its record as a prior. It is probed (or raced: race.ts) before all others.
 * - While no candidate serves, the upstream's clients go to the best priors (ladder.ts). These get warm sockets as
 *   members do (warm.ts). So the first clients after a restart reach the best address of the earlier run, soon by a
 *   warm socket.
 * - Each prior may serve for `history.serveFor`. After that it may serve only if it is younger than `scoreTtl` and was
 *   measured from the network where this machine is now. It ends with its record at the latest.
 * - How long the upstream lets an idle HTTP connection live is taken from the latest record, until this run sees it.
 * - A sample of any kind replaces the prior. A prior never puts a candidate into the set.
 *
 * A record from the future was written under a wrong clock. It counts as measured now.
 */
import * as Cost from "../candidate/cost.ts"
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import { historyMs, newest, recordsOf } from "../history.ts"
import type { Candidate, CandidateId, UpstreamId } from "../model/Candidate.ts"
import type { HistoryLoaded } from "../model/Event.ts"
import type { HistoryRecord, Prior } from "../model/History.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { markDirty, requestProbes } from "../requests.ts"
import type { UpstreamConfig } from "../model/Config.ts"
import * as Kept from "../upstream/kept.ts"
import * as Priors from "../upstream/priors.ts"
import * as Upstreams from "../upstreams.ts"
import { merge } from "../rules/roster.ts"

/** How many priors of each upstream may serve. The others only order the probes. */
const MOST_PRIORS = 16

export function history(state: State, step: Step): State {
  const { event } = step
  let next = event._tag === "HistoryLoaded" ? loaded(state, step, event) : state
  for (const { kind, id } of step.due) if (kind === "prior") next = review(next, step, id)
  if (event._tag === "WallRead") {
    for (const { id, priorsDueUs } of Upstreams.all(next)) if (priorsDueUs >= 0) next = review(next, step, id)
  }
  for (const { candidate } of step.samples) next = measured(next, step, candidate)
  return next
}

/** Gives each upstream that starts in this step what earlier runs knew, whichever reducer started it. */
export function recallStarted(state: State, step: Step, started: ReadonlySet<UpstreamId>): State {
  let next = state
  for (const id of started) next = remind(next, step, id)
  return next
}

function loaded(state: State, step: Step, event: HistoryLoaded): State {
  const wallMs = historyMs(state, step.at)
  const past = event.records.map((one) => one.measuredMs <= wallMs ? one : { ...one, measuredMs: wallMs })
  const records = newest(past, state.config.history.maxEntries)
  let next: State = { ...state, remembered: { records, network: event.network, wallMs, atUs: step.at } }
  for (const { id } of Upstreams.all(state)) if (Upstreams.isOn(next, id)) next = remind(next, step, id)
  return next
}

/**
 * Gives an upstream all records that concern it. Addresses that history named before and names no more lose this
 * source.
 */
export function remind(state: State, step: Step, id: UpstreamId): State {
  const before = Upstreams.find(state, id)
  if (before === undefined) return state
  const config = Upstreams.configOf(state, id)
  const records = state.config.sources.history && Upstreams.isOn(state, id) ? recordsOf(state, config) : []
  const upstream = withKept(before, config, records)
  const known = new Map<string, { readonly record: HistoryRecord; readonly prior: Prior }>()
  for (const record of records) {
    const prior = priorOf(state, step.at, id, record)
    if (prior.servesMs > 0) known.set(`${record.address} ${record.port}`, { record, prior })
  }
  if (known.size === 0 && upstream.priorsDueUs < 0) return state
  const named = [...known.values()].filter(({ record: { host, port, sources } }) =>
    host !== "" && port === config.port && (sources.includes("dns") || sources.includes("history"))
  )
  let next = merge(
    Upstreams.replace(state, before, upstream),
    step,
    id,
    "history",
    named.map(({ record: { address, port } }) => ({ host: address, port }))
  )
  // Candidates of an upstream on demand wait for its race.
  const isLive = Upstreams.isLive(state, id)
  const unmeasured: Array<Candidate> = []
  for (const one of (Upstreams.find(next, id) as Upstream).listed) {
    const candidate = Candidates.find(next, one) as Candidate
    const prior = known.get(`${candidate.host} ${candidate.port}`)?.prior
    if (prior === undefined) continue
    const waits = candidate.lastSampleAtUs < 0 && candidate.breaker.state === "closed"
    const after = Cost.recalled(waits && isLive ? Queue.urgent(candidate, step.at) : candidate, prior)
    next = Candidates.replace(next, candidate, after)
    if (waits) unmeasured.push(after)
  }
  unmeasured.sort((a, b) => (a.prior?.latencyMs ?? 0) - (b.prior?.latencyMs ?? 0) || a.id - b.id)
  const priors = unmeasured.slice(0, MOST_PRIORS).map((one) => one.id)
  markDirty(step, id)
  requestProbes(step)
  return review(changed(next, id, (upstream) => Priors.withPriors(upstream, priors)), step, id)
}

/** How long the upstream lets an idle connection live, as the latest record says. */
function withKept(upstream: Upstream, { port }: UpstreamConfig, records: ReadonlyArray<HistoryRecord>): Upstream {
  const told = records.filter((one) => one.port === port && one.keptMs !== undefined)
  const latest = told.sort((a, b) => b.measuredMs - a.measuredMs)[0]?.keptMs
  return latest === undefined ? upstream : Kept.recalled(upstream, latest)
}

/** How long a record counts from now on. */
function priorOf(state: State, atUs: number, id: UpstreamId, record: HistoryRecord): Prior {
  const { scoreTtlMs, staleForMs } = Upstreams.configOf(state, id)
  const nowMs = historyMs(state, atUs)
  const { latencyMs, measuredMs } = record
  const expiresMs = Math.min(record.expiresMs, measuredMs + staleForMs)
  const here = (record.network ?? "") === state.remembered.network
  const servesMs = Math.max(nowMs + state.config.history.serveForMs, here ? measuredMs + scoreTtlMs : 0)
  return { latencyMs, servesMs: expiresMs > nowMs ? Math.min(servesMs, expiresMs) : 0, expiresMs }
}

/** Ends priors and names that are over, and schedules the next look. */
function review(state: State, step: Step, id: UpstreamId): State {
  const upstream = Upstreams.find(state, id)
  if (upstream === undefined) return state
  const nowMs = historyMs(state, step.at)
  let dueMs = -1
  const lasts = (untilMs: number | undefined) => {
    if (untilMs === undefined || untilMs <= nowMs) return false
    if (dueMs < 0 || untilMs < dueMs) dueMs = untilMs
    return true
  }
  const priors = upstream.priors.filter((one) => lasts(Candidates.find(state, one)?.prior?.servesMs))
  const named = Candidates.among(state, upstream.listed).filter(({ sources }) => sources.includes("history"))
  const stay = named.filter(({ prior }) => lasts(prior?.expiresMs))
  const next = stay.length < named.length ? merge(state, step, id, "history", stay) : state
  const priorsDueUs = dueMs < 0 ? -1 : Math.ceil(step.at + (dueMs - nowMs) * 1000)
  const reviewed = changed(next, id, (one) => Priors.reviewAt(one, priorsDueUs))
  if (priors.length === upstream.priors.length) return reviewed
  markDirty(step, id)
  return changed(reviewed, id, (one) => Priors.withPriors(one, priors))
}

/** The candidate has a sample: from now on it is judged by that, and its prior serves no more. */
function measured(state: State, step: Step, one: CandidateId): State {
  const id = Candidates.find(state, one)?.upstream
  if (id === undefined || Upstreams.find(state, id)?.priors.includes(one) !== true) return state
  markDirty(step, id)
  return changed(state, id, (upstream) => Priors.without(upstream, one))
}

function changed(state: State, id: UpstreamId, change: (upstream: Upstream) => Upstream): State {
  const upstream = Upstreams.find(state, id) as Upstream
  return Upstreams.replace(state, upstream, change(upstream))
}
