/**
 * Rounds of an upstream:
 *
 * - when the next round of probes is due,
 * - when its first round began,
 * - when the set is measured anew,
 * - when a candidate last answered.
 *
 * This file alone writes them. `rules/probeRounds.ts`, `reducers/renewal.ts` and `unreached.ts` decide when a round takes
 * place.
 */
import type { Upstream } from "../model/Upstream.ts"

/** The first round begins. */
export function begun(upstream: Upstream, atUs: number, roundDueUs: number, unheardSinceUs: number): Upstream {
  return { ...upstream, roundDueUs, preheatSinceUs: atUs, unheardSinceUs }
}

/** The first round is over. */
export function preheated(upstream: Upstream): Upstream {
  return { ...upstream, preheatSinceUs: -1 }
}

/** The next round; -1: there is none. */
export function roundAt(upstream: Upstream, roundDueUs: number): Upstream {
  return { ...upstream, roundDueUs }
}

/** The next round, and since when no candidate has answered its probes. */
export function planned(upstream: Upstream, roundDueUs: number, unheardSinceUs: number): Upstream {
  return { ...upstream, roundDueUs, unheardSinceUs }
}

/** No candidate has answered since this moment. */
export function unheardFrom(upstream: Upstream, unheardSinceUs: number): Upstream {
  return { ...upstream, unheardSinceUs }
}

/** A candidate answered. The answer of a spare says nothing about the listed ones. */
export function heard(upstream: Upstream, atUs: number, isListed: boolean): Upstream {
  return { ...upstream, heardAtUs: atUs, unheardSinceUs: isListed ? atUs : upstream.unheardSinceUs }
}

/** When members and challengers are measured before they expire; -1: never. */
export function renewAt(upstream: Upstream, renewDueUs: number): Upstream {
  return { ...upstream, renewDueUs }
}

/** The upstream is off: it has no rounds. */
export function halted(upstream: Upstream): Upstream {
  return { ...upstream, roundDueUs: -1, preheatSinceUs: -1, renewDueUs: -1 }
}
