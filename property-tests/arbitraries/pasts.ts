/** What another run might have left, made of one move: of the upstreams there are, and of others. */
import type { Source } from "../../src/core/model/Candidate.ts"
import type { HistoryRecord } from "../../src/core/model/History.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Move } from "./moves.ts"

const START_MS = 1_790_000_000_000
const HOUR_MS = 3_600_000
const SOURCES: ReadonlyArray<ReadonlyArray<Source>> = [["dns"], ["history"], ["user-static"], [], ["fallback", "dns"]]
/** From the future to the day before yesterday. */
const AGES_MS = [-HOUR_MS, 0, 999, 60_000, 299_999, HOUR_MS, 23 * HOUR_MS, 40 * HOUR_MS]

/** The clock on the wall, which at times is an hour off. */
export function wallMs(atUs: number, { pick }: Move): number {
  const off = pick % 11 === 0 ? HOUR_MS : pick % 13 === 0 ? -HOUR_MS : 0
  return START_MS + Math.floor(atUs / 1000) + off
}

export function recordsOf(state: State, nowMs: number, { hosts, draws, pick, tookUs }: Move): ReadonlyArray<HistoryRecord> {
  return [...hosts, "198.18.3.3", "198.18.3.4"].map((address, i) => {
    const drawn = draws[i % draws.length] as number
    const { name, host, port } = state.config.upstreams[(pick + i) % state.config.upstreams.length] ?? {
      name: "nobody",
      host: "",
      port: 443
    }
    const measuredMs = nowMs - (AGES_MS[Math.floor(drawn * AGES_MS.length)] as number)
    return {
      host,
      ...(host === "" ? { upstream: name } : {}),
      port: i % 4 === 0 ? 8_443 : port,
      address,
      sources: SOURCES[(pick + i) % SOURCES.length] as ReadonlyArray<Source>,
      latencyMs: tookUs / 1000 + i * drawn,
      measuredMs,
      expiresMs: measuredMs + (i % 3 === 0 ? 2_000 : 24 * HOUR_MS),
      ...(pick % 2 === 0 ? { network: "home" } : {})
    }
  })
}
