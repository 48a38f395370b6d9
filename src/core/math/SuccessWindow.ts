/**
 * Exact counts of successes and failures in a sliding window of ten buckets.
 *
 * The counts are no decaying average, because such an average gives a tight burst of failures almost no weight.
 */
export const BUCKETS = 10

export interface SuccessWindow {
  /** Number of the newest bucket since time 0. Bucket b is at index b mod 10. */
  readonly newest: number
  readonly ok: ReadonlyArray<number>
  readonly failed: ReadonlyArray<number>
}

const ZEROS: ReadonlyArray<number> = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

export const empty: SuccessWindow = { newest: 0, ok: ZEROS, failed: ZEROS }

/** The window as of `atUs`: buckets that are too old become zero. The same object when no bucket was. */
export function advanceTo(window: SuccessWindow, atUs: number, windowMs: number): SuccessWindow {
  const bucket = Math.floor(atUs / bucketUs(windowMs))
  const steps = bucket - window.newest
  if (steps <= 0) return window
  if (steps >= BUCKETS) return { newest: bucket, ok: ZEROS, failed: ZEROS }
  const ok = window.ok.slice()
  const failed = window.failed.slice()
  for (let i = 1; i <= steps; i++) {
    ok[(window.newest + i) % BUCKETS] = 0
    failed[(window.newest + i) % BUCKETS] = 0
  }
  return { newest: bucket, ok, failed }
}

/** The window with one more sample at `atUs`. */
export function record(window: SuccessWindow, success: boolean, atUs: number, windowMs: number): SuccessWindow {
  const moved = advanceTo(window, atUs, windowMs)
  const side = success ? moved.ok : moved.failed
  const counts = side.slice()
  const index = moved.newest % BUCKETS
  counts[index] = (counts[index] ?? 0) + 1
  return success ? { ...moved, ok: counts } : { ...moved, failed: counts }
}

/** All successes and failures in the window, without a look at the time. */
export function totals(window: SuccessWindow): { readonly ok: number; readonly failed: number } {
  let ok = 0
  let failed = 0
  for (let i = 0; i < BUCKETS; i++) {
    ok += window.ok[i] ?? 0
    failed += window.failed[i] ?? 0
  }
  return { ok, failed }
}

/** End of the newest bucket, in µs. Before that, no sample leaves the window. */
export function nextBucketUs(window: SuccessWindow, windowMs: number): number {
  return (window.newest + 1) * bucketUs(windowMs)
}

/** Length of a bucket: a tenth of the window. */
function bucketUs(windowMs: number): number {
  return windowMs * 100
}
