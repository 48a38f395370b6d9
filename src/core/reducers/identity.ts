/**
 * Identity: whether a candidate is who its address says. Where an upstream has an `identity`, TCP's answer is not enough: anybody
 * on the way can give it, and faster than the real one.
 *
 * - The proof is one TLS handshake with the name as SNI and a certificate that is valid for it. A probe asks for it when the
 *   candidate was never asked, once a `scoreTtl` afterwards, and every time as long as it failed; fresh samples of other kinds
 *   do not replace such a probe. The score stays pure connect time. A client's dial can ask for it as well (`verify` of its plan).
 * - Only who is `verified` is admitted: to the set, to those outside it that serve, to warm sockets. Who is `unknown` (at the
 *   start, after the name or the trusted authorities changed, back on the list) is dialled on the ladder alone, and then proves it
 *   to the client's dial before it may serve. So does whoever the system's resolver names that is no candidate, and a spare of
 *   the fallback list, each time: nobody else would ask it.
 * - Who failed is in nobody's plan, and a member goes at once, whatever margin, hold and swaps say. `certificate` is the failure
 *   whatever went wrong once TCP was connected: a wrong certificate, no TLS, a reset, silence until the time is over. An impostor
 *   may just stall, and who cannot complete TLS in the time of a handshake is no use to a client either. It counts like any
 *   failure for success, penalty and breaker; a trial asks again.
 * - When everybody failed (a wrong clock, a captive portal, a TLS interception whose authority is not trusted), the ladder still asks
 *   whom the resolver names, and serves whoever proves it; else the client is reset. That is on purpose: there is no telling this
 *   case from an attack, and `probing.mode: tcp` or `caFile` is for whoever knows better. Facts tell who failed, and the ladder's
 *   reason is `certificate`.
 * - An upstream that is off has no opinion: nobody is asked, and what was known is forgotten (reducers/enabled.ts).
 */
import * as Identity from "../candidate/identity.ts"
import * as Candidates from "../candidates.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { decide, markDirty } from "../requests.ts"

export function identity(state: State, step: Step): State {
  let next = state
  for (const { candidate: id, failure, verified } of step.samples) {
    const candidate = Candidates.find(next, id)
    if (candidate === undefined || candidate.identity.state === "unchecked" || !Candidates.isListed(candidate)) continue
    if ((failure !== "certificate" && !verified) || wasAskedBefore(next, step, candidate)) continue
    next = failure === "certificate" ? failed(next, step, candidate) : proven(next, step, candidate)
  }
  return next
}

/** Asked before something else was to be proven: that answer says nothing any more. A client's dial began within its deadline. */
function wasAskedBefore(state: State, { at, event }: Step, candidate: Candidate): boolean {
  const { deadlineMs } = Candidates.configOf(state, candidate).dial
  const sinceUs = "probe" in event ? candidate.probedAtUs : at - (event._tag === "Raced" ? event.tookUs : deadlineMs * 1000)
  return candidate.identity.dueUs >= 0 && sinceUs < candidate.identity.dueUs
}

function failed(state: State, step: Step, candidate: Candidate): State {
  if (candidate.identity.state !== "failed") {
    decide(step, { _tag: "IdentityFailed", upstream: candidate.upstream, candidate: candidate.id })
  }
  return settled(state, step, candidate, Identity.failed(candidate, step.at))
}

function proven(state: State, step: Step, candidate: Candidate): State {
  if (candidate.identity.state === "failed") {
    decide(step, { _tag: "IdentityProven", upstream: candidate.upstream, candidate: candidate.id })
  }
  const dueUs = step.at + Candidates.configOf(state, candidate).scoreTtlMs * 1000
  return settled(state, step, candidate, Identity.verified(candidate, step.at, dueUs))
}

function settled(state: State, step: Step, candidate: Candidate, after: Candidate): State {
  if (after.identity.state !== candidate.identity.state) markDirty(step, candidate.upstream)
  return Candidates.replace(state, candidate, after)
}
