/** Another proof of identity: the candidates of an upstream must prove another name or authority. */
import * as Checkpoint from "../candidate/checkpoint.ts"
import * as Identity from "../candidate/identity.ts"
import * as Queue from "../candidate/queue.ts"
import * as Candidates from "../candidates.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { Identity as Wanted } from "../model/Config.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import * as Upstreams from "../upstreams.ts"

/**
 * Wants another proof from now on. No candidate has given it yet. Each candidate that may be probed is probed, the
 * members first. An upstream that no client uses gets the proof in its next race.
 */
export function askedAnew(state: State, step: Step, upstream: Upstream, wanted: Wanted | null): State {
  const { id, members, listed, fallback, left } = upstream
  const asks = wanted !== null && Upstreams.isLive(state, id)
  let next = state
  for (const one of [...listed, ...fallback, ...left]) {
    const candidate = Candidates.find(next, one) as Candidate
    const asked = Checkpoint.withIdentity(Identity.wanted(candidate, wanted, step.at))
    const waits = asks && Candidates.isListed(candidate) && candidate.breaker.state === "closed" && candidate.probe === 0
    const queue = members.includes(one) ? "urgent" : "backlog"
    next = Candidates.replace(next, candidate, waits ? Queue.queued(asked, queue, step.at) : asked)
  }
  return next
}
