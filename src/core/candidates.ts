/**
 * Reading and replacing candidates. A candidate changes only through `replace`. It updates the derived index (ranking,
 * queue, stalest, deadlines) together with the record, so no reducer can forget a part of it.
 */
import * as Ordered from "./data/Ordered.ts"
import * as Vector from "./data/Vector.ts"
import { reschedule } from "./deadline.ts"
import { isVouched } from "./candidate/identity.ts"
import type { Candidate, CandidateId, CandidateRef, UpstreamId } from "./model/Candidate.ts"
import { SLOTS } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { Index, State } from "./model/State.ts"
import { ON_DEMAND } from "./domain.ts"

/** Candidates in the backlog sort behind all urgent ones: 2^52 µs is 142 years. */
const BACKLOG = 2 ** 52

/** The candidate with this id; undefined: it is gone, even if another candidate took its number, or no candidate is meant. */
export function find(state: State, id: CandidateRef | undefined): Candidate | undefined {
  if (typeof id !== "number") return undefined
  const found = Vector.get(state.candidates, id % SLOTS)
  return found !== null && found !== undefined && found.id === id ? found : undefined
}

/** The candidates with these ids that still exist, in the same order. */
export function among(state: State, ids: Iterable<CandidateRef>): Array<Candidate> {
  return [...ids].map((id) => find(state, id)).filter((one) => one !== undefined)
}

/** The configuration of the candidate's upstream. */
export function configOf(state: State, candidate: Candidate): UpstreamConfig {
  return state.config.upstreams[candidate.upstream] as UpstreamConfig
}

/** Replaces `before` by `after` (same id) and updates the index. */
export function replace(state: State, before: Candidate, after: Candidate): State {
  if (before === after) return state
  const index = reindex(state.index, before, after)
  return { ...state, candidates: Vector.set(state.candidates, after.id % SLOTS, after), index }
}

/**
 * Replaces every candidate for which `change` returns another record. It visits all candidates, so it is for rare events
 * such as a crash.
 */
export function replaceAll(state: State, change: (candidate: Candidate) => Candidate): State {
  let next = state
  for (const candidate of Vector.toArray(state.candidates)) {
    if (candidate !== null) next = replace(next, candidate, change(candidate))
  }
  return next
}

/**
 * Visits the ranked candidates of an upstream (measured, and allowed to serve), the cheapest first, until `each` returns
 * false.
 */
export function visitRanked(state: State, upstream: UpstreamId, each: (id: CandidateId) => boolean): void {
  Ordered.visit(Vector.get(state.index.rankings, upstream) ?? null, (_cost, id) => each(id))
}

/** How many candidates of an upstream are ranked. */
export function rankedOf(state: State, upstream: UpstreamId): number {
  return Ordered.size(Vector.get(state.index.rankings, upstream) ?? null)
}

/** How many candidates of an upstream failed their proof of identity. */
export function impostorsOf(state: State, upstream: UpstreamId): number {
  return Ordered.size(Vector.get(state.index.impostors, upstream) ?? null)
}

/**
 * The stable name of a candidate in facts, labels and verdicts: `web#3`; for an on-demand upstream `on-demand#` and the id.
 */
export function labelOf(state: State, id: CandidateRef): string {
  const candidate = find(state, id)
  if (candidate === undefined) return `#${id}`
  const { name, onDemand } = configOf(state, candidate)
  return onDemand ? `${ON_DEMAND}#${id}` : `${name}#${candidate.ordinal}`
}

/** Whether any source but the fallback list names it. A candidate that only the fallback list names is a spare. */
export function isListed({ sources }: Candidate): boolean {
  return sources.length > 1 || (sources.length === 1 && sources[0] !== "fallback")
}

/** Whether the candidate has no sample, and no short try either. */
export function isUntried({ lastSampleAtUs, briefs }: Candidate): boolean {
  return lastSampleAtUs < 0 && briefs === 0
}

/** Whether new clients should go to another candidate, if there is one. */
export function isSuspect(candidate: Candidate): boolean {
  return candidate.suspicion.pending || candidate.suspicion.session
}

/** Whether the candidate gets no warm sockets now, because they would stand in the way of clients. */
export function isWithheld({ relief: { phase } }: Candidate): boolean {
  return phase === "relieved" || phase === "withheld"
}

/** Connections through the candidate, summed over all workers. */
export function connectionsOf(candidate: Candidate): number {
  let sum = 0
  for (const count of candidate.connections) sum += count
  return sum
}

/** The index after a change of one candidate. `null` means absent, so joining and leaving use the same arithmetic. */
export function reindex(index: Index, before: Candidate | null, after: Candidate | null): Index {
  const one = (after ?? before) as Candidate
  const deadlines = rescheduleAll(index.deadlines, one.id, before, after)
  const rankings = moved(index.rankings, one, rankingKey(before), rankingKey(after))
  const stalest = moved(index.stalest, one, stalenessKey(before), stalenessKey(after))
  const impostors = moved(index.impostors, one, impostorKey(before), impostorKey(after))
  const was = queueKey(before)
  const is = queueKey(after)
  const probeQueue = was === is ? index.probeQueue : Ordered.shifted(index.probeQueue, one.id, was, is)
  return deadlines === index.deadlines && rankings === index.rankings && stalest === index.stalest
      && probeQueue === index.probeQueue && impostors === index.impostors
    ? index
    : { ...index, deadlines, rankings, stalest, probeQueue, impostors }
}

/** A section that is the same object has the same deadlines. Most changes touch one section. */
function rescheduleAll(
  before: Ordered.Ordered,
  id: CandidateId,
  was: Candidate | null,
  is: Candidate | null
): Ordered.Ordered {
  let deadlines = reschedule(before, "expire", id, was?.expireDueUs, is?.expireDueUs)
  deadlines = reschedule(deadlines, "window", id, was?.windowDueUs, is?.windowDueUs)
  deadlines = reschedule(deadlines, "fade", id, was?.fadeDueUs, is?.fadeDueUs)
  deadlines = reschedule(deadlines, "forget", id, was?.forgetDueUs, is?.forgetDueUs)
  // A candidate that left has no trials and does not ramp up. Both go on when it comes back.
  if (was?.breaker !== is?.breaker || was?.sources !== is?.sources) {
    const before = was !== null && isListed(was) ? was.breaker : undefined
    const after = is !== null && isListed(is) ? is.breaker : undefined
    deadlines = reschedule(deadlines, "trial", id, before?.trialDueUs, after?.trialDueUs)
    deadlines = reschedule(deadlines, "ramp", id, before?.rampDueUs, after?.rampDueUs)
  }
  if (was?.suspicion !== is?.suspicion) {
    const before = was?.suspicion
    const after = is?.suspicion
    deadlines = reschedule(deadlines, "pending", id, before?.pendingDueUs, after?.pendingDueUs)
    deadlines = reschedule(deadlines, "silent", id, before?.silentDueUs, after?.silentDueUs)
    deadlines = reschedule(deadlines, "lapse", id, before?.lapseDueUs, after?.lapseDueUs)
  }
  deadlines = reschedule(deadlines, "relief", id, was?.relief.dueUs, is?.relief.dueUs)
  if (was?.warm !== is?.warm) {
    const before = was?.warm
    const after = is?.warm
    deadlines = reschedule(deadlines, "refill", id, before?.refillDueUs, after?.refillDueUs)
    deadlines = reschedule(deadlines, "idle", id, before?.idleDueUs, after?.idleDueUs)
  }
  return deadlines
}

function moved(
  trees: Vector.Vector<Ordered.Ordered>,
  candidate: Candidate,
  was: number | undefined,
  is: number | undefined
): Vector.Vector<Ordered.Ordered> {
  if (was === is) return trees
  const tree = Vector.get(trees, candidate.upstream) ?? null
  return Vector.set(trees, candidate.upstream, Ordered.shifted(tree, candidate.id, was, is))
}

function rankingKey(candidate: Candidate | null): number | undefined {
  if (candidate === null || candidate.costMs < 0 || !isListed(candidate)) return undefined
  // Cheap candidates that are shut out or unproven must not hide a good one from a reader that looks at the first few.
  return candidate.breaker.state === "closed" && isVouched(candidate) ? candidate.costMs : undefined
}

function impostorKey(candidate: Candidate | null): number | undefined {
  return candidate !== null && candidate.identity.state === "failed" && isListed(candidate)
    ? candidate.identity.atUs
    : undefined
}

function stalenessKey(candidate: Candidate | null): number | undefined {
  if (candidate === null || candidate.queue !== "none" || candidate.probe !== 0 || !isListed(candidate)) return undefined
  // While the breaker is open, the candidate gets trials and no other probe.
  if (candidate.breaker.state !== "closed") return undefined
  return candidate.probedAtUs > candidate.lastSampleAtUs ? candidate.probedAtUs : candidate.lastSampleAtUs
}

function queueKey(candidate: Candidate | null): number | undefined {
  if (candidate === null || candidate.queue === "none") return undefined
  return candidate.queue === "urgent" ? candidate.queuedAtUs : candidate.queuedAtUs + BACKLOG
}
