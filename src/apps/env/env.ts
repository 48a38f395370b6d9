/** `fairlead env`: the proxy variables for a running service. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import process from "node:process"
import { localEndpoint } from "../../adapters/admin/localEndpoint.ts"
import { endpointText } from "../../core/endpointText.ts"
import { adminFlag, adminPort } from "../adminFlag.ts"
import { configFlag } from "../configFlag.ts"
import { howToRun } from "../howToRun.ts"
import type { RunningListener } from "../runningService.ts"
import { listenersOf, Unusable } from "../runningService.ts"
import { proxyVariables } from "./proxyVariables.ts"
import { SHELLS, shells } from "./Shell.ts"

const shell = Flag.Literals("shell", SHELLS).pipe(
  Flag.withDescription("The shell that reads the lines"),
  Flag.withDefault(process.platform === "win32" ? "powershell" as const : "sh" as const)
)

export const env = Command.make(
  "env",
  { shell, config: configFlag, admin: adminFlag },
  ({ shell, config, admin }) =>
    Effect.gen(function* () {
      const listeners = yield* listenersOf(yield* adminPort("env", config, admin))
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

function withoutProxy(listeners: ReadonlyArray<RunningListener>): string {
  const names = listeners.map(({ name, protocol }) => `${name} (${protocol})`).join(", ")
  return `the service has no listener of protocol proxy, only ${
    names || "none at all"
  }: add one to its configuration, such as `
    + "{ name: local, protocol: proxy, listen: 127.0.0.1:8118 }"
}
