/**
 * Standing: whether a candidate is listed, a spare, or has left, by the sources that name it.
 *
 * - A candidate with only the source `fallback` is a spare. Clients on that rung of the ladder dial it. It has no probe,
 *   warm socket, breaker, or place in the set.
 * - A candidate without a source has left: it gets no new client, probe or warm socket. Its sessions continue.
 * - Its breaker stays as it was. A candidate that returns while it is shut waits for its trial, which is due as before,
 *   or at once if that time has passed.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Identity from "../candidate/identity.ts"
import * as Lifetime from "../candidate/lifetime.ts"
import * as Queue from "../candidate/queue.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import { unjudged } from "../candidate/unjudged.ts"
import * as Candidates from "../candidates.ts"
import { AT_ONCE_US } from "../deadline.ts"
import type { Candidate, CandidateId, Source, UpstreamId } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import * as Lists from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"

export interface Moved {
  readonly before: Candidate
  readonly after: Candidate
}

export function idOf({ after }: Moved): CandidateId {
  return after.id
}

/** Gives a source or takes it away. `moved` gets the candidate if it became listed, a spare or departed by that. */
export function resource(
  state: State,
  step: Step,
  id: CandidateId,
  source: Source,
  has: boolean,
  moved: Array<Moved>
): State {
  const before = Candidates.find(state, id) as Candidate
  if (before.sources.includes(source) === has) return state
  const same = Lifetime.named(before, source, has)
  if (standing(same) === standing(before)) return Candidates.replace(state, before, same)
  const after = settled(state, step, before, same)
  moved.push({ before, after })
  return Candidates.replace(state, before, after)
}

function standing(candidate: Candidate): "listed" | "spare" | "left" {
  return Candidates.isListed(candidate) ? "listed" : candidate.sources.length > 0 ? "spare" : "left"
}

/** The candidate in its new standing. One that is listed no more has its breaker and suspicions settled. */
function settled(state: State, step: Step, before: Candidate, known: Candidate): Candidate {
  // A candidate that is not listed is not checked: when it returns, it proves its identity anew.
  const same = Identity.forgotten(known)
  const { upstream, breaker } = same
  if (standing(same) === "listed") {
    const back = Lifetime.forgetDue(same, -1)
    if (!Upstreams.isOn(state, upstream)) return unjudged(back)
    const waits = Upstreams.isPreheated(state, upstream) && same.probe === 0 && breaker.state === "closed"
    return Suspicion.watched(waits ? Queue.queued(back, "backlog", step.at) : back)
  }
  const { staleForMs, removed } = Upstreams.configOf(state, upstream)
  const leaves = standing(same) === "left"
  const gone = Lifetime.forgetDue(same, leaves ? step.at + (removed ? AT_ONCE_US : staleForMs * 1000) : -1)
  if (standing(before) !== "listed") return gone
  return Queue.dequeued(Suspicion.unsuspected(Breaker.untried(gone, step.at)))
}

/** Changes the upstream's lists, for all candidates at once: otherwise each would copy a list. */
export function relist(state: State, id: UpstreamId, moved: ReadonlyArray<Moved>): State {
  if (moved.length === 0) return state
  const upstream = Upstreams.find(state, id) as Upstream
  const ids = new Set(moved.map(idOf))
  const stay = (one: CandidateId) => !ids.has(one)
  const now = (is: ReturnType<typeof standing>) => moved.filter(({ after }) => standing(after) === is).map(idOf)
  let { unsampled, untried, shut } = upstream
  for (const { before, after } of moved) {
    for (const [one, sign] of [[before, -1], [after, 1]] as const) {
      if (!Candidates.isListed(one)) continue
      if (one.lastSampleAtUs < 0) unsampled += sign
      if (Candidates.isUntried(one)) untried += sign
      if (one.breaker.state !== "closed") shut += sign
    }
  }
  const listed = [...upstream.listed.filter(stay), ...now("listed")]
  const left = [...upstream.left.filter(stay), ...now("left")]
  return Upstreams.replace(state, upstream, Lists.relisted(upstream, { listed, left, unsampled, untried, shut }))
}
