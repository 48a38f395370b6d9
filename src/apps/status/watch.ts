/** A status that is read again and again: redrawn on a terminal, printed one after the other elsewhere. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import process from "node:process"
import * as Screen from "../../adapters/demo/Screen.ts"
import type { Line } from "../demo/spans.ts"
import { clip, paint, span } from "../demo/spans.ts"
import type { Unusable } from "../runningService.ts"
import { spanText } from "./ago.ts"
import { Courses } from "./Courses.ts"
import type { StatusDocument } from "./StatusDocument.ts"
import { statusLines } from "./statusLines.ts"

const EVERY_MS = 1_000

export interface Watched {
  readonly read: Effect.Effect<StatusDocument, Unusable>
  /** The same with all that the service says. */
  readonly document: Effect.Effect<unknown, Unusable>
  readonly at: string
  readonly json: boolean
}

/** The first answer has to come. A service that falls silent later may come back. */
export const watch = (watched: Watched): Effect.Effect<void, Unusable> =>
  Effect.scoped(
    Effect.raceFirst(
      watched.json ? documents(watched) : Screen.isTerminal() ? redrawn(watched) : printed(watched),
      Screen.outputGone
    )
  )

const documents = ({ document }: Watched) => again(Effect.flatMap(document, (one) => Console.log(JSON.stringify(one))))

const printed = ({ read, at }: Watched) => {
  const courses = new Courses()
  return again(Effect.flatMap(read, (status) => {
    courses.add(status)
    const lines = statusLines(status, {
      nowMs: Date.now(),
      unicode: Screen.hasUnicode(),
      at,
      courseOf: (id) => courses.of(id)
    })
    return Console.log([...lines, []].map((line) => paint(line, false)).join("\n"))
  }))
}

const redrawn = ({ read, at }: Watched): Effect.Effect<never, Unusable, Scope.Scope> =>
  Effect.gen(function* () {
    let status = yield* read
    let silentSinceMs: number | undefined
    const courses = new Courses()
    courses.add(status)
    const screen = yield* Screen.open
    const look = { unicode: Screen.hasUnicode(), at, courseOf: (id: string) => courses.of(id) }
    const draw = () => {
      const nowMs = Date.now()
      const top = silentSinceMs === undefined ? [] : [[silence(at, nowMs - silentSinceMs)]]
      const lines = [...top, ...statusLines(status, { ...look, nowMs })]
      screen.draw(({ columns, rows }) => fitting(lines, rows).map((line) => paint(clip(line, columns), Screen.hasColour())))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => process.stdout.on("resize", draw)),
      () => Effect.sync(() => process.stdout.off("resize", draw))
    )
    draw()
    return yield* Effect.forever(
      Effect.gen(function* () {
        yield* Effect.sleep(EVERY_MS)
        const answer = yield* Effect.result(read)
        if (answer._tag === "Success") {
          status = answer.success
          courses.add(status)
          silentSinceMs = undefined
        } else silentSinceMs ??= Date.now()
        draw()
      })
    )
  })

const again = <E>(once: Effect.Effect<void, E>): Effect.Effect<never, E> =>
  Effect.forever(Effect.andThen(once, Effect.sleep(EVERY_MS)))

const silence = (at: string, forMs: number) =>
  span(`No answer from ${at} for ${spanText(forMs / 1000)}. This is what it said last:`, "bad")

function fitting(lines: ReadonlyArray<Line>, rows: number): ReadonlyArray<Line> {
  if (lines.length <= rows) return lines
  const hidden = lines.length - rows + 1
  return [
    ...lines.slice(0, rows - 1),
    [span(`${hidden} more lines: name an upstream, or use --candidates or a larger window`, "dim")]
  ]
}
