/** Which things are traced: decided by their number alone, before anything is built for them. */

/** `ratio` from 0 to 1; runs differ by `seed`, so that not the same numbers are traced in each. */
export function sampler(ratio: number, seed: number): (number: number) => boolean {
  if (ratio >= 1) return () => true
  const limit = ratio * 0x1_0000_0000
  return (number) => mixed(number ^ seed) < limit
}

/** A 32-bit finalizer (Murmur3's), so that neighbours fall anywhere. */
function mixed(number: number): number {
  let hash = number | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
