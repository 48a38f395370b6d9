/** The lines of the verdict: what each of them measures, its limit by default, and by how much it may be worse than before. */
import type { Findings, SliceSeen } from "./Report.ts"
import { flatness } from "./flatness.ts"

export interface Threshold {
  readonly id: string
  readonly what: string
  readonly unit: string
  /** true: the value has to reach the limit; false: to stay within it. */
  readonly atLeast: boolean
  readonly limit: number
  /** How much worse than a baseline it may be, in its unit. */
  readonly tolerance: number
  /** A machine that is too busy for its timers spoils it. */
  readonly isTimed: boolean
  /** null: nothing was seen that could be judged. */
  readonly valueOf: (seen: Findings) => number | null
  /** What to look at when it fails. */
  readonly hint: string
  /** Why the value may be null. */
  readonly unseen: string
}

const percent = (part: number, whole: number) => whole === 0 ? null : 100 * part / whole
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0)
const HOUR_MS = 3_600_000
/** A shorter run says nothing about memory. */
const LEAST_FOR_MEMORY_MS = 240_000
const FLAT_UNSEEN = "the run (since it was resumed) was shorter than four minutes, or the system gives no count"

/** In percent. A soak that was resumed has had another process before, so that only the last part counts. */
function growth(
  { series, ranMs, resumedAtMs = [] }: Findings,
  of: (slice: SliceSeen) => number | null,
  by: Parameters<typeof flatness>[1]
): number | null {
  const sinceMs = Math.max(0, ...resumedAtMs)
  if (ranMs - sinceMs < LEAST_FOR_MEMORY_MS) return null
  return flatness(series.filter(({ atMs }) => atMs >= sinceMs).map(of), by)
}

export const THRESHOLDS: ReadonlyArray<Threshold> = [
  {
    id: "preheatCoverage",
    isTimed: false,
    what: "preheated candidates measured in the first round",
    unit: "%",
    atLeast: true,
    limit: 100,
    tolerance: 0,
    valueOf: ({ refresh: { preheats } }) =>
      percent(sum(preheats.map(({ reachable }) => reachable)), sum(preheats.map(({ candidates }) => candidates))),
    hint: "probing.timeout, probing.maxParallel, probing.ratePerSecond",
    unseen: "no first round ended"
  },
  {
    id: "p50Improvement",
    isTimed: true,
    what: "first byte for half of the clients, faster than the control group by",
    unit: "%",
    atLeast: true,
    limit: 15,
    tolerance: 10,
    valueOf: ({ fairlead, control }) =>
      fairlead.p50Ms === null || control.p50Ms === null ? null : 100 * (1 - fairlead.p50Ms / control.p50Ms),
    hint: "pool.mode, scoring, balancing",
    unseen: "no client was served"
  },
  {
    id: "refreshAge",
    isTimed: false,
    what: "oldest sample of an admissible preheated candidate, of cache.scoreTtl",
    unit: "%",
    atLeast: false,
    limit: 100,
    tolerance: 25,
    valueOf: ({ refresh: { worstAgeShare } }) => worstAgeShare === null ? null : 100 * worstAgeShare,
    hint: "probing.interval, probing.candidatesPerRound",
    unseen: "no candidate was measured"
  },
  {
    id: "fallbackSuccess",
    isTimed: false,
    what: "clients served while Fairlead was off or no name was resolved",
    unit: "%",
    atLeast: true,
    limit: 99,
    tolerance: 0.5,
    valueOf: ({ withoutPool: { clients, served } }) => percent(served, clients),
    hint: "the faults switched-off and resolver",
    unseen: "neither fault came"
  },
  {
    id: "completeFacts",
    isTimed: false,
    what: "choices with the source and the latency of the address",
    unit: "%",
    atLeast: true,
    limit: 100,
    tolerance: 0,
    valueOf: ({ selections: { chosen, described } }) => percent(described, chosen),
    hint: "facts and the record",
    unseen: "no client got a choice"
  },
  {
    id: "switchOff",
    isTimed: true,
    what: "from the order to switch off to the first client without a choice, at most",
    unit: "ms",
    atLeast: false,
    limit: 5_000,
    tolerance: 1_000,
    valueOf: ({ switchOffMs }) => switchOffMs.length === 0 ? null : Math.max(...switchOffMs),
    hint: "the fault switched-off",
    unseen: "no client came after the order"
  },
  {
    id: "success",
    isTimed: true,
    what: "clients served where an address could serve",
    unit: "%",
    atLeast: true,
    limit: 99.9,
    tolerance: 0.1,
    valueOf: ({ fairlead: { served, failed } }) => percent(served, served + failed),
    hint: "the table of faults: clients and served",
    unseen: "no client came"
  },
  {
    id: "failuresAgainstControl",
    isTimed: true,
    what: "clients not served, caught by a fault or without excuse, of those of the control group",
    unit: "%",
    atLeast: false,
    limit: 100,
    tolerance: 25,
    valueOf: ({ fairlead, control }) => {
      const theirs = control.failed + control.caught
      const ours = fairlead.failed + fairlead.caught
      return theirs === 0 ? ours === 0 ? 0 : null : 100 * ours / theirs
    },
    hint: "the table of faults",
    unseen: "the control group failed no client"
  },
  {
    id: "corrupted",
    isTimed: false,
    what: "streams that arrived altered",
    unit: "",
    atLeast: false,
    limit: 0,
    tolerance: 0,
    valueOf: ({ fairlead: { corrupted } }) => corrupted,
    hint: "this must never happen: please report it",
    unseen: ""
  },
  {
    id: "warmShare",
    isTimed: false,
    what: "clients with a warm socket",
    unit: "%",
    atLeast: true,
    limit: 60,
    tolerance: 10,
    valueOf: ({ selections: { warm, dialled } }) => percent(warm, warm + dialled),
    hint: "pool.mode, pool.min, pool.headroom",
    unseen: "no client was served"
  },
  {
    id: "idleMoves",
    isTimed: true,
    what: "moves of an active set that bring nothing, in an hour of normal service",
    unit: "",
    atLeast: false,
    limit: 100,
    tolerance: 50,
    valueOf: ({ moves: { idleSwaps }, ranMs, scale }) => ranMs === 0 ? null : idleSwaps * HOUR_MS * scale / ranMs,
    hint: "selector.switching: margin, marginPercent, hold, confirmations",
    unseen: ""
  },
  {
    id: "recovery",
    isTimed: true,
    what: "time until the nearest address serves again after a fault, of its limit, at most",
    unit: "%",
    atLeast: false,
    limit: 100,
    tolerance: 25,
    valueOf: ({ faults }) => {
      const judged = faults.flatMap(({ backMs, boundMs, isDue }) =>
        backMs !== null ? [100 * backMs / boundMs] : isDue ? [Number.MAX_SAFE_INTEGER] : []
      )
      return judged.length === 0 ? null : Math.max(...judged)
    },
    hint: "scoring.decay, scoring.failurePenalty, breaker.cooldown, breaker.firstTrial",
    unseen: "no fault of an address was over"
  },
  {
    id: "nearestShare",
    isTimed: true,
    what: "clients served by the nearest address while nothing is wrong",
    unit: "%",
    atLeast: true,
    limit: 50,
    tolerance: 15,
    valueOf: ({ calm: { served, byNearest } }) => percent(byNearest, served),
    hint: "scoring.decay, scoring.failurePenalty, breaker.ramp, balancing.tolerance",
    unseen: "no client came in a quiet time"
  },
  {
    id: "heapGrowth",
    isTimed: false,
    what: "memory after collections: the last third of the run above the second one",
    unit: "%",
    atLeast: false,
    limit: 20,
    tolerance: 10,
    valueOf: (seen) => growth(seen, ({ heapMiB }) => heapMiB, "least"),
    hint: "a leak",
    unseen: FLAT_UNSEEN
  },
  {
    id: "descriptorGrowth",
    isTimed: false,
    what: "open descriptors: the last third of the run above the second one",
    unit: "%",
    atLeast: false,
    limit: 20,
    tolerance: 10,
    valueOf: (seen) => growth(seen, ({ descriptors }) => descriptors, "median"),
    hint: "a leak of sockets",
    unseen: FLAT_UNSEEN
  },
  {
    id: "fiberGrowth",
    isTimed: false,
    what: "fibers of the services: the last third of the run above the second one",
    unit: "%",
    atLeast: false,
    limit: 20,
    tolerance: 10,
    valueOf: (seen) => growth(seen, ({ fibers }) => fibers ?? null, "least"),
    hint: "a leak of fibers",
    unseen: FLAT_UNSEEN
  },
  {
    id: "reloads",
    isTimed: false,
    what: "reloads that did not end as they should",
    unit: "",
    atLeast: false,
    limit: 0,
    tolerance: 0,
    valueOf: ({ wrongReloads }) => wrongReloads.length,
    hint: "the fault broken-reload",
    unseen: ""
  },
  {
    id: "record",
    isTimed: false,
    what: "records that did not verify when they were replayed",
    unit: "",
    atLeast: false,
    limit: 0,
    tolerance: 0,
    valueOf: ({ records }) => records.filter(({ outcome }) => outcome !== "verified" && outcome !== "unverified").length,
    hint: "fairlead replay DIR",
    unseen: ""
  }
]

/** Timers of a machine with time to spare are late by a few milliseconds. */
const BUSY_MS = 50
/** A busy time of this length is remembered in costs for much longer. */
const BUSY_SHARE = 0.15

/** How late timers were in so much of the time, in ms, where the machine was too busy for judgements of time; null: it was not. */
export function busyMs({ series }: Pick<Findings, "series">): number | null {
  const lags = series.flatMap(({ lagMs }) => lagMs === null ? [] : [lagMs]).toSorted((a, b) => a - b)
  const late = lags[Math.floor(lags.length * (1 - BUSY_SHARE))] ?? 0
  return late > BUSY_MS ? late : null
}
