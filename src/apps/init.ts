/** `fairlead init`: writes a first configuration. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { ConfigFile } from "../core/schema/ConfigFile.ts"
import { initText } from "./config/initText.ts"
import { UsageError } from "./exit.ts"
import { howToRun } from "./howToRun.ts"
import { pathArgument } from "./pathParam.ts"

const file = pathArgument("file").pipe(
  Argument.withDescription("Where to write it"),
  Argument.withDefault("fairlead.yaml")
)

export const init = Command.make("init", { file }, ({ file }) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    // The file may later contain a token, so only its owner may read it. "wx" fails where the file exists.
    yield* Effect.mapError(
      fs.writeFileString(file, initText(ConfigFile.ast), { flag: "wx", mode: 0o600 }),
      (error) => new UsageError({ message: refusal(file, error.reason._tag) })
    )
    yield* Console.log(`wrote ${file}: edit the addresses in it, then ${howToRun(`run --config ${file}`)}`)
  })).pipe(
    Command.withDescription(
      "Write a commented configuration: a listener, an upstream and the keys that are most often changed with their defaults. "
        + "A file that is already there is never overwritten"
    ),
    Command.withShortDescription("Write a commented configuration to begin with"),
    Command.withExamples([
      { command: "fairlead init", description: "Writes fairlead.yaml" },
      { command: "fairlead init /etc/fairlead/fairlead.yaml", description: "Writes it there" }
    ])
  )

function refusal(file: string, reason: string): string {
  if (reason === "AlreadyExists") return `${file} is already there and stays as it is: name another file, or move it away`
  if (reason === "NotFound") return `cannot write ${file}: there is no such directory`
  return `cannot write ${file}: ${reason === "PermissionDenied" ? "not permitted" : `the system says ${reason}`}`
}
