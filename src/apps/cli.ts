/** The command line: `fairlead COMMAND`. */
import * as Effect from "effect/Effect"
import * as CliConfig from "effect/cli/CliConfig"
import * as Command from "effect/cli/Command"
import * as GlobalFlag from "effect/cli/GlobalFlag"
import { check } from "./check.ts"
import { demo } from "./demo/demo.ts"
import { env } from "./env/env.ts"
import { explain } from "./explain.ts"
import { init } from "./init.ts"
import { probe } from "./probe/probe.ts"
import { refresh } from "./refresh.ts"
import { replay } from "./replay.ts"
import { run } from "./run.ts"
import { schema } from "./schema.ts"
import { soak } from "./soak/soak.ts"
import { status } from "./status/status.ts"
import { VERSION } from "./version.ts"

const root = Command.make("fairlead").pipe(
  Command.withDescription("A TCP forwarder that knows which of many addresses is best right now, and can replay why"),
  Command.withSubcommands([run, probe, status, env, init, check, schema, demo, explain, replay, refresh, soak]),
  Command.withExamples([
    { command: "fairlead", description: "A proxy port for everyday tools, on 127.0.0.1:8118" },
    { command: "fairlead init", description: "Write a configuration to begin with" },
    { command: "fairlead run --config fairlead.yaml", description: "Forward connections" },
    { command: "fairlead demo", description: "See it work, without a network" },
    { command: "fairlead probe example.com", description: "Measure and rank the addresses of a name" },
    { command: "fairlead status --watch", description: "See what the running service does" },
    { command: "fairlead replay ~/.local/state/fairlead/log", description: "Verify what was recorded" },
    { command: "fairlead --completions bash", description: "Completions for the shell: bash, zsh, fish or powershell" }
  ])
)

const COMMANDS = root.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name))

/** The configuration sets the log level, so there is no flag for it. */
const FLAGS = [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions]

/** Runs the command in the arguments: `run` without a command. */
export const cli = (args: ReadonlyArray<string>) => {
  const first = args[0]
  const named = first !== undefined && (COMMANDS.includes(first) || !first.startsWith("-") || isGlobal(first))
  return Effect.provideService(
    Command.runWith(root, { version: VERSION })(named ? args : ["run", ...args]),
    CliConfig.CliConfig,
    CliConfig.make({ builtIns: FLAGS })
  )
}

function isGlobal(flag: string): boolean {
  return ["--help", "-h", "--version", "-v", "--completions"].some((name) => flag === name || flag.startsWith(`${name}=`))
}
