/**
 * Checkpoint: what is believed of a candidate from before its failures, kept beside it until they are known to say something.
 *
 * This file alone writes it. When one is made and rolled back is decided by reducers/commonCause.ts and rules/rollBack.ts.
 */
import type { Candidate, Checkpoint } from "../model/Candidate.ts"
import * as Blame from "./blame.ts"
import * as Breaker from "./breaker.ts"
import * as Identity from "./identity.ts"
import * as Suspicion from "./suspicion.ts"

/** It has a checkpoint for this trouble, and has failed in this way by now. A candidate that failed before has none. */
export function made(candidate: Candidate, trouble: number, failed: Checkpoint["failed"]): Candidate {
  const known = candidate.checkpoint
  if (known !== null && known.trouble === trouble) {
    const worse = known.failed === "connect" ? known.failed : failed ?? known.failed
    return worse === known.failed ? candidate : { ...candidate, checkpoint: { ...known, failed: worse } }
  }
  if (candidate.streak === 0) return candidate
  const { success, countedAtUs, penalty, streak, breaker, suspicion, identity } = candidate
  const parts = { success, countedAtUs, penalty, streak, breaker, suspicion, identity }
  return { ...candidate, checkpoint: { trouble, failed, ...parts } }
}

/** There is nothing that it could be rolled back to. */
export function dropped(candidate: Candidate): Candidate {
  return { ...candidate, checkpoint: null }
}

/** A checkpoint, if it has one, says of its identity what is known now. */
export function withIdentity(candidate: Candidate): Candidate {
  const { identity, checkpoint } = candidate
  return checkpoint === null ? candidate : { ...candidate, checkpoint: { ...checkpoint, identity } }
}

/** What its failures changed is as before; `proofs`: also a proof of identity that failed. */
export function rolledBack(candidate: Candidate, checkpoint: Checkpoint, proofs: boolean, atUs: number): Candidate {
  const judged = breakerRolledBack(Blame.restored(candidate, checkpoint), checkpoint.breaker, atUs)
  const back = Suspicion.restored(judged, checkpoint.suspicion)
  // A network that dies between the two handshakes of a proof makes an impostor of the candidate.
  return proofs ? Identity.restored(back, checkpoint.identity) : back
}

/** A breaker that closed meanwhile stays closed; a trial that is under way no more is due again. */
function breakerRolledBack(candidate: Candidate, before: Checkpoint["breaker"], atUs: number): Candidate {
  if (before.state !== "closed" && candidate.breaker.state === "closed") return candidate
  const back = Breaker.restored(candidate, before)
  const isTried = candidate.probe !== 0 || candidate.queue !== "none"
  return isTried ? back : Breaker.untried(back, atUs)
}
