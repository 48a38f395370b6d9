/**
 * Which addresses cannot be bound beside each other: equal ones, and any address beside a wildcard that covers it. `[::]`
 * takes IPv4 too, because Deno's sockets cannot be told not to.
 */
import { wordsOf } from "../core/addressWords.ts"
import type { Address } from "../core/model/Routes.ts"

export function overlap(a: Address, b: Address): boolean {
  // A port that the system chooses is free.
  return a.port === b.port && a.port !== 0 && (covers(a.host, b.host) || covers(b.host, a.host))
}

/** A listener on `wide` gets what is sent to `host`, an address of this machine. */
export function covers(wide: string, host: string): boolean {
  const [a, b] = [wordsOf(wide), wordsOf(host)]
  if (a === undefined || b === undefined) return wide === host
  const everywhere = a.every((word) => word === 0)
  if (everywhere) return a.length === 4 || b.length === 1
  return a.length === b.length && a.every((word, i) => word === b[i])
}
