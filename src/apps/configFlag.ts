/** The flag `--config` of several commands. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Flag from "effect/cli/Flag"
import { UsageError } from "./exit.ts"
import { pathFlag } from "./pathParam.ts"

export const configFlag = pathFlag("config").pipe(
  Flag.withAlias("c"),
  Flag.withDescription("Configuration file (YAML or JSON)"),
  Flag.withMetavar("FILE"),
  Flag.optional
)

/** The path of the file. Fails with wrong usage that says how to get a file. */
export const wantedFile = (command: string, config: Option.Option<string>): Effect.Effect<string, UsageError> =>
  Option.match(config, {
    onSome: Effect.succeed,
    onNone: () => Effect.fail(new UsageError({ message: withoutFile(command) }))
  })

function withoutFile(command: string): string {
  return `${command} needs a configuration: fairlead ${command} --config fairlead.yaml\n\n`
    + "fairlead init writes a fairlead.yaml with comments. This is the smallest one:\n\n"
    + EXAMPLE
}

const EXAMPLE = `listeners:
  - name: web
    listen: 127.0.0.1:1234
    upstream: web
upstreams:
  web:
    port: 443
    candidates: ["198.18.0.11", "198.18.0.12:8443", "198.18.0.0/29"]
`
