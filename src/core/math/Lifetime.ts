/**
 * Lifetimes: how long the other side lets something unused live, learned from what was seen of it.
 *
 * - A death says how long it lived. To have lived for a time without a death says less: it replaces shorter times, and
 *   counts only beyond what is known already.
 * - The lifetime is a low quantile of what was seen last: of fewer than eight the shortest, then of each eight one more is
 *   left out. So a few early deaths that had another reason, such as a restart, are outvoted in the end.
 * - What has been unused for longer than 0.7 of the lifetime may be dead.
 */

/** `died`: it was dead after `ms`. Otherwise it was still alive then. */
export interface Seen {
  readonly ms: number
  readonly died: boolean
}

/** The last ones, the latest last. */
export type Lifetime = ReadonlyArray<Seen>

export const unknown: Lifetime = []

const MOST_SEEN = 16
const LEFT_OUT_OF = 8

/** Whether so many outlived it that a death is the one of eight that is left out. */
export function isLeftOut(outlived: number): boolean {
  return outlived >= LEFT_OUT_OF - 1
}

export function add(lifetime: Lifetime, one: Seen): Lifetime {
  if (!one.died && one.ms <= lowMs(lifetime)) return lifetime
  return [...lifetime.filter(({ ms, died }) => died || ms >= one.ms), one].slice(-MOST_SEEN)
}

/** Deaths that were seen within so long had one reason, such as a restart of the server. The longest life counts. */
const TOGETHER_US = 100_000

/** What was seen of one kind of thing. */
export interface Lives {
  readonly lived: Lifetime
  /** The first of the deaths that were seen together last; -1: there was none. */
  readonly diedAtUs: number
}

/** With one more. */
export function seen<L extends Lives>(lives: L, one: Seen, atUs: number): L {
  const { diedAtUs } = lives
  const last = lives.lived.at(-1)
  const together = one.died && last?.died === true && atUs - diedAtUs <= TOGETHER_US
  if (together && one.ms <= last.ms) return lives
  const lived = add(together ? lives.lived.slice(0, -1) : lives.lived, one)
  return lived === lives.lived ? lives : { ...lives, lived, diedAtUs: together || !one.died ? diedAtUs : atUs }
}

/** Whether a death was seen. Without one the lifetime is only what it is at least. */
export function isKnown(lifetime: Lifetime): boolean {
  return lifetime.some(({ died }) => died)
}

/** The lifetime; -1: nothing was seen. */
export function lowMs(lifetime: Lifetime): number {
  const sorted = lifetime.map(({ ms }) => ms).sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / LEFT_OUT_OF)] ?? -1
}

/** The lifetime, or `firstMs` as long as nothing died and nothing was seen to live for longer. */
export function presumedMs(lifetime: Lifetime, firstMs: number): number {
  const ms = lowMs(lifetime)
  return isKnown(lifetime) || ms > firstMs ? ms : firstMs
}

/** For how long at most something may have been unused to be used again. */
export function safeMs(lifetimeMs: number): number {
  return Math.floor((lifetimeMs * 7) / 10)
}
