/**
 * An explanation as plain data: what `GET /explain` and `fairlead explain --json` give. Fields are only ever added.
 * Costs and delays are in ms, moments are wall time in ISO 8601, null: there is none.
 */
import { successRate } from "../../core/candidate/blame.ts"
import { scoreOf } from "../../core/candidate/cost.ts"
import * as Candidates from "../../core/candidates.ts"
import type { Evidence, Proof, Rests } from "../../core/explain/Evidence.ts"
import { Explanation } from "../../core/explain/explain.ts"
import type { Explained, Need, Rule } from "../../core/explain/Explanation.ts"
import type { Sight } from "../../core/explain/rule.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { State } from "../../core/model/State.ts"
import type { Upstream } from "../../core/model/Upstream.ts"
import * as Upstreams from "../../core/upstreams.ts"
import type { Addresses } from "../privacy.ts"
import { shownAddress, shownHost } from "../privacy.ts"
import { shownOf } from "../status.ts"
import { wallTime } from "../wallTime.ts"
import { changeText, needText, settingText, whyText } from "./words.ts"

export interface ExplainOptions {
  readonly addresses: Addresses
  /** Shown candidates at most: the set first, then by cost, then in the order of the list. */
  readonly candidates: number
}

export type ExplainDocument = ReturnType<typeof headOf> & { readonly candidates: ReadonlyArray<CandidateDocument> }
export type CandidateDocument = ReturnType<typeof candidateOf>

const VERSION = 1
/** Number of candidates in one piece of text. Each may need some evaluations. */
const SLICE = 8

interface Seen {
  readonly state: State
  readonly upstream: Upstream
  /** The moment to explain, in µs of the core's clock. */
  readonly atUs: number
  /** null: nothing is known of the entries. */
  readonly evidence: Evidence | null
}

export function explainDocument(seen: Seen, options: ExplainOptions): ExplainDocument {
  const explanation = new Explanation(seen.state, seen.upstream, seen.atUs)
  return {
    ...headOf(seen, explanation, options),
    candidates: shownOf(seen.state, seen.upstream, options.candidates).map((id) =>
      candidateOf(seen, explanation, id, options)
    )
  }
}

/** The same as JSON in pieces. Each piece costs little, for a list of any length. */
export function* explainText(seen: Seen, options: ExplainOptions): Generator<string> {
  const explanation = new Explanation(seen.state, seen.upstream, seen.atUs)
  yield `${JSON.stringify(headOf(seen, explanation, options)).slice(0, -1)},"candidates":[`
  const shown = shownOf(seen.state, seen.upstream, options.candidates)
  for (let from = 0; from < shown.length; from += SLICE) {
    const slice = shown.slice(from, from + SLICE).map((id) => candidateOf(seen, explanation, id, options))
    yield `${from === 0 ? "" : ","}${JSON.stringify(slice).slice(1, -1)}`
  }
  yield "]}"
}

function headOf({ state, upstream, atUs, evidence }: Seen, explanation: Explanation, { addresses }: ExplainOptions) {
  const { name, host, port, selector } = Upstreams.configOf(state, upstream.id)
  const { switching, ...rest } = selector
  const { setting } = explanation
  return {
    v: VERSION,
    upstream: { name, host: host === "" ? null : host, port },
    at: { seq: state.seq, time: wallTime(state, atUs) },
    state: setting.state,
    reason: setting.reason,
    standing: setting.standing,
    text: settingText(explanation),
    evaluationInMs: rounded(setting.evaluationInMs),
    settings: {
      activeSetSize: rest.activeSetSize,
      minScore: rest.minScore,
      marginMs: switching.marginMs,
      marginPercent: switching.marginPercent,
      holdMs: switching.holdMs,
      confirmations: switching.confirmations,
      standing: switching.standing,
      swapsPerEvaluation: switching.swapsPerEvaluation
    },
    members: upstream.members.map((id) => Candidates.labelOf(state, id)),
    ladder: proofOf(state, "ladder", evidence?.ladderOf(upstream.id)),
    refused: upstream.refused.map(({ source, count, hosts }) => ({
      source,
      count,
      addresses: hosts.map((one) => shownHost(one, addresses))
    })),
    candidateCount: upstream.listed.length
  }
}

function candidateOf({ state, evidence }: Seen, explanation: Explanation, id: CandidateId, { addresses }: ExplainOptions) {
  const candidate = Candidates.find(state, id)!
  const { sight } = explanation
  const explained = explanation.of(candidate)
  const { rule, active, serves, membership, needs, enough, leaves } = explained
  const { breaker, identity } = candidate
  return {
    id: Candidates.labelOf(state, id),
    address: shownAddress(candidate, addresses),
    sources: candidate.sources,
    rule,
    why: whyText(sight, explained),
    change: changeText(sight, explained),
    active,
    serves,
    cost: costOf(sight, explained),
    membership: membership === null
      ? null
      : { since: wallTime(state, membership.sinceUs), heldMs: rounded(membership.heldMs) },
    leaves: leaves === null ? null : { aboveMs: rounded(leaves.aboveMs), to: Candidates.labelOf(state, leaves.to) },
    needs: needs.map((need) => needOf(sight, need, candidate.costMs >= 0)),
    enough,
    breaker: {
      state: breaker.state,
      trialInMs: breaker.trialDueUs < 0 ? null : rounded(Math.max(0, breaker.trialDueUs - sight.atUs) / 1000),
      failures: Math.max(breaker.consecutive, breaker.consecutiveAfter),
      share: breaker.slowStartWeight
    },
    suspect: Candidates.isSuspect(candidate),
    identity: identity.state,
    successRate: rounded(successRate(candidate, sight.config.scoring, state.at)),
    lastSampleAt: wallTime(state, candidate.lastSampleAtUs),
    rests: evidence === null ? [] : restsOf(state, rule, candidate.suspicion.sinceUs >= 0, evidence.of(id))
  }
}

function costOf({ config }: Sight, { candidate, parts }: Explained) {
  if (parts === null) return null
  const { latencyMs, jitterMs, divisor, penaltyMs, rewardMs } = parts
  return {
    costMs: rounded(candidate.costMs),
    forecastMs: rounded(candidate.forecastMs),
    score: rounded(scoreOf(candidate.costMs, config.scoring.referenceMs)),
    latencyMs: rounded(latencyMs),
    jitterMs: rounded(jitterMs),
    divisor: rounded(divisor),
    penaltyMs: rounded(penaltyMs),
    rewardMs: rounded(rewardMs)
  }
}

/** A need with labels instead of ids. */
function needOf(sight: Sight, need: Need, isMeasured: boolean) {
  const { kind, ...rest } = need
  const fields = Object.entries(rest).map(([key, value]) => [
    key,
    key === "member"
      ? Candidates.labelOf(sight.state, value as CandidateId)
      : key === "others"
      ? (value as ReadonlyArray<CandidateId>).map((id) => Candidates.labelOf(sight.state, id))
      : typeof value === "number"
      ? rounded(value)
      : value
  ])
  return { kind, text: needText(sight, need, isMeasured), ...Object.fromEntries(fields) }
}

/** The entries that the rule rests on come first, then the last sample. */
function restsOf(state: State, rule: Rule, isSuspect: boolean, rests: Readonly<Rests>) {
  const wanted = new Set<keyof Rests>(["answered", "failed"])
  if (rests.moved !== undefined) wanted.add("moved")
  if (rule === "shut" || rests.breaker?.what !== "closed") wanted.add("breaker")
  if (isSuspect) wanted.add("suspicion")
  if (rule === "certificate") wanted.add("identity")
  if (rule === "unmeasured") wanted.add("joined")
  return ORDER.filter((kind) => wanted.has(kind)).flatMap((kind) => proofOf(state, kind, rests[kind]) ?? [])
}

const ORDER: ReadonlyArray<keyof Rests> = ["breaker", "suspicion", "identity", "moved", "answered", "failed", "joined"]

function proofOf(state: State, kind: keyof Rests | "ladder", proof: Proof | undefined) {
  if (proof === undefined) return null
  const { seq, atUs, what } = proof
  return { kind, seq, time: wallTime(state, atUs), what: typeof what === "number" ? `after ${what / 1000} ms` : what }
}

function rounded<A extends number | null>(value: A): A {
  return (value === null ? null : Math.round(value * 1000) / 1000) as A
}
