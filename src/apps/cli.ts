/** The command line: `fairlead COMMAND`. */
import * as Command from "effect/cli/Command"
import { demo } from "./demo/demo.ts"
import { replay } from "./replay.ts"
import { run } from "./run.ts"
import { VERSION } from "./version.ts"

const root = Command.make("fairlead").pipe(
  Command.withDescription("A TCP forwarder that knows which of many addresses is best right now, and can replay why"),
  Command.withSubcommands([run, replay, demo]),
  Command.withExamples([
    { command: "fairlead run --config fairlead.yaml", description: "Forward connections" },
    { command: "fairlead demo", description: "See it work, without a network" },
    { command: "fairlead replay ~/.local/state/fairlead/log", description: "Verify what was recorded" }
  ])
)

const COMMANDS = ["run", "replay", "demo"]

/** Runs what the arguments ask for: the demo where there are none, `run` where no command is named. */
export const cli = (given: ReadonlyArray<string>) => {
  const args = given.length === 0 ? ["demo"] : given
  const first = args[0]
  const named = first !== undefined && (COMMANDS.includes(first) || !first.startsWith("-") || isGlobal(first))
  return Command.runWith(root, { version: VERSION })(named ? args : ["run", ...args])
}

function isGlobal(flag: string): boolean {
  return ["--help", "-h", "--version", "--completions", "--wizard", "--log-level"].some((name) => flag.startsWith(name))
}
