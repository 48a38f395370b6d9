/**
 * The fold that live running and replay share. One entry goes in; the next state, the decisions and their digest come out.
 *
 * Every `STATE_DIGEST_EVERY` entries the digest of the whole state comes too. It shows a difference that is too small to
 * change a decision.
 */
import { decisionsDigest, stateDigest } from "./digest.ts"
import type { Digest } from "./math/hash.ts"
import type { Decision } from "./model/Decision.ts"
import type { Entry } from "./model/Event.ts"
import type { State } from "./model/State.ts"
import { step } from "./step.ts"

export const STATE_DIGEST_EVERY = 1024

export interface Advanced {
  readonly state: State
  readonly decisions: ReadonlyArray<Decision>
  /** null: the core decided nothing. */
  readonly digest: Digest | null
  readonly stateDigest: Digest | null
  /** A request that a reducer made too late, which is a fault of the core. null: there was none. */
  readonly late: string | null
}

export type Advance = (state: State, entry: Entry) => Advanced

export const advance: Advance = (state, entry) => {
  const { state: next, decisions, late } = step(state, entry)
  return {
    state: next,
    decisions,
    digest: decisionsDigest(decisions, state, next),
    stateDigest: entry.seq % STATE_DIGEST_EVERY === STATE_DIGEST_EVERY - 1 ? stateDigest(next) : null,
    late
  }
}
