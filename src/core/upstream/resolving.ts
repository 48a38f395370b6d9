/**
 * Resolving the name of an upstream: the query under way, the next one, and how good the last answers were.
 *
 * This file alone writes them. `reducers/membership.ts` decides when the resolver is queried.
 */
import type { Upstream } from "../model/Upstream.ts"

/** A query is under way; the next one is due then if no answer comes. */
export function asked(upstream: Upstream, resolve: number, resolveDueUs: number): Upstream {
  return { ...upstream, resolve, resolveDueUs }
}

/** The query was answered. `partial`: the number of answers in a row in which some server contributed nothing. */
export function answered(
  upstream: Upstream,
  resolveDueUs: number,
  partial: number,
  unresolvedSinceUs: number
): Upstream {
  return { ...upstream, resolve: 0, resolveDueUs, partial, unresolvedSinceUs }
}

/** When the next query is due; -1: there is none. */
export function resolveAt(upstream: Upstream, resolveDueUs: number): Upstream {
  return upstream.resolveDueUs === resolveDueUs ? upstream : { ...upstream, resolveDueUs }
}

/** The resolver may name addresses again, so queries are as frequent as at the start. */
export function hopeful(upstream: Upstream): Upstream {
  return upstream.unresolvedSinceUs < 0 ? upstream : { ...upstream, unresolvedSinceUs: -1 }
}

/** No query is under way or due. */
export function halted(upstream: Upstream): Upstream {
  return { ...upstream, resolve: 0, resolveDueUs: -1 }
}

/** As if the name had never been resolved. */
export function renewed(upstream: Upstream): Upstream {
  return answered(upstream, -1, 0, -1)
}

/** Whether a query is under way. */
export function isAsking({ resolve }: Upstream): boolean {
  return resolve !== 0
}

/** Whether a query is under way or due. */
export function isPlanned({ resolve, resolveDueUs }: Upstream): boolean {
  return resolve !== 0 || resolveDueUs >= 0
}
