/** What this process uses: memory, descriptors, fibers, and how late its timers are. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { readdirSync } from "node:fs"
import process from "node:process"

export interface Resources {
  readonly rssMiB: number
  /** Memory of the heap and of buffers outside it. */
  readonly heapMiB: number
  /** Open descriptors; -1 where the system gives no count. */
  readonly descriptors: number
  readonly fibers: number
  /** The latest timer since the last look, in ms. */
  readonly lagMs: number
}

const LOOK_EVERY_MS = 50
const MIB = 1_048_576

/** Measures until the scope closes. */
export const watchResources = (fibers: () => number): Effect.Effect<() => Resources, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        let worstMs = 0
        let lookedMs = performance.now()
        const timer = setInterval(() => {
          const nowMs = performance.now()
          worstMs = Math.max(worstMs, nowMs - lookedMs - LOOK_EVERY_MS)
          lookedMs = nowMs
        }, LOOK_EVERY_MS)
        return {
          take: () => {
            const lagMs = worstMs
            worstMs = 0
            return lagMs
          },
          stop: () => clearInterval(timer)
        }
      }),
      ({ stop }) => Effect.sync(stop)
    ),
    ({ take }) => () => {
      const { rss, heapUsed, external } = process.memoryUsage()
      return {
        rssMiB: rss / MIB,
        heapMiB: (heapUsed + external) / MIB,
        descriptors: descriptors(),
        fibers: fibers(),
        lagMs: take()
      }
    }
  )

function descriptors(): number {
  try {
    return readdirSync("/proc/self/fd").length
  } catch {
    return -1
  }
}
