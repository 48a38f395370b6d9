/** `fairlead demo`: shows the whole service, without a network. */
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { ownDirectory } from "../../adapters/demo/directory.ts"
import { isTerminal, outputGone, terminalColumns } from "../../adapters/demo/Screen.ts"
import { parseDuration } from "../../core/schema/units.ts"
import type { Verdict } from "../../record/Verdict.ts"
import { exitCode } from "../../record/Verdict.ts"
import { Ended, UsageError } from "../exit.ts"
import { verify } from "../replay.ts"
import { nothing, plainText, storyText, terminal, TEXT_COLUMNS } from "./outputs.ts"
import { CLIENT_TIMEOUT_MS } from "./load.ts"
import { play } from "./play.ts"
import type { Stage } from "./Stage.ts"
import type { Summary } from "./Summary.ts"
import { complaintsOf, summaryText } from "./Summary.ts"
import * as warnings from "./warnings.ts"

const LEAST_MS = 5_000
const MOST_MS = 600_000
/** Number of tables in a file over the whole demo. */
const TABLES = 12

const duration = Flag.String("duration").pipe(
  Flag.withDescription("How long the script plays, from 5s to 10m; the service's intervals shrink and grow with it"),
  Flag.withMetavar("TIME"),
  Flag.withDefault("60s")
)
const seed = Flag.Int("seed").pipe(
  Flag.withDescription("Seed of the random arrivals and of the jitter"),
  Flag.withMetavar("N"),
  Flag.withDefault(1)
)
const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print nothing but one JSON document at the end"),
  Flag.withDefault(false)
)

export const demo = Command.make(
  "demo",
  { duration, seed, json },
  Effect.fnUntraced(function* ({ duration, seed, json }) {
    const durationMs = parseDuration(duration)
    if (durationMs === undefined || durationMs < LEAST_MS || durationMs > MOST_MS) {
      return yield* new UsageError({ message: `--duration ${duration}: expected a duration from 5s to 10m, such as 90s` })
    }
    yield* perform({ durationMs, seed, json })
  })
).pipe(Command.withDescription("Show everything at once, without a network: good and bad addresses, load, a live view"))

interface Options {
  readonly durationMs: number
  readonly seed: number
  readonly json: boolean
}

const INTRODUCTION = [
  "This is a demo on this machine alone: the addresses, their distances and the clients are made up, the service is real.",
  "To forward connections of your own: fairlead run --config FILE (from a checkout: npm start -- run --config FILE).",
  ""
].join("\n")

/** Plays the demo. However it ends, a signal included, it then replays the record and prints the result. */
const perform = ({ durationMs, seed, json }: Options) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const directory = yield* ownDirectory("demo")
      if (!json) yield* Console.log(INTRODUCTION)
      const drawn = !json && isTerminal()
      let stage: Stage | undefined
      let playedMs = 0
      const onStage = Effect.gen(function* () {
        const print = (text: string) => console.log(text)
        const output = json ? nothing : drawn ? yield* terminal : plainText(print, durationMs / TABLES)
        yield* Effect.ensuring(
          Effect.raceFirst(play({ durationMs, seed, directory, output }, (opened) => (stage = opened)), readerGone),
          Effect.sync(() => (playedMs = stage?.nowMs() ?? 0))
        )
      }).pipe(Effect.scoped, Effect.provide(drawn ? warnings.atTheEnd : warnings.atOnce))
      const played = yield* Effect.exit(restore(onStage))
      const failed = Exit.isFailure(played) && !Cause.hasInterruptsOnly(played.cause)
      if (stage === undefined || failed) yield* played
      else yield* conclude(stage, { seed, playedMs, complete: Exit.isSuccess(played), directory, json })
    })
  )

const readerGone = Effect.andThen(outputGone, Effect.fail(new Ended({ code: 1 })))

interface Played {
  readonly seed: number
  readonly playedMs: number
  readonly complete: boolean
  readonly directory: string
  readonly json: boolean
}

const conclude = Effect.fnUntraced(function* (stage: Stage, played: Played) {
  const { directory, json } = played
  const verdict = yield* verify([directory], undefined)
  const summary = summaryOf(stage, played, verdict)
  const columns = Math.min(terminalColumns() ?? TEXT_COLUMNS, TEXT_COLUMNS)
  if (json) yield* Console.log(JSON.stringify(summary, null, 2))
  // The terminal does not show the story any more after the redrawn view.
  else if (isTerminal()) yield* Console.log(summary.story.map((line) => storyText(line, columns)).join("\n"))
  if (!json) yield* Console.log(`\n${summaryText(summary, columns)}`)
  if (summary.complaints.length > 0) return yield* new Ended({ code: exitCode(verdict) === 4 ? 4 : 3 })
})

function summaryOf(
  { durationMs, dialTimeoutMs, tallies, narrator, relays }: Stage,
  { seed, playedMs, complete, directory }: Played,
  { outcome, entries, decisions, choices }: Verdict
): Summary {
  const fairlead = tallies.fairlead.figures()
  const plain = tallies.plain.figures()
  const relayed = relays.warm + relays.dialled
  return {
    seed,
    playedMs: Math.round(Math.min(playedMs, durationMs)),
    complete,
    dialTimeoutMs,
    patienceMs: CLIENT_TIMEOUT_MS,
    fairlead: {
      ...fairlead,
      warmShare: relayed === 0 ? -1 : relays.warm / relayed,
      switches: narrator.switches,
      moves: narrator.moves
    },
    plain,
    record: { directory, outcome, entries, decisions, choices: choices.checked },
    complaints: complaintsOf(complete, fairlead, plain, outcome),
    story: narrator.story
  }
}
