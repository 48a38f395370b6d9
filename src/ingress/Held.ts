/**
 * Held: bytes that a parser keeps until it can tell what they mean. Appending never changes what was held before, and costs what is
 * appended: a state that is the latest owner of its store writes behind its end, an older one copies. So a client that sends one
 * byte at a time costs no more than one that sends all.
 */
export interface Held {
  readonly length: number
  readonly store: Store
}

interface Store {
  readonly bytes: Uint8Array
  /** Some state holds all bytes up to here. */
  used: number
}

const SMALLEST = 64

export const NOTHING_HELD: Held = { length: 0, store: { bytes: new Uint8Array(0), used: 0 } }

/** No store is larger than `most`, which the bytes do not exceed. */
export function append(held: Held, more: Uint8Array, most: number): Held {
  if (more.length === 0) return held
  const length = held.length + more.length
  const isLatest = held.store.used === held.length
  const store = isLatest && length <= held.store.bytes.length ? held.store : copied(held, length, most)
  store.bytes.set(more, held.length)
  store.used = length
  return { length, store }
}

function copied(held: Held, length: number, most: number): Store {
  const bytes = new Uint8Array(Math.min(Math.max(SMALLEST, length, 2 * held.length), most))
  bytes.set(bytesOf(held))
  return { bytes, used: held.length }
}

export function bytesOf({ length, store }: Held): Uint8Array {
  return store.bytes.subarray(0, length)
}

export function joined(parts: ReadonlyArray<Uint8Array>): Uint8Array {
  const full = parts.filter(({ length }) => length > 0)
  if (full.length === 1) return full[0] as Uint8Array
  const all = new Uint8Array(full.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of full) {
    all.set(part, at)
    at += part.length
  }
  return all
}
