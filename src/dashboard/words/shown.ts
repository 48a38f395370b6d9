/** Which upstreams and candidates are shown, and in which order. */
import type { Candidate, Upstream } from "../service/answers.ts"

/** Keys by which upstreams are sorted. */
export const UPSTREAM_KEYS = ["attention", "name", "latency", "sessions", "hits"] as const
export type UpstreamKey = (typeof UPSTREAM_KEYS)[number]

/** Keys by which candidates are sorted; `rank`: as the service lists them, the set first, then by cost. */
export type CandidateKey = "rank" | "score" | "latency" | "success" | "warm" | "sessions"

/** The members of the set, in the service's order. */
export const membersOf = ({ candidates }: Upstream): ReadonlyArray<Candidate> => candidates.filter(({ active }) => active)

/** The latency of the first choice, in ms; null: nothing is measured. */
export function latencyOf(upstream: Upstream): number | null {
  return (membersOf(upstream)[0] ?? upstream.candidates[0])?.latencyMs ?? null
}

export const sum = (candidates: ReadonlyArray<Candidate>, key: "warm" | "connections"): number =>
  candidates.reduce((all, one) => all + one[key], 0)

/** Share of clients that got a warm socket; null: none came yet. */
export function hitShare({ hits, misses }: Upstream["pool"]): number | null {
  if (hits === null || misses === null || hits + misses === 0) return null
  return hits / (hits + misses)
}

/** How much an upstream needs attention; 0: not at all. */
export function attention(upstream: Upstream): number {
  const bySet = upstream.state === "active" ? 0 : upstream.state === "disabled" ? 1 : 4
  const suspects = membersOf(upstream).some(({ suspect }) => suspect) ? 2 : 0
  return bySet + (upstream.shutCount > 0 ? 1 : 0) + (upstream.dns === null ? 0 : 2) + (upstream.commonCause === null ? 0 : 4)
    + suspects
}

/** The upstreams that match, those that need attention first, or by another key. */
export function shownUpstreams(
  upstreams: ReadonlyArray<Upstream>,
  { text, onlyAttention, by }: { readonly text: string; readonly onlyAttention: boolean; readonly by: UpstreamKey }
): ReadonlyArray<Upstream> {
  const wanted = text.trim().toLowerCase()
  return upstreams
    .filter((one) => (!onlyAttention || attention(one) > 0) && matches(one, wanted))
    .toSorted((a, b) => orders[by](a, b) || a.name.localeCompare(b.name, undefined, { numeric: true }))
}

/** By its own name and host, and by label and address of the candidates that are at hand. */
function matches({ name, host, candidates }: Upstream, wanted: string): boolean {
  return wanted === "" || `${name} ${host ?? ""}`.toLowerCase().includes(wanted)
    || candidates.some((one) => matchesCandidate(one, wanted))
}

const orders: Readonly<Record<UpstreamKey, (a: Upstream, b: Upstream) => number>> = {
  attention: (a, b) => attention(b) - attention(a),
  name: () => 0,
  latency: (a, b) => (latencyOf(b) ?? Infinity) - (latencyOf(a) ?? Infinity) || 0,
  sessions: (a, b) => sum(b.candidates, "connections") - sum(a.candidates, "connections"),
  hits: (a, b) => (hitShare(a.pool) ?? 2) - (hitShare(b.pool) ?? 2)
}

/** The candidates that match, best first by the key. */
export function shownCandidates(
  candidates: ReadonlyArray<Candidate>,
  { text, by }: { readonly text: string; readonly by: CandidateKey }
): ReadonlyArray<Candidate> {
  const wanted = text.trim().toLowerCase()
  const found = wanted === "" ? candidates : candidates.filter((one) => matchesCandidate(one, wanted))
  return by === "rank" ? found : found.toSorted(candidateOrders[by])
}

const matchesCandidate = (one: Candidate, wanted: string): boolean =>
  [one.id, one.address, one.breaker, one.suspect ? "suspect" : "", ...one.sources].some((text) => text.includes(wanted))

const candidateOrders: Readonly<Record<Exclude<CandidateKey, "rank">, (a: Candidate, b: Candidate) => number>> = {
  score: (a, b) => b.score - a.score,
  latency: (a, b) => (a.latencyMs ?? Infinity) - (b.latencyMs ?? Infinity) || 0,
  success: (a, b) => a.successRate - b.successRate,
  warm: (a, b) => b.warm - a.warm,
  sessions: (a, b) => b.connections - a.connections
}
