/** The monotonic clock of the process. */
import { performance } from "node:perf_hooks"

/** Integer microseconds since some fixed moment of this process. */
export function nowUs(): number {
  return Math.floor(performance.now() * 1000)
}
