/** What a good soak of an hour finds. */
import type { ClientCounts, Findings, SliceSeen } from "../../src/apps/soak/Report.ts"

const counts = (more: Partial<ClientCounts>): ClientCounts => ({
  clients: 1_000,
  served: 1_000,
  failed: 0,
  caught: 0,
  noneCould: 0,
  cut: 0,
  corrupted: 0,
  p50Ms: 30,
  p99Ms: 200,
  ...more
})

const slice = (i: number): SliceSeen => ({
  atMs: i * 30_000,
  fairlead: counts({}),
  control: counts({}),
  warmShare: 0.9,
  rssMiB: 150,
  heapMiB: 50,
  descriptors: 100,
  fibers: 40,
  lagMs: 5,
  fallbacks: 0,
  tripped: 0,
  recovered: 0,
  moves: 0,
  probes: 100,
  probesFailed: 0
})

export const findings = (): Findings => ({
  v: 1,
  version: "0.0.0",
  runtime: "node 26",
  platform: "linux x64",
  startedAt: "2026-01-01T00:00:00.000Z",
  seed: 1,
  plannedMs: 3_600_000,
  ranMs: 3_600_000,
  perSecond: 24,
  complete: true,
  scale: 1,
  taken: [],
  network: "loopback",
  fairlead: counts({}),
  control: counts({ served: 950, failed: 30, caught: 20, p50Ms: 100 }),
  ways: [],
  withoutPool: { clients: 100, served: 100 },
  selections: {
    byStrategy: { cheapest: 1_000 },
    bySource: { dns: 1_000 },
    chosen: 1_000,
    described: 1_000,
    warm: 900,
    dialled: 100,
    unreached: 0
  },
  refresh: {
    preheats: [{ upstream: "web", candidates: 3, reachable: 3, tookMs: 100 }],
    firstUses: 4,
    firstUsesFailed: 0,
    probes: 1_000,
    probesFailed: 10,
    resolved: 4,
    unresolved: 0,
    worstAgeShare: 0.1
  },
  fallbacks: {},
  breakers: { tripped: {}, recovered: 0, suspected: 0 },
  moves: { byReason: {}, idleSwaps: 0 },
  calm: { served: 100, byNearest: 90 },
  unserved: [],
  switchOffMs: [100],
  wrongReloads: [],
  faults: [{
    kind: "dies",
    group: "web",
    says: "web, nearest address: goes dark",
    atMs: 50_000,
    untilMs: 70_000,
    fairlead: { clients: 10, served: 10 },
    control: { clients: 10, served: 9 },
    backMs: 1_000,
    boundMs: 20_500,
    isDue: false
  }],
  records: [{ service: "service", outcome: "verified", entries: 10, decisions: 20, choices: 5 }],
  series: Array.from({ length: 120 }, (_, i) => slice(i))
})
