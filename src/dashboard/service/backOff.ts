/** How long to wait before the next try, in ms. `failures`: tries in a row that failed, at least 1. */
export function backOffMs(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10))
}

const FIRST_MS = 500
const LONGEST_MS = 15_000
