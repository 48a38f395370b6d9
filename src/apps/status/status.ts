/** `fairlead status`: what a running service is doing, once or again and again. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { localEndpoint } from "../../adapters/admin/localEndpoint.ts"
import * as Screen from "../../adapters/demo/Screen.ts"
import { endpointText } from "../../core/endpointText.ts"
import { adminFlag, adminPort } from "../adminFlag.ts"
import { configFlag } from "../configFlag.ts"
import { paint } from "../demo/spans.ts"
import type { Asked } from "../runningService.ts"
import { ask, unknown, Unusable } from "../runningService.ts"
import type { StatusDocument } from "./StatusDocument.ts"
import { decodeStatus } from "./StatusDocument.ts"
import { statusLines } from "./statusLines.ts"
import { watch } from "./watch.ts"

const SHOWN = 8
/** As many as the admin port sends. */
const MOST = 1_000_000

const names = Argument.String("upstream").pipe(
  Argument.withDescription("Upstreams to show, by name, or host:port of a host on demand; without one: all"),
  Argument.variadic({ min: 0 })
)
const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print /status as one JSON document; with --watch, one a line"),
  Flag.withDefault(false)
)
const watching = Flag.Boolean("watch").pipe(
  Flag.withAlias("w"),
  Flag.withDescription("Show it again each second, until Ctrl-C"),
  Flag.withDefault(false)
)
const candidates = Flag.Int("candidates").pipe(
  Flag.filter((count) => count >= 0 && count <= MOST, () => `a number from 0 to ${MOST}`),
  Flag.withDescription(`Candidates shown of each upstream: the set first, then the best of the others (default ${SHOWN})`),
  Flag.withMetavar("N"),
  Flag.withDefault(SHOWN)
)
export const status = Command.make(
  "status",
  { names, config: configFlag, admin: adminFlag, json, watching, candidates },
  ({ names, config, admin, json, watching, candidates }) =>
    Effect.gen(function* () {
      const asked = yield* adminPort("status", config, admin)
      const text = ask(asked, `/status?candidates=${candidates}`)
      const document = Effect.flatMap(text, (body) =>
        Result.isSuccess(decodeStatus(body))
          ? Effect.succeed(only(JSON.parse(body) as StatusDocument, names))
          : unknown(asked, 200))
      const shown = Effect.map(read(asked, text), (found) =>
        only(found, names))
      if (watching) {
        return yield* watch({ read: shown, document, at: at(asked), json })
      }
      if (json) {
        return yield* Console.log(JSON.stringify(yield* document, null, 2))
      }
      const found = yield* shown
      if (names.length > 0 && found.upstreams.length < names.length) {
        yield* missing(found, names)
      }
      const lines = statusLines(found, { nowMs: Date.now(), unicode: Screen.hasUnicode(), at: at(asked) })
      yield* Console.log(
        lines.map((line) =>
          paint(line, Screen.hasColour())
        ).join("\n")
      )
    })
).pipe(
  Command.withDescription(
    "Show what the running service is doing: its listeners, and for each upstream the candidates in its active set and the best of the others"
  ),
  Command.withShortDescription("Show what a running service is doing"),
  Command.withExamples([
    { command: "fairlead status", description: "Once" },
    { command: "fairlead status --watch", description: "Each second, with the course of each cost" },
    { command: "fairlead status web --json", description: "One upstream, for a script" }
  ])
)

const at = ({ listen }: Asked): string => endpointText(localEndpoint(listen))

const read = Effect.fnUntraced(function* (asked: Asked, text: ReturnType<typeof ask>) {
  const document = decodeStatus(yield* text)
  return Result.isSuccess(document) ? document.success : yield* unknown(asked, 200)
})

function only<S extends Pick<StatusDocument, "upstreams">>(status: S, names: ReadonlyArray<string>): S {
  if (names.length === 0) return status
  return { ...status, upstreams: status.upstreams.filter(({ name }) => names.includes(name)) }
}

function missing({ upstreams }: StatusDocument, names: ReadonlyArray<string>): Effect.Effect<never, Unusable> {
  const absent = names.filter((name) => upstreams.every((one) => one.name !== name))
  return Effect.fail(
    new Unusable({ message: `the service has no upstream ${absent.join(", ")}: fairlead status names all that it has` })
  )
}
