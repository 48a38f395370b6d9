/** What served a connection: for traces, logs and the headers of a response. */
import { find, isListed, labelOf } from "../../core/candidates.ts"
import type { Candidate } from "../../core/model/Candidate.ts"
import type { Attempt } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import { reasonOf } from "../../core/pick.ts"
import type { Reached } from "../../plane/ports/Transport.ts"

export interface ServedBy {
  /** The name of the upstream; `host:port` where it was found on demand. */
  readonly upstream: string
  /** The label of the candidate, such as `web#2`; null: the address is no candidate, the system's resolver gave it. */
  readonly candidate: string | null
  /** Which list names the address; null: none, or the pool is off (`enabled: false`, `bypass`). */
  readonly source: "user-static" | "dns" | "history" | "builtin" | "fallback" | null
  /** The measured latency of a handshake with the candidate, in ms; null: not measured, or the pool is off. */
  readonly latencyMs: number | null
  /**
   * The rung of the ladder that the address stands on. `active`: the set, or the best outside of it. `system`: the addresses of
   * the system's resolver. `disabled`: the pool is off.
   */
  readonly stage: "active" | "stale" | "fallback" | "system" | "unranked" | "disabled"
  /** Why its first candidate was chosen. `unranked`: none was, and the ladder served. */
  readonly why: "only" | "cheapest" | "balanced" | "unranked"
  /** The connection was there before the program asked. */
  readonly warm: boolean
  /** How long the winning dial took, in ms; 0 for a warm connection. */
  readonly connectMs: number
  /** The stage of its upstream's `tls.chain` that gave a connection of `connectTls`; null: it is no such connection. */
  readonly tlsStage: "cover" | "real" | "system" | null
  /** The dials, in the order in which they ended. */
  readonly tried: ReadonlyArray<Tried>
}

/** One dial. */
export interface Tried {
  /** The label of the candidate, such as `web#2`. The name or address where there is no candidate. */
  readonly candidate: string
  /** `connected`, `refused`, `timeout`, `unreachable`, ... */
  readonly outcome: string
  readonly tookMs: number
}

export function servedBy(state: State, upstream: string, reached: Reached): ServedBy {
  const { routes, chosen, candidate: id, isWarm, tried } = reached
  const candidate = find(state, id)
  const isOff = routes.state === "disabled"
  const measured = candidate !== undefined && candidate.latency.atUs >= 0
  return {
    upstream,
    candidate: id === "system" ? null : labelOf(state, id),
    source: isOff ? null : candidate?.sources[0] ?? null,
    latencyMs: isOff || !measured ? null : round(candidate.latency.value),
    stage: stageOf(reached, candidate),
    why: reasonOf(routes, chosen),
    warm: isWarm,
    connectMs: round((tried.find(({ outcome }) => outcome === "connected")?.tookUs ?? 0) / 1000),
    tlsStage: null,
    tried: tried.map((one) => triedIn(state, one))
  }
}

/** A plan goes on down the ladder, so the address may stand lower than the upstream does. */
function stageOf({ routes, candidate: id }: Reached, candidate: Candidate | undefined): ServedBy["stage"] {
  if (routes.state === "disabled") return "disabled"
  if (id === "system") return "system"
  if (candidate !== undefined && !isListed(candidate)) return "fallback"
  // The list follows behind the addresses of the other rungs.
  return routes.state === "system" || routes.state === "fallback" ? "unranked" : routes.state
}

export function triedIn(state: State, { candidate, host, outcome, tookUs }: Attempt): Tried {
  return { candidate: host ?? labelOf(state, candidate), outcome, tookMs: Math.round(tookUs / 1000) }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
