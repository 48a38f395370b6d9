/**
 * Identity: whether a candidate really is the upstream that its address stands for. Where an upstream has an
 * `identity`, an answer of TCP is not enough: any machine on the way can give one, and faster than the real upstream.
 *
 * The proof:
 * - It is one TLS handshake with the name as SNI and a certificate that is valid for this name.
 * - A probe checks the identity when no check came before, then once in each `scoreTtl`, and each time while the last
 *   check failed. Fresh samples of other kinds do not replace such a probe.
 * - A client's dial can check it as well (`verify` of its plan).
 * - A program's own TLS can refute it at any time (`TlsTried`).
 * - The score stays pure connect time.
 *
 * The states:
 * - Only a `verified` candidate may be a member, serve outside the set, or have warm sockets.
 * - A candidate is `unknown` at the start, when it returns to the list, and after the name or the trusted authorities
 *   changed. Clients dial it on the ladder alone, and their dial must see the proof before it may serve.
 * - An address from the system's resolver that is no candidate, and a spare of the fallback list, must give the proof
 *   to each dial: no probe checks them.
 * - A candidate that failed is in no dial plan. A failed member leaves the set at once, whatever margin, hold and swaps
 *   say.
 *
 * Failures:
 * - After TCP has connected, each failure is a `certificate` failure: a wrong certificate, no TLS, a reset, or silence
 *   until the time is over. An impostor may simply stall. A candidate that cannot complete TLS in the time of a
 *   handshake is of no use to a client either.
 * - It counts like any failure for success, penalty and breaker. A trial checks the identity again.
 * - All candidates may fail: by a wrong clock, a captive portal, or a TLS interception with an authority that is not
 *   trusted. Then the ladder still dials the addresses that the resolver names, and one that proves its identity
 *   serves. Otherwise the client is reset. This is on purpose: it cannot be told from an attack. An operator can set
 *   `probing.mode: tcp` or `caFile`. Facts tell which candidates failed, and the ladder's reason is `certificate`.
 * - An upstream that is off has no beliefs: it checks no candidate and forgets its proofs (reducers/enabled.ts).
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

/**
 * Whether the handshake began before another proof was wanted. Its answer counts no more. A client's dial began at the
 * earliest one dial deadline ago.
 */
function wasAskedBefore(state: State, { at, event }: Step, candidate: Candidate): boolean {
  const { deadlineMs } = Candidates.configOf(state, candidate).dial
  // A program sees the certificate whether a proof is due or not.
  if (event._tag === "TlsTried" && candidate.identity.state === "verified") return false
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
  // Routes name the impostors in the order in which they failed last.
  if (after.identity.state === "failed" || after.identity.state !== candidate.identity.state) {
    markDirty(step, candidate.upstream)
  }
  return Candidates.replace(state, candidate, after)
}
