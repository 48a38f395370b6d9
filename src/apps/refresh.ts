/** `fairlead refresh`: lets a running service resolve and measure anew. */
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
    "Name of an upstream, or host:port of a host on demand; without it: everything in use"
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
      if (admin === null) {
        return yield* new UsageError({
          message:
            `${file} sets admin.listen to off, so the service cannot be reached: set an address and restart the service`
        })
      }
      const query = Option.match(upstream, { onNone: () => "", onSome: (name) => `?upstream=${encodeURIComponent(name)}` })
      const token = admin.token === null ? undefined : Redacted.value(admin.token)
      yield* order({ listen: admin.listen, token }, `/refresh${query}`)
      yield* Console.log(`the service resolves and measures anew: ${Option.getOrElse(upstream, () => "everything in use")}`)
    })
).pipe(
  Command.withDescription(
    "Tell the running service to resolve names and measure candidates anew, over the admin port of the configuration"
  ),
  Command.withShortDescription("Tell a running service to resolve and measure anew"),
  Command.withExamples([
    { command: "fairlead refresh --config fairlead.yaml", description: "Everything that is in use" },
    { command: "fairlead refresh web --config fairlead.yaml", description: "One upstream" }
  ])
)
