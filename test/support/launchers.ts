/** The documented ways to start the program, each in a checkout made of this one's sources and packages. */
import { spawn, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import type { Ended } from "./command.ts"
import { lacks } from "./able.ts"
import { binaryOf, here, ROOT } from "./command.ts"

export interface Launcher {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  /** What SIGHUP to the launcher alone does. */
  readonly hangup: "reload" | "stop"
  /** Whether the launcher lives until the program has ended, and ends with its code. */
  readonly waits: boolean
  readonly isThere: boolean
}

const npm: Launcher = {
  name: "npm start",
  command: "npm",
  args: ["start", "--"],
  hangup: "stop",
  waits: true,
  isThere: !lacks("npm", spawnSync("npm", ["--version"]).status === 0 ? "" : "npm is not installed")
}
const task: Launcher = {
  name: "deno task start",
  command: binaryOf("deno"),
  args: ["task", "start"],
  hangup: "reload",
  waits: true,
  isThere: true
}
const script: Launcher = {
  name: "deno task start, by npm's script for Deno",
  command: path.join(ROOT, "node_modules/.bin/deno"),
  args: ["task", "start"],
  hangup: "stop",
  waits: false,
  isThere: true
}

/** The launchers for the runtime of the tests. */
export const launchers: ReadonlyArray<Launcher> = here === "node" ? [npm] : [task, script]

/** The files of the checkout that the setup reads. */
const STAMPED = ["package.json", "package-lock.json", "deno.lock"]

/** Makes the checkout in `directory`. */
export function checkout(directory: string): string {
  const modules = path.join(directory, "node_modules")
  fs.mkdirSync(modules, { recursive: true })
  const hash = createHash("sha256")
  for (const name of [...STAMPED, "deno.json"]) fs.copyFileSync(path.join(ROOT, name), path.join(directory, name))
  for (const name of STAMPED) hash.update(fs.readFileSync(path.join(ROOT, name)))
  for (const name of ["src", "tools", "dist"]) fs.symlinkSync(path.join(ROOT, name), path.join(directory, name))
  for (const name of fs.readdirSync(path.join(ROOT, "node_modules"))) {
    if (name !== ".fairlead-setup") fs.symlinkSync(path.join(ROOT, "node_modules", name), path.join(modules, name))
  }
  fs.writeFileSync(path.join(modules, ".fairlead-setup"), hash.digest("hex"))
  return directory
}

export interface Launched {
  readonly pid: number
  /** Sends a signal to the launcher alone. */
  readonly signal: (name: NodeJS.Signals) => void
  /** Sends a signal to the launcher and all that it started, as a terminal does. */
  readonly signalAll: (name: NodeJS.Signals) => void
  readonly stderr: () => string
  /** Resolves when the launcher itself has ended. */
  readonly launcherEnded: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** Resolves when all that it started has ended as well. */
  readonly ended: Promise<Ended>
}

/** Starts the launcher in its own process group, as a terminal or a container does. */
export function launch(
  { command, args }: Pick<Launcher, "command" | "args">,
  cwd: string,
  more: ReadonlyArray<string>
): Launched {
  const env = {
    ...process.env,
    NO_COLOR: "1",
    npm_config_update_notifier: "false",
    npm_config_cache: path.join(cwd, ".npm")
  }
  const child = spawn(command, [...args, ...more], { cwd, env, detached: true, stdio: ["ignore", "ignore", "pipe"] })
  let stderr = ""
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text))
  const whenEnded = (event: "exit" | "close") =>
    new Promise<Ended>((resolve, reject) => {
      child.once("error", reject)
      child.once(event, (code, signal) => resolve({ code, signal, stdout: "", stderr }))
    })
  const pid = child.pid ?? -1
  return {
    pid,
    signal: (name) => void process.kill(pid, name),
    signalAll: (name) => void process.kill(-pid, name),
    stderr: () => stderr,
    launcherEnded: whenEnded("exit"),
    ended: whenEnded("close")
  }
}
