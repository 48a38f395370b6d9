/** Two parts of one soak as one. */
import { Histogram } from "./Histogram.ts"
import type { ClientCounts, Findings, SliceSeen } from "./Report.ts"
import { MOST_UNSERVED } from "./Report.ts"

type Counted = Readonly<Record<string, number>>

/** `before` ended early, and `after` went on from there: its times count from the start of the first part. */
export function joined(before: Findings, after: Findings): Findings {
  const ways = [...new Set([...before.ways, ...after.ways].map(({ way }) => way))].sort()
  const none = clientsOf({ clients: 0, served: 0, failed: 0, caught: 0, noneCould: 0, cut: 0, corrupted: 0 }, {})
  const of = ({ ways }: Findings, name: string) => ways.find(({ way }) => way === name)
  return {
    ...after,
    startedAt: before.startedAt,
    resumedAtMs: [...before.resumedAtMs ?? [], before.ranMs],
    fairlead: sum(before.fairlead, after.fairlead),
    control: sum(before.control, after.control),
    ways: ways.map((way) => ({
      way,
      fairlead: sum(of(before, way)?.fairlead ?? none, of(after, way)?.fairlead ?? none),
      control: sum(of(before, way)?.control ?? none, of(after, way)?.control ?? none)
    })),
    withoutPool: added(before.withoutPool, after.withoutPool),
    selections: {
      ...added(before.selections, after.selections),
      byStrategy: merged(before.selections.byStrategy, after.selections.byStrategy),
      bySource: merged(before.selections.bySource, after.selections.bySource)
    },
    refresh: {
      ...added(before.refresh, after.refresh),
      preheats: [...before.refresh.preheats, ...after.refresh.preheats],
      worstAgeShare: most(before.refresh.worstAgeShare, after.refresh.worstAgeShare)
    },
    fallbacks: merged(before.fallbacks, after.fallbacks),
    breakers: {
      ...added(before.breakers, after.breakers),
      tripped: merged(before.breakers.tripped, after.breakers.tripped)
    },
    moves: { ...added(before.moves, after.moves), byReason: merged(before.moves.byReason, after.moves.byReason) },
    calm: added(before.calm, after.calm),
    unserved: [...before.unserved, ...after.unserved].slice(0, MOST_UNSERVED),
    switchOffMs: [...before.switchOffMs, ...after.switchOffMs],
    wrongReloads: [...before.wrongReloads, ...after.wrongReloads],
    faults: [...before.faults.filter((fault) => !isCutShort(fault, before.ranMs, after.faults[0])), ...after.faults],
    records: [...before.records, ...after.records],
    series: seriesOf(before.series, after.series)
  }
}

type FaultSeen = Findings["faults"][number]

/** A fault that was under way when the first part ended came once more, whole. Its planned end may have been over by then. */
function isCutShort({ untilMs, kind, group }: FaultSeen, ranMs: number, next: FaultSeen | undefined): boolean {
  return untilMs > ranMs && kind === next?.kind && group === next.group
}

/** Both parts may have something of the slice in which the first one ended. */
function seriesOf(before: ReadonlyArray<SliceSeen>, after: ReadonlyArray<SliceSeen>): ReadonlyArray<SliceSeen> {
  const [first, ...others] = after
  const last = before.at(-1)
  if (first === undefined || last === undefined || first.atMs !== last.atMs) return [...before, ...after]
  const [fairlead, control] = [sum(last.fairlead, first.fairlead), sum(last.control, first.control)]
  const more = first.fairlead.served >= last.fairlead.served ? first : last
  const both = { ...added(last, first), fairlead, control, warmShare: more.warmShare }
  const shown = { rssMiB: first.rssMiB, heapMiB: first.heapMiB, descriptors: first.descriptors }
  const least = { fibers: first.fibers ?? null, lagMs: most(last.lagMs, first.lagMs), atMs: first.atMs }
  return [...before.slice(0, -1), { ...both, ...shown, ...least }, ...others]
}

/** Quantiles come from the classes of both, or else from the part that served more. */
function sum(before: ClientCounts, after: ClientCounts): ClientCounts {
  const counts = added(before, after)
  if (before.firstByte !== undefined && after.firstByte !== undefined) {
    return clientsOf(counts, merged(before.firstByte, after.firstByte))
  }
  const { p50Ms, p99Ms } = after.served >= before.served ? after : before
  return { ...counts, p50Ms, p99Ms }
}

function clientsOf(counts: Omit<ClientCounts, "p50Ms" | "p99Ms" | "firstByte">, classes: Counted): ClientCounts {
  const histogram = new Histogram().addClasses(classes)
  const at = (q: number) => {
    const ms = histogram.quantile(q)
    return ms === null ? null : Number(ms.toFixed(1))
  }
  return { ...counts, p50Ms: at(0.5), p99Ms: at(0.99), firstByte: classes }
}

/** The numbers of both; everything else is of the second one. */
function added<A extends object>(before: A, after: A): A {
  const numbers = Object.entries(after).flatMap(([key, value]) => {
    const was: unknown = before[key as keyof A]
    return typeof value === "number" && typeof was === "number" ? [[key, was + value] as const] : []
  })
  return { ...after, ...Object.fromEntries(numbers) }
}

function merged(before: Counted, after: Counted): Counted {
  const both: Record<string, number> = { ...before }
  for (const [key, value] of Object.entries(after)) both[key] = (both[key] ?? 0) + value
  return both
}

function most(before: number | null, after: number | null): number | null {
  return before === null || after === null ? before ?? after : Math.max(before, after)
}
