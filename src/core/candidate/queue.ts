/**
 * Queue: whether a candidate waits for a probe, and the probe under way.
 *
 * - The queue has two parts. Urgent probes go out before those of the backlog, in each part the longest wait first.
 * - A candidate waits at most once, and has at most one probe under way.
 * - `unused` counts probes that it answered since it served a client. `briefs` counts short tries that it did not answer.
 *
 * This file alone writes these fields. reducers/refresh.ts, and the rules that it names, decide when a candidate is probed.
 */
import type { Candidate } from "../model/Candidate.ts"

type Part = Exclude<Candidate["queue"], "none">

/** It waits in this part from now on. */
export function queued(candidate: Candidate, queue: Part, atUs: number): Candidate {
  return { ...candidate, queue, queuedAtUs: atUs }
}

/** It waits in the urgent part from now on, unless a probe is under way. */
export function urgent(candidate: Candidate, atUs: number): Candidate {
  return candidate.probe === 0 ? queued(candidate, "urgent", atUs) : candidate
}

/** It waits in this part. If it waited before, the wait so far counts. */
export function requeued(candidate: Candidate, queue: Part, atUs: number): Candidate {
  return queued(candidate, queue, candidate.queue === "none" ? atUs : candidate.queuedAtUs)
}

/** It waits for no probe. */
export function dequeued(candidate: Candidate): Candidate {
  return { ...candidate, queue: "none", queuedAtUs: -1 }
}

/** This probe goes out. */
export function probed(candidate: Candidate, probe: number, atUs: number): Candidate {
  return { ...dequeued(candidate), probe, probedAtUs: atUs }
}

/** The probe is over. `isUnused`: its connection said nothing. */
export function answered(candidate: Candidate, isUnused: boolean): Candidate {
  return { ...candidate, probe: 0, unused: candidate.unused + (isUnused ? 1 : 0) }
}

/** No probe is under way, as the process that sent it is gone. */
export function unprobed(candidate: Candidate): Candidate {
  return { ...candidate, probe: 0 }
}

/** One more short try that it did not answer. */
export function triedBriefly(candidate: Candidate): Candidate {
  return { ...candidate, briefs: candidate.briefs + 1 }
}

/** Its short tries do not count any more. */
export function withoutBriefs(candidate: Candidate): Candidate {
  return { ...candidate, briefs: 0 }
}

/** Its unused connections do not count any more: it served a client, or an operator wants it probed. */
export function unusedForgotten(candidate: Candidate): Candidate {
  return { ...candidate, unused: 0 }
}
