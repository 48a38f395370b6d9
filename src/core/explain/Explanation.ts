/** An explanation: for each candidate of an upstream the rule that keeps it in or out of the active set, and what would change that. */
import type { CostParts } from "../candidate/cost.ts"
import type { Candidate, CandidateId } from "../model/Candidate.ts"
import type { LadderReason } from "../model/Decision.ts"
import type { UpstreamState } from "../model/Routes.ts"

/**
 * The rule that decides about a candidate now:
 *
 * - in the set: `member`;
 * - it may not be in it: `off` (Fairlead or the upstream is), `left` (no source names it), `spare` (only the fallback list does),
 *   `certificate`, `unmeasured`, `expired`, `shut` (its breaker), `suspect`, `poor` (its score);
 * - others are better: `costlier` (than every member), `margin` (cheaper, not by enough), `confirmations` (by enough, not for
 *   long enough), `hold` (the member that would leave has not been in for long enough), `turn` (other challengers come first);
 * - `standing`: an outage explains what the members do, so the set stays;
 * - `next`: it enters with the next evaluation.
 */
export type Rule =
  | "member"
  | "off"
  | "left"
  | "spare"
  | "certificate"
  | "unmeasured"
  | "expired"
  | "shut"
  | "suspect"
  | "poor"
  | "costlier"
  | "margin"
  | "confirmations"
  | "hold"
  | "turn"
  | "standing"
  | "next"

/** One change that a candidate needs. Changes of one candidate are all needed, in this order. */
export type Need =
  /** Something outside the core: an operator turns it on, or a source names the address. */
  | { readonly kind: "on" }
  | { readonly kind: "source" }
  /** Its certificate proves the upstream's name. */
  | { readonly kind: "proof" }
  /** The trial of its breaker succeeds, in so many ms; null: it is under way. */
  | { readonly kind: "trial"; readonly inMs: number | null }
  /** It answers, so that no suspicion is left. At the latest the suspicion lapses in so many ms; null: it does not lapse. */
  | { readonly kind: "answer"; readonly lapsesInMs: number | null }
  /**
   * Its cost is below `belowMs` for so many samples. `byMs`: its cost has to fall by that; null: it has no cost, or one that is
   * low enough. Below `atOnceMs` one sample is enough; null: no cost is.
   */
  | {
    readonly kind: "cost"
    readonly belowMs: number
    readonly byMs: number | null
    readonly samples: number
    readonly atOnceMs: number | null
  }
  /** Any cost will do: a place is free. */
  | { readonly kind: "sample" }
  /** No cost is low enough, because a margin is as large as the cost of the member: that has to rise above `aboveMs`. */
  | {
    readonly kind: "rise"
    readonly member: CandidateId
    readonly aboveMs: number
    readonly byMs: number
    readonly samples: number
  }
  /** The hold of the member that would leave ends. */
  | { readonly kind: "hold"; readonly member: CandidateId; readonly inMs: number }
  /** Others come first. */
  | { readonly kind: "turn"; readonly others: ReadonlyArray<CandidateId> }
  /** The outage ends. */
  | { readonly kind: "calm"; readonly cause: Standing }
  /** The set is evaluated, in so many ms; null: with the next change of a cost. */
  | { readonly kind: "evaluation"; readonly inMs: number | null }

export type Standing = "outage" | "common-cause"

export interface Explained {
  readonly candidate: Candidate
  readonly rule: Rule
  /** In the active set. */
  readonly active: boolean
  /** New clients may get it now. */
  readonly serves: boolean
  /** null: it has no cost. */
  readonly parts: CostParts | null
  /** How long it has been in the set, and for how long `hold` keeps it there. null: it is no member. */
  readonly membership: { readonly sinceUs: number; readonly heldMs: number } | null
  /** What has to change for it to be taken. Empty for a member. */
  readonly needs: ReadonlyArray<Need>
  /** Whether these changes are enough. If not, the last one is something that the core cannot foresee the effect of. */
  readonly enough: boolean
  /** Of a member: at which cost another one takes its place, if nothing else changes; null: no other one may enter. */
  readonly leaves: { readonly aboveMs: number; readonly to: CandidateId } | null
}

/** The upstream as a whole. */
export interface Setting {
  readonly state: UpstreamState
  readonly reason: LadderReason
  readonly standing: Standing | null
  /** When the set is evaluated next, in ms; null: with the next change of a cost. */
  readonly evaluationInMs: number | null
}
