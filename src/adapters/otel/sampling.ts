/** Decides what is traced by its number alone, before any span is built. */

/** `ratio` is from 0 to 1. `seed` makes each run choose other numbers. */
export function sampler(ratio: number, seed: number): (number: number) => boolean {
  if (ratio >= 1) return () => true
  const limit = ratio * 0x1_0000_0000
  return (number) => mixed(number ^ seed) < limit
}

/** Murmur3's 32-bit finalizer, so that neighbouring numbers fall anywhere. */
function mixed(number: number): number {
  let hash = number | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
