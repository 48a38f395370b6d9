/** The monotonic clock of the process. */
import { performance } from "node:perf_hooks"

/** Whole microseconds since a fixed moment of this process. */
export function nowUs(): number {
  return Math.floor(performance.now() * 1000)
}
