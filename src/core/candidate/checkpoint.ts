/**
 * Checkpoint: beliefs about a candidate from before its failures. It lasts until the failures are known to say something.
 *
 * This file alone writes it. rules/noteFailure.ts alone makes checkpoints, and rules/rollBack.ts rolls them back.
 */
import type { Beliefs, Candidate, Checkpoint } from "../model/Candidate.ts"
import * as Blame from "./blame.ts"
import * as Breaker from "./breaker.ts"
import * as Identity from "./identity.ts"
import * as Suspicion from "./suspicion.ts"

/**
 * Makes a checkpoint for this trouble, with the kind of failure so far. A candidate that failed before the trouble gets
 * none.
 */
export function made(candidate: Candidate, trouble: number, failed: Checkpoint["failed"]): Candidate {
  const known = candidate.checkpoint
  if (known !== null && known.trouble === trouble) {
    const worse = known.failed === "connect" ? known.failed : failed ?? known.failed
    return worse === known.failed ? candidate : { ...candidate, checkpoint: { ...known, failed: worse } }
  }
  if (candidate.streak === 0) return candidate
  const { success, countedAtUs, penalty, streak, breaker, suspicion, identity } = candidate
  const beliefs: Beliefs = { success, countedAtUs, penalty, streak, breaker, suspicion, identity }
  return { ...candidate, checkpoint: { trouble, failed, ...beliefs } }
}

/** Drops the checkpoint. */
export function dropped(candidate: Candidate): Candidate {
  return { ...candidate, checkpoint: null }
}

/** Puts the present proof of identity into the checkpoint, if there is one. */
export function withIdentity(candidate: Candidate): Candidate {
  const { identity, checkpoint } = candidate
  return checkpoint === null ? candidate : { ...candidate, checkpoint: { ...checkpoint, identity } }
}

/** Undoes what the failures changed; with `proofs` also a failed proof of identity. */
export function rolledBack(candidate: Candidate, before: Beliefs, proofs: boolean, atUs: number): Candidate {
  const judged = breakerRolledBack(Blame.restored(candidate, before), before.breaker, atUs)
  const back = Suspicion.restored(judged, before.suspicion)
  // If the network dies between the two handshakes of a proof, the candidate looks like an impostor.
  return proofs ? Identity.restored(back, before.identity) : back
}

/** A breaker that closed meanwhile stays closed. A trial that is under way no more is due again. */
function breakerRolledBack(candidate: Candidate, before: Beliefs["breaker"], atUs: number): Candidate {
  if (before.state !== "closed" && candidate.breaker.state === "closed") return candidate
  const back = Breaker.restored(candidate, before)
  const isTried = candidate.probe !== 0 || candidate.queue !== "none"
  return isTried ? back : Breaker.untried(back, atUs)
}
