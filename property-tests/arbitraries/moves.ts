/**
 * What a shell and a network may do next, as plain numbers that mean something only once the state is known (`pick` of the
 * open probes, of the sessions, ...). So fast-check can drop and shrink moves freely and a run stays plausible.
 */
import fc from "fast-check"
import type { AttemptOutcome, CloseCause, DialFailure, WarmLoss } from "../../src/core/model/Event.ts"
import { host } from "./config.ts"

const COMMON = ["answer", "warmAnswer", "resolveAnswer"] as const
/** What clients find on first use. */
const DEMAND = ["demand", "demand", "raceAnswer", "raceAnswer", "raceAnswer", "raceAgain"] as const
/** What a crash, a duplicate or a fault elsewhere could bring. */
const ODD = [
  "tickNow",
  "answerAgain",
  "answerUnknown",
  "answerForAnother",
  "warmAgain",
  "warmUnknown",
  "lostAgain",
  "resolveAgain",
  "acceptByOldRoutes",
  "closeUnknown",
  "silentUnknown",
  "pendingUnknown",
  "wall"
] as const
const SESSION = ["silent", "spoke", "stalled", "pending"] as const
/** What an operator wants. */
const CONTROL = ["reload", "override", "refresh"] as const
const RARE = ["workerLost", "restart", "interfaces", "history", "history"] as const

export interface Move {
  readonly kind:
    | "tick" // sleep until the next deadline, then tick
    | "accept"
    | "close"
    | "loseWarm"
    | (typeof COMMON)[number]
    | (typeof DEMAND)[number]
    | (typeof ODD)[number]
    | (typeof SESSION)[number]
    | (typeof RARE)[number]
    | (typeof CONTROL)[number]
  readonly gapUs: number
  readonly pick: number
  readonly tookUs: number
  readonly failure: DialFailure | null
  readonly outcomes: ReadonlyArray<AttemptOutcome>
  readonly cause: CloseCause
  readonly loss: WarmLoss
  readonly hosts: ReadonlyArray<string>
  readonly draws: ReadonlyArray<number>
  readonly client: number
  /** Whether a session that ends received anything. */
  readonly heard: boolean
}

export const failures: ReadonlyArray<DialFailure> = [
  "refused",
  "reset",
  "timeout",
  "unreachable",
  "implausible",
  "local",
  "certificate"
]

const KINDS: ReadonlyArray<fc.WeightedArbitrary<Move["kind"]>> = [
  { weight: 30, arbitrary: fc.constantFrom(...COMMON) },
  { weight: 16, arbitrary: fc.constant("tick" as const) },
  { weight: 12, arbitrary: fc.constant("accept" as const) },
  { weight: 8, arbitrary: fc.constant("close" as const) },
  { weight: 8, arbitrary: fc.constantFrom(...SESSION) },
  { weight: 4, arbitrary: fc.constant("loseWarm" as const) },
  { weight: 10, arbitrary: fc.constantFrom(...ODD) },
  { weight: 1, arbitrary: fc.constantFrom(...RARE) }
]

/** Time stands still, creeps, passes, or jumps by up to a day. */
export const gapUs: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.nat(50_000) },
  { weight: 4, arbitrary: fc.nat(5_000_000) },
  { weight: 1, arbitrary: fc.nat(86_400_000_000) }
)

export const tookUs: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 1_999, 2_000, 10_000, 20_000),
  fc.nat(30_000),
  fc.nat(3_000_000)
)

/** Mostly all succeeds, or mostly nothing does: breakers open on what fails often. */
const failure = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 2, arbitrary: fc.constantFrom(...failures) }
)

const details = {
  gapUs,
  pick: fc.nat(1_000_000),
  tookUs,
  failure,
  outcomes: fc.array(fc.constantFrom<AttemptOutcome>("connected", "connected", "cancelled", ...failures), { maxLength: 4 }),
  cause: fc.constantFrom<CloseCause>(
    "done",
    "client-reset",
    "upstream-reset",
    "upstream-closed",
    "idle",
    "half-close-timeout",
    "stopped"
  ),
  loss: fc.constantFrom<WarmLoss>("closed", "reset", "reset", "expired"),
  hosts: fc.array(host, { maxLength: 5 }),
  draws: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 3 }),
  client: fc.nat(3),
  heard: fc.boolean()
}

export const move: fc.Arbitrary<Move> = fc.record({ kind: fc.oneof(...KINDS), ...details })
/**
 * The same with reloads, turning off and on, and refreshes by an operator, with hosts that are not configured, and with more of what
 * earlier runs left and of networks that come and go.
 */
export const ruledMove: fc.Arbitrary<Move> = fc.record({
  kind: fc.oneof(
    ...KINDS,
    { weight: 14, arbitrary: fc.constantFrom<Move["kind"]>(...DEMAND) },
    { weight: 8, arbitrary: fc.constantFrom<Move["kind"]>(...CONTROL) },
    { weight: 3, arbitrary: fc.constantFrom<Move["kind"]>("history", "interfaces") }
  ),
  ...details
})

/** A seed for the core's generator. */
export const seed: fc.Arbitrary<number> = fc.nat(2 ** 31)

/** The one that a move means, of those that there are. */
export function one<A>(all: ReadonlyArray<A>, { pick }: Move): A | undefined {
  return all[pick % Math.max(1, all.length)]
}

/** The time that a move names, but none takes longer than there was. */
export function within(thereWasUs: number, { tookUs }: Move): number {
  return Math.min(tookUs, thereWasUs)
}

/** A candidate that was asked for no certificate cannot fail to show it. */
export function failureOf(failure: DialFailure | null, proves: boolean): DialFailure | null {
  return failure === "certificate" && !proves ? "reset" : failure
}
