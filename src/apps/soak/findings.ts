/** Puts together what was seen. */
import process from "node:process"
import type { Verdict } from "../../record/Verdict.ts"
import { VERSION } from "../version.ts"
import type { Ledger } from "./Ledger.ts"
import type { Played } from "./play.ts"
import type { ClientCounts, Findings, Network, SliceSeen } from "./Report.ts"
import type { Counts } from "./Tally.ts"

export interface Ran {
  readonly seed: number
  readonly perSecond: number
  readonly plannedMs: number
  readonly ranMs: number
  readonly complete: boolean
  readonly taken: ReadonlyArray<string>
  readonly network: Network
  /** Of the services' records; absent: they are still written. */
  readonly verdicts?: Readonly<Record<string, Verdict>>
}

export function findingsOf(played: Played, ran: Ran): Findings {
  const { seed, perSecond, plannedMs, ranMs, complete, taken, network, verdicts } = ran
  const { tallies, services, course } = played
  const ledgers = services.map(({ ledger }) => ledger)
  const sum = (of: (ledger: Ledger) => number) => ledgers.reduce((total, ledger) => total + of(ledger), 0)
  const merged = (of: (ledger: Ledger) => ReadonlyMap<string, number>) => merge(ledgers.map(of))
  const ways = [...tallies.fairlead.ways.keys()].sort()
  return {
    v: 1,
    version: VERSION,
    runtime: process.versions["deno"] === undefined ? `node ${process.versions.node}` : `deno ${process.versions["deno"]}`,
    platform: `${process.platform} ${process.arch}`,
    startedAt: played.startedAt.toISOString(),
    seed,
    perSecond,
    plannedMs,
    ranMs: Math.round(ranMs),
    complete,
    scale: round(played.scale, 4),
    taken,
    network,
    fairlead: wholeOf(tallies.fairlead.all),
    control: wholeOf(tallies.control.all),
    ways: ways.map((way) => ({
      way,
      fairlead: wholeOf(tallies.fairlead.ways.get(way)),
      control: wholeOf(tallies.control.ways.get(way))
    })),
    withoutPool: { ...played.withoutPool },
    selections: {
      byStrategy: merged(({ strategies }) => strategies),
      bySource: merged(({ sources }) => sources),
      chosen: sum(({ chosen }) => chosen),
      described: sum(({ described }) => described),
      warm: sum(({ warm }) => warm),
      dialled: sum(({ dialled }) => dialled),
      unreached: sum(({ unreached }) => unreached)
    },
    refresh: {
      preheats: ledgers.flatMap(({ preheats }) => preheats),
      firstUses: sum(({ refreshes }) => refreshes),
      firstUsesFailed: sum(({ refreshesFailed }) => refreshesFailed),
      probes: sum(({ probes }) => probes),
      probesFailed: sum(({ probesFailed }) => probesFailed),
      resolved: sum(({ resolved }) => resolved),
      unresolved: sum(({ unresolved }) => unresolved),
      worstAgeShare: played.worstAgeShare < 0 ? null : round(played.worstAgeShare, 4)
    },
    fallbacks: merged(({ fallbacks }) => fallbacks),
    breakers: {
      tripped: merged(({ tripped }) => tripped),
      recovered: sum(({ recovered }) => recovered),
      suspected: sum(({ suspected }) => suspected)
    },
    moves: { byReason: merged(({ moves }) => moves), idleSwaps: sum(({ idleSwaps }) => idleSwaps) },
    calm: { ...played.recoveries.calm },
    unserved: played.unserved.map((one) => ({ ...one, atMs: round(one.atMs), tookMs: round(one.tookMs) })),
    switchOffMs: played.switchOffs.map((ms) => round(ms)),
    wrongReloads: [...played.wrongReloads],
    faults: played.recoveries.seen.map((fault) => ({
      ...fault,
      atMs: round(fault.atMs),
      untilMs: round(fault.untilMs),
      backMs: fault.backMs === null ? null : round(fault.backMs),
      boundMs: round(fault.boundMs)
    })),
    records: verdicts === undefined ? UNVERIFIED : Object.entries(verdicts).map(([service, verdict]) => ({
      service,
      outcome: verdict.outcome,
      entries: verdict.entries,
      decisions: verdict.decisions,
      choices: verdict.choices.checked
    })),
    series: course.slices.flatMap((slice, i): ReadonlyArray<SliceSeen> => {
      const atMs = i * course.sliceMs
      if (atMs > ranMs || atMs + course.sliceMs <= played.fromMs) return []
      const { warm, dialled, rssMiB, heapMiB, lagMs, ...counted } = slice
      return [{
        ...counted,
        atMs: round(atMs),
        fairlead: countsOf(tallies.fairlead.slices[i]),
        control: countsOf(tallies.control.slices[i]),
        warmShare: warm + dialled === 0 ? null : round(warm / (warm + dialled), 4),
        rssMiB: rounded(rssMiB),
        heapMiB: rounded(heapMiB),
        lagMs: rounded(lagMs)
      }]
    })
  }
}

const UNVERIFIED = ["service", "embedded"].map((service) => ({
  service,
  outcome: "unverified" as const,
  entries: 0,
  decisions: 0,
  choices: 0
}))

function wholeOf(counts: Counts | undefined): ClientCounts {
  return { ...countsOf(counts), firstByte: counts?.firstByte.classes ?? {} }
}

function countsOf(counts: Counts | undefined): ClientCounts {
  const { clients = 0, served = 0, failed = 0, caught = 0, noneCould = 0, cut = 0, corrupted = 0 } = counts ?? {}
  const p50Ms = rounded(counts?.firstByte.quantile(0.5) ?? null)
  const p99Ms = rounded(counts?.firstByte.quantile(0.99) ?? null)
  return { clients, served, failed, caught, noneCould, cut, corrupted, p50Ms, p99Ms }
}

function merge(all: ReadonlyArray<ReadonlyMap<string, number>>): Readonly<Record<string, number>> {
  const merged: Record<string, number> = {}
  for (const [key, value] of all.flatMap((one) => [...one])) merged[key] = (merged[key] ?? 0) + value
  return merged
}

const rounded = (value: number | null) => value === null ? null : round(value)

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}
