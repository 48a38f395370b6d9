/** `fairlead probe`: measures addresses once, and ranks them. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Screen from "../../adapters/demo/Screen.ts"
import * as NodeTransport from "../../adapters/node/NodeTransport.ts"
import type { Scoring } from "../../core/model/Config.ts"
import { parseDuration } from "../../core/schema/units.ts"
import { Transport } from "../../plane/ports/Transport.ts"
import { parseSource } from "../config/parse.ts"
import { readYaml } from "../config/yamlSource.ts"
import { paint } from "../demo/spans.ts"
import { Ended, UsageError } from "../exit.ts"
import { pathFlag } from "../pathParam.ts"
import { progressLine } from "../terminal.ts"
import { handshake } from "./handshake.ts"
import { authoritiesOf, placesOf, wantedOf } from "./places.ts"
import type { Place, Ranked, Sample } from "./ranking.ts"
import { ranked, rankedOf } from "./ranking.ts"
import { rankingCsv, rankingLines } from "./rankingText.ts"
import { warmUp } from "./warmUp.ts"
import { MOST_ADDRESSES } from "./targets.ts"

const number = (name: string, least: number, most: number, fallback: number, description: string, metavar = "N") =>
  Flag.Int(name).pipe(
    Flag.filter((value) => value >= least && value <= most, () => `a whole number from ${least} to ${most}`),
    Flag.withDescription(`${description} (default ${fallback})`),
    Flag.withMetavar(metavar),
    Flag.withDefault(fallback)
  )
const duration = (name: string, least: number, most: number, fallback: number, description: string) =>
  Flag.String(name).pipe(
    Flag.map((text) => parseDuration(text) ?? -1),
    Flag.filter((ms) => ms >= least && ms <= most, () => `a duration from ${least}ms to ${most}ms, such as 500ms or 2s`),
    Flag.withDescription(`${description} (default ${fallback}ms)`),
    Flag.withMetavar("TIME"),
    Flag.withDefault(fallback)
  )
const flag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

const targets = Argument.String("target").pipe(
  Argument.withDescription("host[:port], address[:port], network such as 198.18.0.0/29, or @FILE with one of them a line"),
  Argument.variadic({ min: 1 })
)

export const probe = Command.make(
  "probe",
  {
    targets,
    count: number("count", 1, 1_000, 5, "Handshakes with each address"),
    port: number("port", 1, 65_535, 443, "Port of targets that name none", "PORT"),
    timeout: duration("timeout", 10, 60_000, 2_000, "Limit of one handshake"),
    interval: duration("interval", 0, 60_000, 200, "Pause between two handshakes with one address"),
    parallel: number("parallel", 1, 256, 16, "Most handshakes at once"),
    top: number("top", 1, MOST_ADDRESSES, 20, "Rows of the table"),
    tls: flag("tls", "Measure the handshake of TLS too, and check the certificate for the host"),
    name: Flag.String("name").pipe(
      Flag.withDescription("With --tls: the host that certificates are checked for, where a target is an address"),
      Flag.withMetavar("HOST"),
      Flag.optional
    ),
    ca: pathFlag("ca").pipe(
      Flag.withDescription("With --tls: a file of certificate authorities, instead of those of the runtime"),
      Flag.withMetavar("FILE"),
      Flag.optional
    ),
    json: flag("json", "Print one JSON document"),
    csv: flag("csv", "Print CSV")
  },
  (flags) =>
    Effect.gen(function* () {
      const { count, port, timeout, interval, parallel, top, tls, json, csv } = flags
      if (json && csv) return yield* new UsageError({ message: "choose one of --json and --csv" })
      const places = yield* placesOf(yield* wantedOf(flags.targets, port))
      const name = Option.getOrElse(flags.name, () => "")
      const unnamed = tls && name === "" ? places.find((place) => place.name === "") : undefined
      if (unnamed !== undefined) {
        return yield* new UsageError({ message: `${unnamed.host}: name the host of its certificate with --name HOST` })
      }
      const ca = Option.isSome(flags.ca) ? yield* authoritiesOf(flags.ca.value) : ""
      const transport = yield* Transport
      yield* warmUp(transport, tls ? ca : undefined)
      const scoring = defaultScoring()
      const samples = places.map((): Array<Sample> => [])
      const progress = progressLine("probing")
      let done = 0
      const one = (place: Place, i: number) =>
        Effect.gen(function* () {
          const identity = tls ? { servername: name === "" ? place.name : name, ca } : null
          samples[i]?.push(yield* handshake(transport, place, { timeoutMs: timeout, identity }))
          progress.show(`${++done} of ${places.length * count} handshakes`)
        })
      const all = () => ranked(places.map((place, i) => rankedOf(place, samples[i] ?? [], scoring)))
      const print = () => {
        progress.clear()
        return Console.log(shown(all(), { json, csv, top }))
      }
      for (let round = 0; round < count; round++) {
        if (round > 0) yield* Effect.onInterrupt(Effect.sleep(interval), print)
        const measured = Effect.forEach(places.entries(), ([i, place]) => one(place, i), {
          concurrency: parallel,
          discard: true
        })
        yield* Effect.onInterrupt(measured, print)
      }
      yield* print()
      if (all().every(({ ok }) => ok === 0)) return yield* new Ended({ code: 1 })
    }).pipe(Effect.provide(NodeTransport.layer))
).pipe(
  Command.withDescription(
    "Measure addresses by handshakes, and rank them, best first. Ctrl-C shows what is known by then. Without an answer from any of them the exit code is 1"
  ),
  Command.withShortDescription("Measure and rank addresses once"),
  Command.withExamples([
    { command: "fairlead probe example.com", description: "All addresses of a name" },
    { command: "fairlead probe 198.18.0.0/28 --port 8443 --count 3", description: "A network" },
    {
      command: "fairlead probe @addresses.txt --tls --name example.com --csv",
      description: "A list, with certificates checked"
    }
  ])
)

function shown(
  all: ReadonlyArray<Ranked>,
  { json, csv, top }: { readonly json: boolean; readonly csv: boolean; readonly top: number }
) {
  if (json) return JSON.stringify({ addresses: all }, null, 2)
  if (csv) return rankingCsv(all)
  return rankingLines(all, top).map((line) => paint(line, Screen.hasColour())).join("\n")
}

function defaultScoring(): Scoring {
  const { settings } = parseSource(readYaml("{}"), {}, true)
  if (settings === undefined) throw new Error("the default settings are not valid")
  return settings.core.template.scoring
}
