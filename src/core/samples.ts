/**
 * Samples: what an event says about candidates. Of an upstream that is off nothing is learned.
 *
 * A sample is a probe, a warm dial, a dial of a race or a client's dial. An answer to an act of the core counts only while that very act is
 * believed to be under way: late and duplicate answers say nothing. A cancelled dial and one that this machine could not even try (`local`) are
 * no evidence, and neither is what an outage of its own network explains (outage.ts). A handshake faster than `minPlausibleRtt` is
 * a failure: something on the way answered for the candidate, whatever certificate it passed on afterwards.
 *
 * - Karn's rule (Karn and Partridge 1987): TCP sends a SYN again after 1 s, then after a growing or, on newer Linux, a constant
 *   number of seconds. A handshake that took a whole number of seconds and about its usual time, and is far above that,
 *   was answered at the second try or later: `isResent`, evidence of loss and never of latency.
 * - A time-out of a short try (brief.ts) is no evidence: it waited for less than `timeout`.
 * - A time-out that a later handshake has overtaken is no evidence: that one began later, and was answered.
 */
import * as Candidates from "./candidates.ts"
import type { Candidate } from "./model/Candidate.ts"
import type { DialFailure, Event, ProbeFailed, ProbeSucceeded, WarmConnected, WarmFailed } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import type { Sample } from "./model/Step.ts"
import { RESENT_MS } from "./slowHandshake.ts"
import * as Upstreams from "./upstreams.ts"

const NONE: ReadonlyArray<Sample> = []
/** How far beyond whole seconds an answer to a repeated SYN may come where nothing is usual yet. */
const LEAST_SPAN_MS = 250
/** The same as shares of what is usual, and what the kernel's coarse timers add for each second that was waited. */
const LEAST_OF_USUAL = 0.9
const MOST_OF_USUAL = 1.25
const SLACK_MS = 40

export function samplesOf(state: State, event: Event, atUs: number): ReadonlyArray<Sample> {
  switch (event._tag) {
    case "ProbeSucceeded":
    case "ProbeFailed":
    case "WarmConnected":
    case "WarmFailed": {
      const candidate = Candidates.find(state, event.candidate)
      const failure = "reason" in event ? event.reason : null
      const verified = event._tag === "ProbeSucceeded" && event.identity === "verified"
      return candidate === undefined || !isAnswer(state, candidate, event) || failure === "local" || isBrief(state, event)
          || isOvertaken(candidate, failure, event.tookUs, atUs)
        ? NONE
        : [judged(state, candidate, event.tookUs, failure, verified, atUs)]
    }
    case "Raced":
    case "ClientAccepted": {
      if (event._tag === "Raced" && Upstreams.find(state, event.upstream)?.race !== event.race) return NONE
      const isSearch = event._tag === "Raced" && (Upstreams.find(state, event.upstream)?.searchUntilUs ?? -1) >= 0
      const samples: Array<Sample> = []
      for (const { candidate: id, outcome, tookUs, verified = false } of event.tried) {
        const candidate = Candidates.find(state, id)
        if (candidate === undefined || !Upstreams.isOn(state, candidate.upstream)) continue
        if (outcome === "cancelled" || outcome === "unresolved" || outcome === "local" || outcome === "denied") continue
        if (isSearch && outcome === "timeout") continue
        const failure = outcome === "connected" ? null : outcome
        if (!isOvertaken(candidate, failure, tookUs, atUs)) {
          samples.push(judged(state, candidate, tookUs, failure, verified, atUs))
        }
      }
      return samples
    }
    default:
      return NONE
  }
}

/** Whether a handshake that began later was answered already. */
function isOvertaken({ suspicion }: Candidate, failure: DialFailure | null, tookUs: number, atUs: number): boolean {
  return failure === "timeout" && atUs - tookUs <= suspicion.provenAtUs
}

/** Whether it is the silence of a probe that waited for a short time only. */
function isBrief(state: State, event: Event): boolean {
  return event._tag === "ProbeFailed" && event.reason === "timeout"
    && state.probing.inFlight.some(({ probe, isBrief }) => isBrief && probe === event.probe)
}

/** Whether the act that it answers is believed to be under way, and there is somebody to learn from it. */
function isAnswer(
  state: State,
  { upstream, probe, warm }: Candidate,
  event: ProbeSucceeded | ProbeFailed | WarmConnected | WarmFailed
): boolean {
  if (!Upstreams.isOn(state, upstream)) return false
  return "probe" in event ? probe === event.probe : warm.dialling.some(({ id }) => id === event.warm)
}

function judged(
  state: State,
  candidate: Candidate,
  tookUs: number,
  failure: DialFailure | null,
  verified: boolean,
  atUs: number
): Sample {
  const tookMs = tookUs / 1000
  const hijacked = failure === null && tookMs < Candidates.configOf(state, candidate).scoring.minPlausibleRttMs
  const judgedFailure = hijacked ? "implausible" : failure
  const isResent = judgedFailure === null && wasResent(candidate, tookMs, atUs)
  return { candidate: candidate.id, tookMs, failure: judgedFailure, isResent, verified }
}

/**
 * Whether a repeated SYN explains what the handshake took: whole seconds, and about what is usual. What is not known yet is judged
 * by its look alone. One that began after another such answer is believed: whatever the reason, it is what a client pays there. Those
 * that waited together are answered together, when an outage is over.
 */
function wasResent({ latency, prior, resentAtUs, lastSampleAtUs }: Candidate, tookMs: number, atUs: number): boolean {
  if (tookMs < RESENT_MS || (resentAtUs >= 0 && atUs - tookMs * 1000 >= resentAtUs)) return false
  const baselineMs = latency.atUs >= 0 ? latency.value : prior?.latencyMs ?? -1
  const beyondMs = tookMs % RESENT_MS
  if (baselineMs < 0) return lastSampleAtUs < 0 && beyondMs <= LEAST_SPAN_MS
  return baselineMs < RESENT_MS / 2 && beyondMs >= LEAST_OF_USUAL * baselineMs
    && beyondMs <= MOST_OF_USUAL * baselineMs + SLACK_MS * Math.floor(tookMs / RESENT_MS)
}
