/** `fairlead soak`: mixed load with faults against local upstreams, beside a control group, and a verdict. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import process from "node:process"
import { parseDuration } from "../../core/schema/units.ts"
import { configFlag } from "../configFlag.ts"
import { UsageError } from "../exit.ts"
import { pathFlag } from "../pathParam.ts"
import { carryOut, networkOf } from "./carryOut.ts"
import { limitsIn, prepare, reportIn, sectionsIn, unfinishedIn } from "./files.ts"
import { inLab } from "./inLab.ts"

const LEAST_MS = 5_000
const MOST_MS = 30 * 86_400_000
const PER_SECOND = 24

const duration = Flag.String("duration").pipe(
  Flag.withDescription("How long, from 5s to 30d. Below 10m the service's intervals shrink with it"),
  Flag.withMetavar("TIME"),
  Flag.withDefault("60s")
)
const report = pathFlag("report").pipe(
  Flag.withDescription(
    "Directory for report.json and report.html; it is made if need be. They are written every five minutes, too"
  ),
  Flag.withMetavar("DIR"),
  Flag.optional
)
const seed = Flag.Int("seed").pipe(
  Flag.withDescription("Seed of the arrivals, of the jitter and of the schedule of faults"),
  Flag.withMetavar("N"),
  Flag.withDefault(1)
)
const rate = Flag.Int("rate").pipe(
  Flag.filter((value) => value >= 1 && value <= 1_000, () => "a whole number from 1 to 1000"),
  Flag.withDescription("Clients a second, and as many of the control group"),
  Flag.withMetavar("N"),
  Flag.withDefault(PER_SECOND)
)
const thresholds = pathFlag("thresholds").pipe(
  Flag.withDescription("File (YAML) with other limits than the defaults: NAME: NUMBER, or NAME: off"),
  Flag.withMetavar("FILE"),
  Flag.optional
)
const baseline = pathFlag("baseline").pipe(
  Flag.withDescription("An earlier report.json: what got worse by more than its tolerance counts as not ready"),
  Flag.withMetavar("FILE"),
  Flag.optional
)
const resume = pathFlag("resume").pipe(
  Flag.withDescription("Go on with the soak of DIR/report.json that ended early: its duration, seed and rate count"),
  Flag.withMetavar("DIR"),
  Flag.optional
)
const lab = Flag.Boolean("lab").pipe(
  Flag.withDescription(
    "Over a network with real round trips and darkness, in two namespaces of this machine: needs Linux, root, iproute2 and python3"
  ),
  Flag.withDefault(false)
)
/** The command starts itself once more, in the lab. */
const inside = Flag.String("inside").pipe(Flag.withHidden, Flag.optional)
const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print nothing but the report as one JSON document at the end"),
  Flag.withDefault(false)
)

export const soak = Command.make(
  "soak",
  { config: configFlag, duration, report, seed, rate, thresholds, baseline, resume, lab, inside, json },
  Effect.fnUntraced(function* (flags) {
    const name = Option.getOrUndefined(flags.inside)
    if (flags.lab && name === undefined) return yield* inLab
    const durationMs = parseDuration(flags.duration)
    if (durationMs === undefined || durationMs < LEAST_MS || durationMs > MOST_MS) {
      return yield* new UsageError({
        message: `--duration ${flags.duration}: expected a duration from 5s to 30d, such as 60s or 24h`
      })
    }
    const user = Option.isSome(flags.config) ? yield* sectionsIn(flags.config.value, process.env) : {}
    const limits = Option.isSome(flags.thresholds) ? yield* limitsIn(flags.thresholds.value) : {}
    const baseline = Option.isSome(flags.baseline) ? yield* reportIn(flags.baseline.value) : undefined
    const earlier = Option.isSome(flags.resume)
      ? yield* unfinishedIn(flags.resume.value, { taken: Object.keys(user), network: networkOf(name) })
      : undefined
    const report = Option.getOrUndefined(Option.orElse(flags.report, () => flags.resume))
    if (report !== undefined) yield* prepare(report)
    yield* carryOut({
      durationMs: earlier?.plannedMs ?? durationMs,
      seed: earlier?.seed ?? flags.seed,
      perSecond: earlier?.perSecond ?? flags.rate,
      user,
      limits,
      baseline,
      earlier,
      report,
      json: flags.json,
      lab: name
    })
  })
).pipe(
  Command.withDescription(
    "Run the service under mixed load with faults against local upstreams, beside a control group without Fairlead, and say "
      + "whether it is ready. Needs no network and no rights. Ctrl-C ends it early with a report of what was seen, and --resume goes on. "
      + "Exit code 0: ready, 3: not ready, 4: cannot be judged, because it was ended early or the machine was too busy"
  ),
  Command.withShortDescription("Load, faults and a verdict: is it ready?"),
  Command.withExamples([
    { command: "fairlead soak", description: "One minute" },
    { command: "fairlead soak --duration 24h --report soak", description: "A day, with soak/report.html" },
    { command: "fairlead soak --resume soak", description: "The rest of it, after it ended early" },
    { command: "fairlead soak --config fairlead.yaml", description: "With the probing, scoring, pool ... of your file" },
    { command: "sudo fairlead soak --lab", description: "With packets that really travel, get lost and find nothing" },
    { command: "fairlead soak --baseline soak/report.json", description: "What got worse since then" }
  ])
)
