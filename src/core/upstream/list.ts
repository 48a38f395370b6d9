/**
 * The addresses of an upstream: its name, its lists of candidates, and how many listed ones were sampled, tried and shut
 * out.
 *
 * This file alone writes them. `rules/roster.ts` and the rules that it names decide when an address joins or leaves.
 */
import type { CandidateId } from "../model/Candidate.ts"
import type { Upstream } from "../model/Upstream.ts"

type Lists = Pick<Upstream, "listed" | "left" | "unsampled" | "untried" | "shut">

export function named(upstream: Upstream, name: string): Upstream {
  return { ...upstream, name }
}

/** Candidates moved between the lists; the counts follow them. */
export function relisted(upstream: Upstream, { listed, left, unsampled, untried, shut }: Lists): Upstream {
  return { ...upstream, listed, left, unsampled, untried, shut }
}

/** New listed candidates: none of them has a sample yet. */
export function withListed(upstream: Upstream, added: ReadonlyArray<CandidateId>): Upstream {
  const { length } = added
  return {
    ...upstream,
    nextOrdinal: upstream.nextOrdinal + length,
    listed: [...upstream.listed, ...added],
    unsampled: upstream.unsampled + length,
    untried: upstream.untried + length
  }
}

/** New candidates that are spares: they only use up ordinals. */
export function withSpares(upstream: Upstream, count: number): Upstream {
  return { ...upstream, nextOrdinal: upstream.nextOrdinal + count }
}

export function withFallback(upstream: Upstream, fallback: ReadonlyArray<CandidateId>): Upstream {
  return { ...upstream, fallback }
}

/** A candidate that had left is forgotten. */
export function withoutLeft(upstream: Upstream, id: CandidateId): Upstream {
  return { ...upstream, left: upstream.left.filter((one) => one !== id) }
}

/** The addresses that `access` refuses. */
export function withRefused(upstream: Upstream, refused: Upstream["refused"]): Upstream {
  return { ...upstream, refused }
}

/** The first sample of a listed candidate. */
export function sampled(upstream: Upstream, wasUntried: boolean): Upstream {
  const untried = wasUntried ? upstream.untried - 1 : upstream.untried
  return { ...upstream, unsampled: upstream.unsampled - 1, untried }
}

/** The first short try of a listed candidate that brought no sample. */
export function tried(upstream: Upstream): Upstream {
  return { ...upstream, untried: upstream.untried - 1 }
}

/** The breaker of one more listed candidate is open. */
export function shutOut(upstream: Upstream): Upstream {
  return { ...upstream, shut: upstream.shut + 1 }
}

/** The breaker of a listed candidate closed. */
export function letIn(upstream: Upstream): Upstream {
  return { ...upstream, shut: upstream.shut - 1 }
}

/** No listed candidate is judged any more. */
export function unjudged(upstream: Upstream): Upstream {
  const { length } = upstream.listed
  return { ...upstream, unsampled: length, untried: length, shut: 0 }
}

/** Whether there are candidates, and every one is shut out. */
export function isAllShut({ shut, listed }: Upstream): boolean {
  return listed.length > 0 && shut >= listed.length
}
