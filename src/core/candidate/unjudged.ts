/** A candidate without its present judgement, because its upstream is or was off. What was learned of it before stays. */
import type { Candidate } from "../model/Candidate.ts"
import * as Breaker from "./breaker.ts"
import * as Checkpoint from "./checkpoint.ts"
import * as Cost from "./cost.ts"
import * as Identity from "./identity.ts"
import * as Queue from "./queue.ts"
import * as Suspicion from "./suspicion.ts"

export function unjudged(candidate: Candidate): Candidate {
  const idle = Queue.dequeued(Queue.withoutBriefs(Cost.unmeasured(candidate)))
  return Checkpoint.dropped(Identity.forgotten(Suspicion.unsuspected(Breaker.forgotten(idle))))
}
