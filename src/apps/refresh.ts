/** `fairlead refresh`: has a running service resolve and measure anew. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import process from "node:process"
import { order } from "../adapters/admin/order.ts"
import { tellAll } from "./check.ts"
import { configFlag, wantedFile } from "./configFlag.ts"
import { readConfig } from "./config/readConfig.ts"
import { Ended, UsageError } from "./exit.ts"

const upstream = Argument.String("upstream").pipe(
  Argument.withDescription(
    "One upstream by its name, or host:port of a name that clients asked for; none: all that are in use"
  ),
  Argument.optional
)

export const refresh = Command.make(
  "refresh",
  { upstream, config: configFlag },
  ({ upstream, config }) =>
    Effect.gen(function* () {
      const file = yield* wantedFile("refresh", config)
      const { settings, problems } = yield* readConfig(file, process.env)
      if (settings === undefined) {
        yield* tellAll(file, problems, [])
        return yield* new Ended({ code: 2 })
      }
      const { admin } = settings
      if (admin === null) return yield* new UsageError({ message: `${file} has admin.listen off: there is nobody to ask` })
      const query = Option.match(upstream, { onNone: () => "", onSome: (name) => `?upstream=${encodeURIComponent(name)}` })
      const token = admin.token === null ? undefined : Redacted.value(admin.token)
      yield* order({ listen: admin.listen, token }, `/refresh${query}`)
      yield* Console.log(`asked for: ${Option.getOrElse(upstream, () => "everything in use")} is resolved and measured anew`)
    })
).pipe(
  Command.withDescription(
    "Have the running service ask for names and measure candidates anew, over the admin port that the configuration tells"
  ),
  Command.withShortDescription("Have a running service resolve and measure anew"),
  Command.withExamples([
    { command: "fairlead refresh --config fairlead.yaml", description: "Everything that is in use" },
    { command: "fairlead refresh web --config fairlead.yaml", description: "One upstream" }
  ])
)
