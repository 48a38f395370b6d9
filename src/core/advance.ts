/**
 * The fold that live running and replay share: one entry in; the next state, the decisions and their digest out. Every
 * `STATE_DIGEST_EVERY` entries the digest of the whole state comes with it, so that a difference too small to move a
 * decision is found all the same.
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
  /** null: nothing was decided. */
  readonly digest: Digest | null
  readonly stateDigest: Digest | null
  /** A request of a reducer that came too late: a fault of the core. Null: there was none. */
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
