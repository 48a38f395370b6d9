/**
 * Samples: what an event says about candidates.
 *
 * A sample is a probe or a client's dial. An answer to a probe counts only while that very probe is believed to be under
 * way: late and duplicate answers say nothing. A cancelled dial and one that this machine could not even try (`local`) are
 * no evidence. A handshake faster than `minPlausibleRtt` is a failure: something on the way answered for the candidate.
 */
import * as Candidates from "../candidates.ts"
import type { Candidate, CandidateId } from "../model/Candidate.ts"
import type { DialFailure, Event } from "../model/Event.ts"
import type { State } from "../model/State.ts"

export interface Sample {
  readonly candidate: CandidateId
  readonly tookMs: number
  /** null: it answered. */
  readonly failure: DialFailure | null
}

export function samplesOf(state: State, event: Event): ReadonlyArray<Sample> {
  switch (event._tag) {
    case "ProbeSucceeded":
    case "ProbeFailed": {
      const candidate = Candidates.find(state, event.candidate)
      if (candidate === undefined || candidate.probe !== event.probe) return NONE
      const failure = event._tag === "ProbeFailed" ? event.reason : null
      return failure === "local" ? NONE : [judged(state, candidate, event.tookUs, failure)]
    }
    case "ClientAccepted": {
      const samples: Array<Sample> = []
      for (const { candidate: id, outcome, tookUs } of event.tried) {
        const candidate = Candidates.find(state, id)
        if (candidate === undefined || outcome === "cancelled" || outcome === "local") continue
        samples.push(judged(state, candidate, tookUs, outcome === "connected" ? null : outcome))
      }
      return samples
    }
    default:
      return NONE
  }
}

const NONE: ReadonlyArray<Sample> = []

function judged(state: State, candidate: Candidate, tookUs: number, failure: DialFailure | null): Sample {
  const tookMs = tookUs / 1000
  const hijacked = failure === null && tookMs < Candidates.configOf(state, candidate).scoring.minPlausibleRttMs
  return { candidate: candidate.id, tookMs, failure: hijacked ? "implausible" : failure }
}
