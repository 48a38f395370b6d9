/** The command line: `fairlead COMMAND`. */
import * as Command from "effect/cli/Command"
import { replay } from "./replay.ts"
import { run } from "./run.ts"
import { VERSION } from "./version.ts"

const root = Command.make("fairlead").pipe(
  Command.withDescription("A TCP forwarder that knows which of many addresses is best right now, and can replay why"),
  Command.withSubcommands([run, replay]),
  Command.withExamples([
    { command: "fairlead run --config fairlead.yaml", description: "Forward connections" },
    { command: "fairlead replay ~/.local/state/fairlead/log", description: "Verify what was recorded" }
  ])
)

const COMMANDS = ["run", "replay"]

/** Runs what the arguments ask for; `run` where no command is named. */
export const cli = (args: ReadonlyArray<string>) => {
  const first = args[0]
  const named = first !== undefined && (COMMANDS.includes(first) || !first.startsWith("-") || isGlobal(first))
  return Command.runWith(root, { version: VERSION })(named ? args : ["run", ...args])
}

function isGlobal(flag: string): boolean {
  return ["--help", "-h", "--version", "--completions", "--wizard", "--log-level"].some((name) => flag.startsWith(name))
}
