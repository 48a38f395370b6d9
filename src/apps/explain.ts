/** `fairlead explain`: why these candidates serve an upstream and not the others, live or from a record. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as path from "node:path"
import process from "node:process"
import { namesOf, slotOf } from "../adapters/admin/slotOf.ts"
import { stateDirectory } from "../adapters/node/stateDirectory.ts"
import { Evidence } from "../core/explain/Evidence.ts"
import type { State } from "../core/model/State.ts"
import * as Upstreams from "../core/upstreams.ts"
import { Replay } from "../record/replay.ts"
import { exitCode } from "../record/Verdict.ts"
import type { ExplainDocument } from "../shell/explain/document.ts"
import { explainDocument } from "../shell/explain/document.ts"
import { adminFlag, adminPort } from "./adminFlag.ts"
import { tellAll } from "./check.ts"
import { configFlag } from "./configFlag.ts"
import { readConfig } from "./config/readConfig.ts"
import { Ended, UsageError } from "./exit.ts"
import { renderExplanation } from "./explainText.ts"
import { pathFlag } from "./pathParam.ts"
import { filesOf, readAll } from "./readSegments.ts"
import { renderVerdict } from "./replayText.ts"
import type { Asked } from "./runningService.ts"
import { ask, NO_UPSTREAM, unknown } from "./runningService.ts"
import { colours } from "./terminal.ts"

const upstream = Argument.String("upstream").pipe(
  Argument.withDescription("Name of an upstream, or host:port of a host on demand")
)
const at = Flag.Int("at").pipe(
  Flag.filter((seq) => seq >= 0, () => "an entry's number is 0 or more"),
  Flag.withDescription("The moment after this entry of the record"),
  Flag.withMetavar("SEQ"),
  Flag.optional
)
const log = pathFlag("log").pipe(
  Flag.withDescription("Directory of a record, or one segment of it, instead of a running service"),
  Flag.withMetavar("DIR"),
  Flag.optional
)
const candidates = Flag.Int("candidates").pipe(
  Flag.filter((count) => count >= 0 && count <= 1_000_000, () => "expected a whole number from 0 to 1000000"),
  Flag.withDescription("Candidates that are shown at most: the set first, then by cost"),
  Flag.withMetavar("N"),
  Flag.withDefault(256)
)
const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print one JSON document, as GET /explain of the admin port gives it"),
  Flag.withDefault(false)
)

export const explain = Command.make(
  "explain",
  { upstream, at, log, candidates, json, config: configFlag, admin: adminFlag },
  ({ upstream, at, log, candidates, json, config, admin }) =>
    Effect.gen(function* () {
      const document = Option.isSome(log) || Option.isSome(at)
        ? yield* fromRecord(upstream, yield* directoryOf(log, config), Option.getOrUndefined(at), candidates)
        : yield* fromService(upstream, yield* adminPort("explain", config, admin), candidates)
      yield* Console.log(json ? JSON.stringify(document, null, 2) : renderExplanation(document, colours(process.stdout)))
    })
).pipe(
  Command.withDescription(
    "Explain why these candidates of an upstream serve and not the others, and what would change that: "
      + "of a running service, or at any entry of a record"
  ),
  Command.withShortDescription("Explain why these candidates serve, and what would change it"),
  Command.withExamples([
    { command: "fairlead explain web --config fairlead.yaml", description: "Of the running service" },
    { command: "fairlead explain web --log DIR --at 4000", description: "After entry 4000 of a record" }
  ])
)

/** The record that the flag names, or else that of the configuration. */
const directoryOf = Effect.fnUntraced(function* (log: Option.Option<string>, config: Option.Option<string>) {
  if (Option.isSome(log)) return log.value
  if (Option.isNone(config)) return path.join(stateDirectory(), "log")
  const { settings, problems } = yield* readConfig(config.value, process.env)
  if (settings === undefined) {
    yield* tellAll(config.value, problems, [])
    return yield* new Ended({ code: 2 })
  }
  const { eventLog } = settings
  if (eventLog.path !== "none") {
    return eventLog.path === "auto" ? path.join(stateDirectory(), "log") : path.resolve(eventLog.path)
  }
  return yield* new UsageError({ message: `${config.value} keeps no record (eventLog.path): name one with --log DIR` })
})

const fromRecord = Effect.fnUntraced(function* (
  name: string,
  directory: string,
  until: number | undefined,
  candidates: number
) {
  const evidence = new Evidence()
  let last: State | undefined
  const replay = new Replay({
    ...(until === undefined ? {} : { until }),
    onEntry: (entry, state, decisions) => {
      evidence.note(entry, decisions, state)
      last = state
    }
  })
  yield* readAll(replay, yield* filesOf([directory]))
  const verdict = replay.verdict()
  if (verdict.outcome !== "verified") {
    yield* Console.error(renderVerdict(verdict))
    return yield* new Ended({ code: exitCode(verdict) })
  }
  if (last === undefined || (until !== undefined && last.seq < until)) {
    const ends = last === undefined ? "has no entry" : `ends with entry ${last.seq}`
    return yield* new UsageError({ message: `the record in ${directory} ${until === undefined ? "has no entry" : ends}` })
  }
  const upstream = Upstreams.find(last, slotOf(last.config, name))
  if (upstream === undefined) {
    return yield* new UsageError({
      message: `there is no upstream ${JSON.stringify(name)} after entry ${last.seq}; there are ${
        namesOf(last.config).join(", ")
      }`
    })
  }
  return explainDocument({ state: last, upstream, atUs: last.at, evidence }, { addresses: "full", candidates })
})

const fromService = Effect.fnUntraced(function* (name: string, port: Asked, candidates: number) {
  const query = new URLSearchParams({ upstream: name, candidates: String(candidates) })
  const body = yield* Effect.mapError(
    ask(port, `/explain?${query}`),
    (error) => error.message.startsWith(NO_UPSTREAM) ? new UsageError({ message: error.message }) : error
  )
  const document = parsed(body)
  return document ?? (yield* unknown(port, 200))
})

function parsed(body: string): ExplainDocument | undefined {
  try {
    const document = JSON.parse(body)
    return document?.v === 1 && Array.isArray(document.candidates) ? document : undefined
  } catch {
    return undefined
  }
}
