/**
 * What a shell and a network may do next, as plain numbers that mean something only once the state is known (`pick` of the
 * open probes, of the sessions, ...). So fast-check can drop and shrink moves freely and a run stays plausible.
 */
import fc from "fast-check"
import type { AttemptOutcome, CloseCause, DialFailure } from "../../src/core/model/Event.ts"

export interface Move {
  readonly kind:
    | "tick" // sleep until the next deadline, then tick
    | "tickNow"
    | "answer"
    | "answerAgain"
    | "answerUnknown"
    | "answerForAnother"
    | "accept"
    | "acceptByOldRoutes"
    | "close"
    | "closeUnknown"
    | "workerLost"
    | "wall"
    | "restart"
  readonly gapUs: number
  readonly pick: number
  readonly tookUs: number
  readonly failure: DialFailure | null
  readonly outcomes: ReadonlyArray<AttemptOutcome>
  readonly warm: number
  readonly cause: CloseCause
}

const failures: ReadonlyArray<DialFailure> = ["refused", "reset", "timeout", "unreachable", "implausible", "local"]

const kind = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom("answer" as const) },
  { weight: 16, arbitrary: fc.constant("tick" as const) },
  { weight: 12, arbitrary: fc.constant("accept" as const) },
  { weight: 8, arbitrary: fc.constant("close" as const) },
  {
    weight: 10,
    arbitrary: fc.constantFrom(
      "tickNow" as const,
      "answerAgain" as const,
      "answerUnknown" as const,
      "answerForAnother" as const,
      "acceptByOldRoutes" as const,
      "closeUnknown" as const,
      "wall" as const
    )
  },
  { weight: 1, arbitrary: fc.constantFrom("workerLost" as const, "restart" as const) }
)

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

export const move: fc.Arbitrary<Move> = fc.record({
  kind,
  gapUs,
  pick: fc.nat(1_000_000),
  tookUs,
  failure: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(...failures) }),
  outcomes: fc.array(fc.constantFrom<AttemptOutcome>("connected", "connected", "cancelled", ...failures), { maxLength: 4 }),
  warm: fc.nat(15),
  cause: fc.constantFrom<CloseCause>("done", "client-reset", "upstream-reset", "idle", "half-close-timeout", "stopped")
})

/** A seed for the core's generator. */
export const seed: fc.Arbitrary<number> = fc.nat(2 ** 31)
