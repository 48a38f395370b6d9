/** `fairlead env`: the proxy variables for a running service. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import process from "node:process"
import type { AdminPort } from "../../adapters/admin/call.ts"
import { localEndpoint } from "../../adapters/admin/localEndpoint.ts"
import { endpointText } from "../../core/endpointText.ts"
import { ListenAddress } from "../../core/schema/units.ts"
import { tellAll } from "../check.ts"
import { configFlag } from "../configFlag.ts"
import { ADMIN_PORT } from "../config/ConfigSource.ts"
import { readConfig } from "../config/readConfig.ts"
import { Ended, UsageError } from "../exit.ts"
import { howToRun } from "../howToRun.ts"
import type { RunningListener } from "../runningService.ts"
import { listenersOf, Unusable } from "../runningService.ts"
import { proxyVariables } from "./proxyVariables.ts"
import { SHELLS, shells } from "./Shell.ts"

const shell = Flag.Literals("shell", SHELLS).pipe(
  Flag.withDescription("The shell that reads the lines"),
  Flag.withDefault(process.platform === "win32" ? "powershell" as const : "sh" as const)
)
const admin = Flag.String("admin").pipe(
  Flag.withDescription(`Admin port of the service, instead of ${ADMIN_PORT}`),
  Flag.withMetavar("HOST:PORT"),
  Flag.optional
)

export const env = Command.make(
  "env",
  { shell, config: configFlag, admin },
  ({ shell, config, admin }) =>
    Effect.gen(function* () {
      const port = yield* Option.isSome(config)
        ? adminOfFile(config.value)
        : adminNamed(Option.getOrElse(admin, () => ADMIN_PORT))
      const listeners = yield* Effect.catchTag(listenersOf(port), "NoAnswer", (none) =>
        Effect.fail(
          new Unusable({
            message: `${none.message}. Start one: ${howToRun("run")}. Is its admin port elsewhere: `
              + `${howToRun("env")} --admin HOST:PORT, or --config FILE`
          })
        ))
      const [first, ...others] = listeners.filter(({ protocol }) => protocol === "proxy")
      if (first === undefined) {
        return yield* new Unusable({ message: withoutProxy(listeners) })
      }
      const at = textOf(first)
      const asksUser = first.asksUser === true
      const lines = proxyVariables(
        { at, asksUser, pac: `http://${at}/proxy.pac`, others: others.map(textOf) },
        shells[shell],
        howToRun(`env${shell === "sh" ? "" : ` --shell ${shell}`}`),
        process.env["no_proxy"] ?? process.env["NO_PROXY"]
      )
      yield* Console.log(lines.join("\n"))
    })
).pipe(
  Command.withDescription(
    "Print the proxy variables for a running service, for a shell to read, and as comments the lines for git, npm, pip, "
      + "Docker and Node. The service's admin port tells the address. No password is printed"
  ),
  Command.withShortDescription("Print the proxy variables for a running service"),
  Command.withExamples([
    { command: 'eval "$(fairlead env)"', description: "Programs of this shell go through the service" },
    { command: "fairlead env --shell fish | source", description: "The same in fish" }
  ])
)

const textOf = ({ listen }: RunningListener): string => endpointText(localEndpoint(listen))

const adminOfFile = Effect.fnUntraced(function* (file: string) {
  const { settings, problems } = yield* readConfig(file, process.env)
  if (settings === undefined) {
    yield* tellAll(file, problems, [])
    return yield* new Ended({ code: 2 })
  }
  if (settings.admin !== null) {
    const { listen, token } = settings.admin
    return { listen, token: token === null ? undefined : Redacted.value(token) } satisfies AdminPort
  }
  return yield* new UsageError({
    message: `${file} sets admin.listen to off, so the service cannot be reached: set an address and restart the service`
  })
})

const adminNamed = (text: string): Effect.Effect<AdminPort, UsageError> =>
  Schema.decodeUnknownEffect(ListenAddress)(text).pipe(
    Effect.map((listen) => ({ listen, token: undefined })),
    Effect.mapError(() =>
      new UsageError({ message: `--admin ${text}: expected an address with a port such as ${ADMIN_PORT}` })
    )
  )

function withoutProxy(listeners: ReadonlyArray<RunningListener>): string {
  const names = listeners.map(({ name, protocol }) => `${name} (${protocol})`).join(", ")
  return `the service has no listener of protocol proxy, only ${
    names || "none at all"
  }: add one to its configuration, such as `
    + "{ name: local, protocol: proxy, listen: 127.0.0.1:8118 }"
}
