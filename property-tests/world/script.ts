/**
 * The script of a world: plain data, so that fast-check can drop parts of it and a run stays plausible. Numbers named `pick` mean something
 * only once the world is known: they count round.
 */
import fc from "fast-check"

/** How an address behaves while it is well. */
export interface Place {
  readonly rttMs: number
  /** Each round trip takes up to so much longer. */
  readonly jitterMs: number
  /** The share of packets that are lost, in percent. */
  readonly lossPercent: number
  /** The server speaks before its client does. */
  readonly greets: boolean
  /** How long the server thinks before its first byte. */
  readonly thinksMs: number
  /** How long the server keeps a connection without bytes; 0: for ever. */
  readonly idleMs: number
}

export const FAULTS = [
  "dark",
  "refused",
  "unreachable",
  "reset",
  "half-open",
  "cutting",
  "closing",
  "alert",
  "lossy",
  "slow",
  "thinking",
  "impostor"
] as const
export type FaultKind = (typeof FAULTS)[number]

/** One address is faulty for a while, or all are. */
export interface FaultPart {
  readonly kind: FaultKind
  readonly all: boolean
  readonly pick: number
  /** Thousandths of the run. */
  readonly at: number
  readonly seconds: number
  /** The fault comes and goes, so many seconds each time; 0: it stays. */
  readonly flapsS: number
}

/** From then on an address is at another distance. */
export interface Shift {
  readonly pick: number
  readonly at: number
  readonly rttMs: number
}

export const LIES = ["silent", "fails", "empty", "wrong", "denied", "flaps"] as const
export interface Lie {
  readonly kind: (typeof LIES)[number]
  readonly pick: number
  readonly at: number
  readonly seconds: number
}

export const ACTS = [
  "reload",
  "reload",
  "reload",
  "off",
  "refresh",
  "refresh",
  "restart",
  "kill",
  "kill",
  "wall",
  "sleep",
  "unplugged"
] as const
export interface ActPart {
  readonly kind: (typeof ACTS)[number]
  readonly pick: number
  readonly at: number
  readonly seconds: number
}

/** Clients that come together, or one after the other. */
export interface Burst {
  readonly pick: number
  readonly at: number
  readonly clients: number
  readonly gapMs: number
  readonly holdMs: number
}

export interface ServicePart {
  /** Addresses of the list, of the fallback list and of the name, as picks. */
  readonly list: ReadonlyArray<number>
  readonly fallback: ReadonlyArray<number>
  readonly name: ReadonlyArray<number>
  readonly intervalMs: number
  readonly challengers: number
  readonly activeSetSize: number
  readonly holdMs: number
  readonly pool: "dynamic" | "fixed" | "off"
  readonly threshold: number
  readonly cooldownMs: number
  readonly rampMs: number
  readonly attempts: number
  readonly raceDelayMs: number
  readonly stallMs: number
  readonly policy: "leastConnections" | "powerOfTwo" | "roundRobin" | "random"
  readonly affinity: boolean
  readonly lazy: boolean
  readonly proves: boolean
  /** One client comes in each such time. */
  readonly everyMs: number
}

export interface Script {
  readonly seed: number
  readonly minutes: number
  readonly gatherMs: number
  readonly places: ReadonlyArray<Place>
  readonly services: ReadonlyArray<ServicePart>
  readonly budget: { readonly maxParallel: number; readonly perHost: number; readonly ratePerSecond: number }
  /** Addresses that `access` denies, as picks. */
  readonly denied: ReadonlyArray<number>
  readonly faults: ReadonlyArray<FaultPart>
  readonly shifts: ReadonlyArray<Shift>
  readonly lies: ReadonlyArray<Lie>
  readonly acts: ReadonlyArray<ActPart>
  readonly bursts: ReadonlyArray<Burst>
}

const pick = fc.nat(999)
const at = fc.nat(999)
const picks = (minLength: number, maxLength: number) => fc.array(pick, { minLength, maxLength, size: "max" })
const oneIn = (n: number) => fc.nat(n - 1).map((drawn) => drawn === n - 1)

const place: fc.Arbitrary<Place> = fc.record({
  rttMs: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 250 })),
  jitterMs: fc.constantFrom(0, 1, 3, 10, 30),
  lossPercent: fc.constantFrom(0, 0, 0, 0, 0, 1, 5),
  greets: oneIn(8),
  thinksMs: fc.constantFrom(0, 0, 5, 50, 2_500),
  idleMs: fc.constantFrom(0, 0, 4_000, 15_000)
})

const service: fc.Arbitrary<ServicePart> = fc.record({
  list: picks(0, 6),
  fallback: picks(0, 2),
  name: picks(0, 4),
  intervalMs: fc.constantFrom(3_000, 5_000, 10_000, 10_000, 30_000),
  challengers: fc.integer({ min: 1, max: 8 }),
  activeSetSize: fc.integer({ min: 1, max: 3 }),
  holdMs: fc.constantFrom(1_000, 5_000, 30_000),
  pool: fc.constantFrom("dynamic" as const, "dynamic" as const, "fixed" as const, "off" as const, "off" as const),
  threshold: fc.integer({ min: 1, max: 5 }),
  cooldownMs: fc.constantFrom(5_000, 30_000),
  rampMs: fc.constantFrom(0, 5_000, 30_000),
  attempts: fc.integer({ min: 1, max: 3 }),
  raceDelayMs: fc.constantFrom(50, 250, 1_000),
  stallMs: fc.constantFrom(2_000, 10_000),
  policy: fc.constantFrom("leastConnections" as const, "powerOfTwo" as const, "roundRobin" as const, "random" as const),
  affinity: oneIn(6),
  lazy: oneIn(6),
  proves: oneIn(5),
  everyMs: fc.constantFrom(300, 1_000, 4_000, 20_000)
})

const fault: fc.Arbitrary<FaultPart> = fc.record({
  kind: fc.constantFrom(...FAULTS),
  all: oneIn(12),
  pick,
  at,
  seconds: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 5, max: 120 })),
  flapsS: fc.constantFrom(0, 0, 0, 1, 7)
})

/** Small enough to shrink, and long enough for a quarter of an hour on average. */
export const script: fc.Arbitrary<Script> = fc.record({
  seed: fc.nat(2 ** 31 - 1),
  minutes: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 3, max: 12 }) },
    { weight: 3, arbitrary: fc.integer({ min: 10, max: 30 }) },
    { weight: 1, arbitrary: fc.integer({ min: 30, max: 120 }) }
  ),
  gatherMs: fc.constantFrom(0, 0, 2, 5),
  places: fc.array(place, { minLength: 2, maxLength: 10, size: "max" }),
  services: fc.array(service, { minLength: 1, maxLength: 3, size: "max" }),
  budget: fc.record({
    maxParallel: fc.integer({ min: 1, max: 16 }),
    perHost: fc.integer({ min: 1, max: 3 }),
    ratePerSecond: fc.constantFrom(2, 5, 20, 50)
  }),
  denied: picks(0, 1),
  faults: fc.oneof(
    fc.array(fault, { maxLength: 6, size: "max" }),
    fc.array(fault, { minLength: 4, maxLength: 24, size: "max" })
  ),
  shifts: fc.array(fc.record({ pick, at, rttMs: fc.integer({ min: 1, max: 250 }) }), { maxLength: 8, size: "max" }),
  lies: fc.array(
    fc.record({ kind: fc.constantFrom(...LIES), pick, at, seconds: fc.integer({ min: 1, max: 120 }) }),
    { maxLength: 4, size: "max" }
  ),
  acts: fc.array(
    fc.record({ kind: fc.constantFrom(...ACTS), pick, at, seconds: fc.integer({ min: 1, max: 60 }) }),
    { maxLength: 8, size: "max" }
  ),
  bursts: fc.array(
    fc.record({
      pick,
      at,
      clients: fc.integer({ min: 1, max: 40 }),
      gapMs: fc.constantFrom(0, 0, 5, 100),
      holdMs: fc.constantFrom(0, 200, 5_000, 60_000)
    }),
    { maxLength: 8, size: "max" }
  )
})

/** The script of a seed. */
export function scriptOf(seed: number): Script {
  return fc.sample(fc.noBias(script), { seed, numRuns: 1 })[0] as Script
}
