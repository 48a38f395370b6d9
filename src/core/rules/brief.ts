/**
 * Short tries: probes wait only briefly where more addresses wait than can be probed at once.
 *
 * A dead address holds its place in the budget for `timeout`: with 1,024 addresses and two alive, the last is reached
 * after two minutes. So a candidate without a sample is waited for 250 ms first, and twice as long with each further
 * try, up to `timeout`. This concerns a list that is longer than `maxParallel`, and every list while more than four
 * times `maxParallel` wait.
 *
 * - Silence in a short try is no sample: the wait was too short to prove a failure. The candidate counts as tried.
 * - Such a candidate goes behind all candidates that were not tried yet. It is tried again as soon as the budget
 *   allows, while fewer candidates have answered than the set is large. After that it waits for its turn among the
 *   stalest: it is farther away than the candidates that serve.
 */
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import * as Ordered from "../data/Ordered.ts"
import * as Vector from "../data/Vector.ts"
import { backoffMs } from "../math/backoff.ts"
import type { Candidate, Endpoint } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { requestRoutes } from "../requests.ts"
import { LATENCIES } from "../slowHandshake.ts"
import * as Lists from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"

const FIRST_MS = 250
/** A queue is long when so many times `maxParallel` candidates wait. */
const LONG_QUEUE = 4

/** How long a probe of this candidate waits for an answer. */
export function probeMs(state: State, candidate: Candidate): number {
  const { timeoutMs } = Candidates.configOf(state, candidate).probing
  const { maxParallel } = state.config.probing
  const listed = Upstreams.find(state, candidate.upstream)?.listed.length ?? 0
  const isLong = listed > maxParallel || Ordered.size(state.index.probeQueue) > LONG_QUEUE * maxParallel
  if (!isLong || candidate.lastSampleAtUs >= 0) return timeoutMs
  const expectedMs = LATENCIES * (candidate.prior?.latencyMs ?? 0)
  const briefMs = backoffMs(candidate.briefs, FIRST_MS, timeoutMs)
  return Math.min(timeoutMs, Math.ceil(briefMs > expectedMs ? briefMs : expectedMs))
}

/** Counts one more short try without an answer. */
export function triedInVain(state: State, step: Step, id: Endpoint): State {
  const candidate = Candidates.find(state, id)
  const upstream = candidate === undefined ? undefined : Upstreams.find(state, candidate.upstream)
  if (candidate === undefined || upstream === undefined || candidate.lastSampleAtUs >= 0) return state
  let next = state
  if (Candidates.isUntried(candidate) && Candidates.isListed(candidate)) {
    const after = Lists.tried(upstream)
    if (after.untried === 0) requestRoutes(step, upstream.id)
    next = Upstreams.replace(next, upstream, after)
  }
  const tried = Queue.triedBriefly(candidate)
  return Candidates.replace(next, candidate, waits(next, tried) ? Queue.queued(tried, "backlog", step.at) : tried)
}

function waits(state: State, candidate: Candidate): boolean {
  const { upstream: id, probe, queue, breaker } = candidate
  if (queue === "backlog") return true
  const found = Ordered.size(Vector.get(state.index.rankings, id) ?? null)
  return queue === "none" && probe === 0 && found < Upstreams.configOf(state, id).selector.activeSetSize
    && breaker.state === "closed" && Candidates.isListed(candidate) && Upstreams.isProbed(state, id)
}
