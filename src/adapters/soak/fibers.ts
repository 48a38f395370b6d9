/** Counts the fibers of a part of the program: a leak of fibers shows as a number that grows. */
import type { FiberRuntimeMetricsService } from "effect/Metric"

export interface FiberCount {
  /** Provide it as `Metric.FiberRuntimeMetrics`: fibers below count from then on. */
  readonly metrics: FiberRuntimeMetricsService
  readonly running: () => number
}

export function fiberCount(): FiberCount {
  let running = 0
  return {
    metrics: { recordFiberStart: () => void running++, recordFiberEnd: () => void running-- },
    running: () => running
  }
}
