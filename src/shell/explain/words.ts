/** An explanation in plain sentences. The terminal and pages show the same ones. */
import { scoreOf } from "../../core/candidate/cost.ts"
import * as Candidates from "../../core/candidates.ts"
import type { Explanation } from "../../core/explain/explain.ts"
import type { Explained, Need } from "../../core/explain/Explanation.ts"
import type { Sight } from "../../core/explain/rule.ts"
import type { CandidateRef } from "../../core/model/Candidate.ts"
import type { LadderReason } from "../../core/model/Decision.ts"
import type { UpstreamState } from "../../core/model/Routes.ts"

/** Where clients go now. */
const PLACES: Readonly<Record<UpstreamState, string>> = {
  active: "the active set serves",
  stale: "the last active set serves as stale, or what earlier runs knew",
  fallback: "the fallback list serves",
  system: "the system's addresses serve",
  unranked: "the list serves in its configured order",
  disabled: "the last resort serves"
}
const REASONS: Readonly<Record<LadderReason, string>> = {
  selected: "",
  unmeasured: "no candidate has answered yet",
  expired: "no candidate has had a sample for scoreTtl",
  shut: "all breakers are open, or one cause makes all candidates fail",
  empty: "there is no candidate",
  disabled: "it is turned off",
  bypass: "bypass is set",
  removed: "it is not configured any more",
  certificate: "no candidate could show the certificate of the name"
}

/** One sentence about the upstream. */
export function settingText({ setting, sight }: Explanation): string {
  const pauseMs = pausedForMs(sight)
  const reason = setting.reason === "disabled" && pauseMs >= 0
    ? `all candidates of all upstreams failed, round after round; for ${
      durationText(pauseMs)
    } more, or until a client is served`
    : REASONS[setting.reason]
  const standing = setting.standing === null ? "" : `; ${STANDING[setting.standing]}, so the set stays as it is`
  return `${PLACES[setting.state]}${reason === "" ? "" : `: ${reason}`}${standing}`
}

/** How long auto-disable still lasts, in ms; -1: it is not under way. */
function pausedForMs({ state: { autoDisable }, atUs }: Sight): number {
  return autoDisable.untilUs < 0 ? -1 : Math.max(0, autoDisable.untilUs - atUs) / 1000
}

const STANDING = {
  outage: "this machine's network is down",
  "common-cause": "all candidates fail together"
} as const

/** Why the candidate is in the set, or not. */
export function whyText(sight: Sight, explained: Explained): string {
  const { candidate, rule, needs } = explained
  const { config } = sight
  const name = (id: CandidateRef) => Candidates.labelOf(sight.state, id)
  switch (rule) {
    case "member":
      return memberText(sight, explained)
    case "off":
      return pausedForMs(sight) < 0
        ? "the upstream is off"
        : "all candidates of all upstreams failed, so Fairlead is off for a while"
    case "left":
      return "no source names it any more"
    case "spare":
      return "only the fallback list names it, so it serves on that rung alone"
    case "certificate":
      return candidate.identity.state === "failed"
        ? "it did not show the certificate of the name"
        : "it has not been asked for its certificate yet"
    case "unmeasured":
      return candidate.lastSampleAtUs < 0 ? "it has not been measured yet" : "it has never answered"
    case "expired":
      return "it has had no sample for scoreTtl"
    case "shut":
      return candidate.breaker.state === "open" ? "its breaker is open" : "its breaker is half-open: the trial is under way"
    case "suspect":
      return `it is suspect: ${suspicionText(explained)}`
    case "poor":
      return `its score of ${
        scoreOf(candidate.costMs, config.scoring.referenceMs).toFixed(1)
      } is below minScore ${config.selector.minScore}`
    case "costlier": {
      const need = needs.find((one) => one.kind === "cost" || one.kind === "rise")
      return need?.kind === "rise" ? `it costs as much as ${name(need.member)}, or more` : `${costliestText(sight)}`
    }
    case "margin":
      return `it is cheaper, but not by the margin: ${costliestText(sight)}`
    case "confirmations":
      return `it is cheaper by the margin, but not for long enough: ${costliestText(sight)}`
    case "hold":
      return `it is better than a member that has not been in for long enough: ${costliestText(sight)}`
    case "turn":
      return "others come first"
    case "standing":
      return sight.state.outage.sinceUs >= 0 ? STANDING.outage : STANDING["common-cause"]
    case "next":
      return "it enters with the next evaluation"
  }
}

function memberText({ atUs }: Sight, { membership, serves, candidate }: Explained): string {
  const sinceUs = membership?.sinceUs ?? atUs
  const held = `in the set for ${durationText((atUs - sinceUs) / 1000)}`
  if (serves) return held
  return Candidates.isSuspect(candidate)
    ? `${held}, but suspect: new clients go elsewhere`
    : `${held}, but no client goes there now`
}

function suspicionText({ candidate: { suspicion } }: Explained): string {
  if (suspicion.pending) return "a handshake is pending for too long"
  return suspicion.silent.length > 0 ? "sessions wait too long for a first byte" : "sessions failed"
}

function costliestText({ state, upstream }: Sight): string {
  const members = Candidates.among(state, upstream.members)
  const worst = members.toSorted((a, b) => b.costMs - a.costMs)[0]
  return worst === undefined
    ? "others come first"
    : `${Candidates.labelOf(state, worst.id)}, the costliest member, costs ${msText(worst.costMs)}`
}

/** One change that the candidate needs, as the end of "it is taken ...". */
export function needText(sight: Sight, need: Need, isMeasured: boolean): string {
  const { state } = sight
  const name = (id: CandidateRef) => Candidates.labelOf(state, id)
  switch (need.kind) {
    case "on":
      return pausedForMs(sight) < 0
        ? "when the upstream is turned on"
        : `when a client is served, or in ${durationText(pausedForMs(sight))}, when Fairlead is on again`
    case "source":
      return "when a source other than the fallback list names it"
    case "proof":
      return "when it shows the certificate of the name"
    case "trial":
      return need.inMs === null
        ? "when the breaker's trial that is under way succeeds"
        : `when the breaker's trial in ${durationText(need.inMs)} succeeds`
    case "answer":
      return need.lapsesInMs === null
        ? "when it answers"
        : `when it answers a client, or in ${durationText(need.lapsesInMs)}, when the suspicion lapses`
    case "sample":
      return "when it answers"
    case "cost": {
      const { belowMs, byMs, samples, atOnceMs } = need
      const what = byMs !== null
        ? `when its cost falls by ${msText(byMs)}, to below ${msText(belowMs)}`
        : `${samples === 1 ? "with its next sample, if" : "when"} its cost ${isMeasured ? "stays" : "is"} below ${
          msText(belowMs)
        }`
      const atOnce = samples > 1 && atOnceMs !== null ? ` (at once below ${msText(atOnceMs)})` : ""
      return `${what}${samples > 1 ? ` for ${samples} samples` : ""}${atOnce}`
    }
    case "rise":
      return `when the cost of ${name(need.member)} rises by ${msText(need.byMs)}, to above ${msText(need.aboveMs)}, `
        + `for ${need.samples} samples: no cost is lower by the margin`
    case "hold":
      return `in ${durationText(need.inMs)}, when the hold of ${name(need.member)} ends`
    case "turn":
      return need.others.length === 0 ? "after others" : `after ${need.others.slice(0, 3).map(name).join(", ")}`
    case "calm":
      return need.cause === "outage" ? "when this machine's network is back" : "when one of the candidates answers again"
    case "evaluation":
      return need.inMs === null ? "at the next evaluation" : `at the next evaluation, in ${durationText(need.inMs)}`
  }
}

/** All changes in one sentence; of a member what puts it out. */
export function changeText(sight: Sight, { candidate, needs, leaves, active, enough }: Explained): string {
  if (active) {
    if (leaves === null) return "stays while it may serve: no other may take its place"
    if (leaves.aboveMs <= candidate.costMs) {
      return `leaves when ${Candidates.labelOf(sight.state, leaves.to)} may take its place`
    }
    return `leaves when its cost rises by ${msText(leaves.aboveMs - candidate.costMs)}, to above ${
      msText(leaves.aboveMs)
    }: for ${Candidates.labelOf(sight.state, leaves.to)}`
  }
  const texts = needs.map((need) => needText(sight, need, candidate.costMs >= 0))
  return `${enough ? "taken" : "at the earliest"} ${texts.join(", and ")}`
}

export function msText(ms: number): string {
  return `${ms.toFixed(1)} ms`
}

/** `3.2 s`, `42 s`, `5 min`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  return ms < 600_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`
}
