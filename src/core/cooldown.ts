/** How long an open breaker stays open at most: the part that breakers of candidates and of TLS stages share. */
import { backoffMs } from "./math/backoff.ts"
import type { Breaker } from "./model/Config.ts"

/** What a breaker remembers of the last time that it was open. */
interface LastOpen {
  readonly openings: number
  readonly closedAtUs: number
  readonly openForMs: number
}

/** `cooldown`, or `timeoutCooldown` after silence. It doubles with each opening in a row, up to `maxCooldown`. */
export function ceilingMs(
  { cooldownMs, timeoutCooldownMs, maxCooldownMs }: Breaker,
  wasSilent: boolean,
  openings: number
): number {
  const longestMs = wasSilent ? timeoutCooldownMs : cooldownMs
  return backoffMs(openings - 1, longestMs, Math.max(longestMs, maxCooldownMs))
}

/** Openings in a row when a closed breaker opens. Earlier ones are forgiven once it was closed as long as it had been open. */
export function openingsAt({ openings, closedAtUs, openForMs }: LastOpen, atUs: number): number {
  return atUs - closedAtUs >= openForMs * 1000 ? 1 : openings + 1
}
