/**
 * Age of warm sockets: for how long the pool keeps an unused one.
 *
 * - `pool.maxAge` as a time: for so long.
 * - `auto`: for 0.7 of the time that the upstream lets an unused socket live, as was seen (math/Lifetime.ts, as for idle
 *   HTTP connections in reducers/keepAlive.ts). For 20 s as long as none died and none was seen to live for longer.
 *   No more than two and a half minutes count.
 * - Less up to a fifth, drawn, so that not all sockets age at the same time.
 * - With `auto` one of eight, by the same draw, is kept for twice the time that is known. Its end shows whether the time is
 *   longer. All of them are kept for the same time, because a longer life replaces shorter ones, and only equal ones add up.
 * - A socket teaches when the upstream ends it, and when its time is over. One that the upstream ended within a second was
 *   turned away, and one that it ended in an outage, of the network or of all candidates, teaches nothing.
 */
import { AUTO_MAX_AGE_MS } from "../autoMaxAge.ts"
import * as Candidates from "../candidates.ts"
import { isFrozen } from "../frozen.ts"
import * as Lifetime from "../math/Lifetime.ts"
import type { Candidate } from "../model/Candidate.ts"
import type { WarmLost } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Upstream } from "../model/Upstream.ts"
import { seen } from "../upstream/lives.ts"
import * as Upstreams from "../upstreams.ts"

/** 0.7 of it are 20 s. Half a minute is the shortest common limit of servers for a connection without a byte. */
const FIRST_LIFE_MS = 28_572
/** Middleboxes on the way forget connections after a few minutes. */
const MOST_LIFE_MS = 150_000
const TURNED_AWAY_MS = 1_000
/** From this draw on a socket is kept for longer. */
const LONGER_FROM = 7 / 8

/** What the end of a warm socket teaches. */
export function learned(state: State, { candidate: id, reason, ageUs }: WarmLost, atUs: number): State {
  const candidate = Candidates.find(state, id) as Candidate
  if (Candidates.configOf(state, candidate).pool.maxAgeMs !== AUTO_MAX_AGE_MS) return state
  const ms = Math.floor(ageUs / 1000)
  const upstream = Upstreams.find(state, candidate.upstream) as Upstream
  const died = reason !== "expired"
  if (reason === "drained" || (died && (ms < TURNED_AWAY_MS || isFrozen(state, candidate)))) return state
  return Upstreams.replace(state, upstream, seen(upstream, { ms, died }, atUs))
}

/** For how long the next socket is kept. `drawn`: from 0 to 1; 0: for as long as it may be, and for no longer. */
export function keepForMs(state: State, id: Upstream["id"], drawn: number): number {
  const { maxAgeMs } = Upstreams.configOf(state, id).pool
  const { lives: { lived } } = Upstreams.find(state, id) as Upstream
  const presumedMs = Lifetime.presumedMs(lived, FIRST_LIFE_MS)
  const lifeMs = presumedMs < MOST_LIFE_MS ? presumedMs : MOST_LIFE_MS
  const isAuto = maxAgeMs === AUTO_MAX_AGE_MS
  if (isAuto && drawn >= LONGER_FROM) return 2 * lifeMs
  return Math.ceil((isAuto ? Lifetime.safeMs(lifeMs) : maxAgeMs) * (1 - drawn / 5))
}
