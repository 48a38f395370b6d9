/**
 * Samples: what an event says about candidates. An upstream that is off gets no samples.
 *
 * A sample is the outcome of a probe, a warm dial, a dial of a race or a client's dial. An answer to an act of the core
 * counts only while the core believes that this act is under way. So late and duplicate answers say nothing. No evidence is:
 *
 * - a cancelled dial;
 * - a dial that this machine could not even try (`local`);
 * - what an outage of this machine's network explains (outage.ts);
 * - a time-out of a short try (brief.ts), because it waited for less than `timeout`;
 * - a program's TLS (`TlsTried`), except a certificate that is not valid for the real name under which it was asked for;
 * - a time-out that a later handshake has overtaken: that handshake began later and was answered.
 *
 * A handshake faster than `minPlausibleRtt` is a failure. Something on the way answered for the candidate, whatever
 * certificate it passed on afterwards.
 *
 * An answer that came later than its time limit allows tells that this process was late: the machine slept, or the program
 * was stopped. It `isLate`, evidence of life and never of latency.
 *
 * Karn's rule (Karn and Partridge 1987): TCP sends a SYN again after 1 s, then after a growing or, on newer Linux, a
 * constant number of seconds. A handshake took a whole number of seconds plus about its usual time, and is far above the
 * usual time: then it was answered at the second try or later. It is `isResent`, evidence of loss and never of latency.
 */
import * as Candidates from "./candidates.ts"
import type { Candidate } from "./model/Candidate.ts"
import type { UpstreamConfig } from "./model/Config.ts"
import type { DialFailure, Event, ProbeFailed, ProbeSucceeded, WarmConnected, WarmFailed } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import type { Sample } from "./model/Step.ts"
import { RESENT_MS } from "./slowHandshake.ts"
import * as Upstreams from "./upstreams.ts"

const NONE: ReadonlyArray<Sample> = []
/** How far beyond whole seconds an answer to a repeated SYN may come where there is no baseline yet. */
const LEAST_SPAN_MS = 250
/** The same as shares of the usual latency, and what the kernel's timers add for each second of the wait. */
const LEAST_OF_USUAL = 0.9
const MOST_OF_USUAL = 1.25
const SLACK_MS = 40
/** Timers of a busy process may be late by a tenth of the limit. */
const LATE = 1.1

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
    case "TlsTried":
      return event.tried.flatMap(({ stage, candidate: id, outcome, tookUs, foreign }) => {
        const candidate = id === "none" ? undefined : Candidates.find(state, id)
        // Under another name a server may well show another certificate.
        if (outcome !== "certificate" || stage === "cover" || foreign || candidate === undefined) return NONE
        return Upstreams.isOn(state, candidate.upstream) ? [judged(state, candidate, tookUs, outcome, false, atUs)] : NONE
      })
    default:
      return NONE
  }
}

/** Whether a handshake that began later was answered already. */
function isOvertaken({ suspicion }: Candidate, failure: DialFailure | null, tookUs: number, atUs: number): boolean {
  return failure === "timeout" && atUs - tookUs <= suspicion.provenAtUs
}

/** Whether it is the time-out of a probe that was a short try. */
function isBrief(state: State, event: Event): boolean {
  return event._tag === "ProbeFailed" && event.reason === "timeout"
    && state.probing.inFlight.some(({ probe, isBrief }) => isBrief && probe === event.probe)
}

/** Whether the act that the event answers is believed to be under way, for an upstream that is on. */
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
  const config = Candidates.configOf(state, candidate)
  const hijacked = failure === null && tookMs < config.scoring.minPlausibleRttMs
  const judgedFailure = hijacked ? "implausible" : failure
  const isLate = judgedFailure === null && tookMs > LATE * longestMs(config)
  const isResent = judgedFailure === null && !isLate && wasResent(candidate, tookMs, atUs)
  return { candidate: candidate.id, tookMs, failure: judgedFailure, isResent, isLate, verified }
}

/** The longest time limit of a handshake. */
function longestMs({ probing, dial }: UpstreamConfig): number {
  return probing.timeoutMs > dial.timeoutMs ? probing.timeoutMs : dial.timeoutMs
}

/**
 * Whether a repeated SYN explains the time of the handshake: whole seconds plus about the usual latency.
 *
 * - Where no latency is known, only whole seconds count.
 * - A handshake that began after another such answer is believed. Whatever the reason is, clients pay that time there.
 * - Handshakes that waited together are answered together when an outage is over.
 */
function wasResent({ latency, prior, resentAtUs, lastSampleAtUs }: Candidate, tookMs: number, atUs: number): boolean {
  if (tookMs < RESENT_MS || (resentAtUs >= 0 && atUs - tookMs * 1000 >= resentAtUs)) return false
  const baselineMs = latency.atUs >= 0 ? latency.value : prior?.latencyMs ?? -1
  const beyondMs = tookMs % RESENT_MS
  if (baselineMs < 0) return lastSampleAtUs < 0 && beyondMs <= LEAST_SPAN_MS
  return baselineMs < RESENT_MS / 2 && beyondMs >= LEAST_OF_USUAL * baselineMs
    && beyondMs <= MOST_OF_USUAL * baselineMs + SLACK_MS * Math.floor(tookMs / RESENT_MS)
}
