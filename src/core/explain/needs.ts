/**
 * Needs: what has to change for a candidate to be taken into the active set.
 *
 * The rule that keeps it out names a change. The change is made in a supposed state, by the functions that make it live, and the
 * rule is asked again, until the candidate is in or nothing that the core can foresee is left. So an explanation holds as far
 * as the rules do: a law applies the changes to the state and lets the selector decide.
 */
import * as Breaker from "../candidate/breaker.ts"
import * as Identity from "../candidate/identity.ts"
import * as Suspicion from "../candidate/suspicion.ts"
import * as Candidates from "../candidates.ts"
import type { Candidate, CandidateId } from "../model/Candidate.ts"
import type { Upstream } from "../model/Upstream.ts"
import { costliest } from "../rules/changingSet.ts"
import { isPoor } from "../rules/eligible.ts"
import type { Evaluating } from "../rules/hysteresis.ts"
import { heldForUs } from "../rules/hysteresis.ts"
import * as ActiveSet from "../upstream/activeSet.ts"
import * as Upstreams from "../upstreams.ts"
import type { Need, Rule } from "./Explanation.ts"
import { aboveMs, admittedMs, HAIR_MS, pricesOf, samplesAt, supposed } from "./price.ts"
import type { Sight } from "./rule.ts"
import { incumbentsOf, ruleOf, see } from "./rule.ts"

/** As costly as any candidate: it enters where any cost will do. */
const ANY_MS = 1e9

export interface Needed {
  readonly needs: ReadonlyArray<Need>
  readonly enough: boolean
}

/** The change that a rule names, and the state after it; null: what comes of it cannot be foreseen. */
interface Change {
  readonly need: Need
  readonly then: Sight | null
}

export function needsOf(sight: Sight, id: CandidateId): Needed {
  const needs: Array<Need> = []
  let supposedly: Sight | null = sight
  while (supposedly !== null) {
    const candidate = Candidates.find(supposedly.state, id)
    if (candidate === undefined) break
    const rule = ruleOf(supposedly, candidate)
    if (rule === "member") return { needs, enough: true }
    if (rule === "next") {
      if (needs.length === 0) needs.push({ kind: "evaluation", inMs: evaluationInMs(supposedly.upstream, sight.atUs) })
      return { needs, enough: true }
    }
    const { need, then }: Change = changeFor(rule, supposedly, candidate)
    // A change that was made did not last: another candidate moved in between, so what comes then cannot be foreseen.
    if (needs.some(({ kind }) => kind === need.kind || (kind === "rise" && need.kind === "cost"))) break
    needs.push(need)
    supposedly = then
  }
  return { needs, enough: false }
}

/** When the set is evaluated next, in ms; null: with the next change of a cost. */
export function evaluationInMs({ evaluateDueUs }: Upstream, atUs: number): number | null {
  return evaluateDueUs < 0 ? null : inMs(evaluateDueUs, atUs)
}

function inMs(dueUs: number, atUs: number): number {
  return dueUs > atUs ? (dueUs - atUs) / 1000 : 0
}

function changeFor(rule: Rule, sight: Sight, candidate: Candidate): Change {
  const { atUs, config } = sight
  switch (rule) {
    case "off":
      return { need: { kind: "on" }, then: null }
    case "left":
    case "spare":
      return { need: { kind: "source" }, then: null }
    case "certificate":
      return { need: { kind: "proof" }, then: after(sight, candidate, Identity.verified(candidate, atUs, -1)) }
    case "shut": {
      const { trialDueUs } = candidate.breaker
      const closed = Breaker.closed(candidate, atUs, config.breaker.rampMs)
      return {
        need: { kind: "trial", inMs: trialDueUs < 0 ? null : inMs(trialDueUs, atUs) },
        then: after(sight, candidate, closed)
      }
    }
    case "suspect": {
      const { session, lapseDueUs } = candidate.suspicion
      const lapsesInMs = session && lapseDueUs >= 0 ? inMs(lapseDueUs, atUs) : null
      return { need: { kind: "answer", lapsesInMs }, then: after(sight, candidate, Suspicion.unsuspected(candidate)) }
    }
    case "hold":
      return holdOver(sight)
    case "standing":
      return { need: { kind: "calm", cause: sight.state.outage.sinceUs >= 0 ? "outage" : "common-cause" }, then: null }
    case "turn":
      return { need: { kind: "turn", others: othersOf(sight, candidate) }, then: null }
    default:
      return cheaper(sight, candidate)
  }
}

/** The same sight with one candidate changed. */
function after(sight: Sight, before: Candidate, then: Candidate): Sight {
  const state = Candidates.replace(sight.state, before, then)
  return see(state, sight.atUs, sight.upstream)
}

/** The hold of the member that would leave ends. Nothing else changes meanwhile. */
function holdOver(sight: Sight): Change {
  const among = incumbentsOf(sight)
  if (among === undefined) return { need: { kind: "turn", others: [] }, then: null }
  const member = costliest(among.set)
  const leftUs = heldForUs(among, member)
  return {
    need: { kind: "hold", member: member.id, inMs: leftUs / 1000 },
    then: see(sight.state, sight.atUs + Math.ceil(leftUs), sight.upstream)
  }
}

/** It has to cost less, for so many samples. */
function cheaper(sight: Sight, candidate: Candidate): Change {
  const among = incumbentsOf(sight)
  const limitMs = admittedMs(sight.config)
  if (among === undefined) {
    if (limitMs === Number.POSITIVE_INFINITY) return { need: { kind: "sample" }, then: sampled(sight, candidate, ANY_MS, 1) }
    return costNeed(sight, candidate, limitMs, 1, limitMs)
  }
  const member = costliest(among.set)
  const prices = pricesOf(among, member, candidate)
  const atOnce = prices.find(({ samples }) => samples === 1)
  const atOnceMs = atOnce === undefined ? null : least(atOnce.belowMs, limitMs)
  // It may be cheap enough as it is, and only needs more samples.
  const poor = candidate.costMs >= 0 && isPoor(candidate, sight.config)
  const asItIs = candidate.costMs >= 0 && !poor
    ? samplesAt(among, member, candidate, candidate.costMs)
    : Number.POSITIVE_INFINITY
  const dearest = prices.find(({ samples }) => samples <= asItIs)
  if (dearest === undefined) {
    if (poor) return costNeed(sight, candidate, limitMs, 1, limitMs)
    return asItIs === Number.POSITIVE_INFINITY
      ? riseOf(sight, among, member, candidate)
      : costNeed(sight, candidate, candidate.costMs + HAIR_MS, asItIs, atOnceMs)
  }
  const belowMs = least(dearest.belowMs, limitMs)
  const samples = asItIs === Number.POSITIVE_INFINITY ? samplesAt(among, member, candidate, belowMs - HAIR_MS) : asItIs
  return costNeed(sight, candidate, belowMs, samples, atOnceMs)
}

function costNeed(sight: Sight, candidate: Candidate, belowMs: number, samples: number, atOnceMs: number | null): Change {
  const fallMs = candidate.costMs - belowMs
  const costMs = candidate.costMs >= 0 && candidate.costMs < belowMs ? candidate.costMs : belowMs - HAIR_MS
  return {
    need: { kind: "cost", belowMs, byMs: candidate.costMs >= 0 && fallMs >= 0 ? fallMs : null, samples, atOnceMs },
    then: sampled(sight, candidate, costMs, samples)
  }
}

/** The costs of both are so low that no difference reaches the margin: the member's cost has to rise. */
function riseOf(sight: Sight, among: Evaluating, member: Candidate, candidate: Candidate): Change {
  const costMs = candidate.costMs >= 0 ? candidate.costMs : 0
  // Where the forecasts differ by enough, it is enough to be cheaper now.
  const bounds = [costMs, aboveMs(costMs, sight.config)].map((bound) => {
    const risen = supposed(member, bound + HAIR_MS, false)
    return { bound, risen, samples: samplesAt(among, risen, candidate, costMs) }
  })
  const enough = bounds.find(({ samples }) => samples !== Number.POSITIVE_INFINITY)
  if (enough === undefined) return { need: { kind: "turn", others: [] }, then: null }
  const { bound, risen, samples } = enough
  return {
    need: { kind: "rise", member: member.id, aboveMs: bound, byMs: bound - member.costMs, samples },
    then: sampled(after(sight, member, risen), candidate, costMs, samples)
  }
}

/**
 * The sight after so many samples of the candidate, each followed by an evaluation that counts it. null: another candidate
 * enters on the way.
 */
function sampled(sight: Sight, { id, costMs: before }: Candidate, costMs: number, samples: number): Sight | null {
  let seen = sight
  for (let i = 0; i < samples; i++) {
    const { state, upstream, atUs } = seen
    const one = Candidates.find(state, id) as Candidate
    seen = see(Candidates.replace(state, one, supposed(one, costMs, before < 0)), atUs, upstream)
    // An evaluation that takes it need not be counted.
    if (seen.evaluated.set.members.some((member) => member.id === id)) return seen
    if (seen.evaluated.set.moves.some(({ into }) => into)) return null
    const counted = ActiveSet.withChallenges(upstream, seen.evaluated.challenges)
    seen = see(Upstreams.replace(seen.state, upstream, counted), atUs, counted)
  }
  return seen
}

/** The challengers that come before it: those that enter now, or else those that are compared with members. */
function othersOf({ evaluated }: Sight, candidate: Candidate): ReadonlyArray<CandidateId> {
  const entering = evaluated.set.moves.filter(({ into }) => into).map(({ candidate }) => candidate)
  const others = entering.length > 0 ? entering : evaluated.compared
  return others.filter((id) => id !== candidate.id)
}

function least(a: number, b: number): number {
  return a < b ? a : b
}
