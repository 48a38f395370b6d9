/** The program as a process, on either runtime. */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { bundle } from "./bundle.ts"

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..")
/** The file of the program, bundled as users start it. */
export const main = (): string => bundle(binaryOf("node"))

export type RuntimeName = "node" | "deno"
export const here: RuntimeName = "Deno" in globalThis ? "deno" : "node"
export const other: RuntimeName = here === "node" ? "deno" : "node"

/** The runtime's own binary: npm's `deno` is a script that does not pass signals on. */
export function binaryOf(runtime: RuntimeName): string {
  if (runtime === here) return process.execPath
  const bin = path.join(ROOT, "node_modules", ".bin", runtime)
  if (runtime === "node") return bin
  const folder = path.join(ROOT, "node_modules", "@deno")
  const platform = fs.existsSync(folder) ? fs.readdirSync(folder)[0] : undefined
  return platform === undefined ? bin : path.join(folder, platform, "deno")
}

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Promise<Ended>
  readonly stdout: () => string
  readonly stderr: () => string
}

export interface Start {
  readonly runtime?: RuntimeName
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** A program, such as prlimit, that runs the rest of the command line. */
  readonly by?: ReadonlyArray<string>
  /** The configuration of Deno, instead of this checkout's. */
  readonly config?: string
  /** What Deno allows; absent: everything. */
  readonly permissions?: ReadonlyArray<string>
  /** Flags of the runtime. */
  readonly flags?: ReadonlyArray<string>
}

/** Starts the program; `ended` resolves with everything it printed. */
export function start(args: ReadonlyArray<string>, options: Start = {}): Running {
  return startFile(main(), args, options)
}

/** Starts one of the programs beside this file. */
export const program = (name: string, args: ReadonlyArray<string>, options: Start = {}): Running =>
  startFile(path.join(ROOT, "test/support", name), args, options)

/** Starts a program of any folder. */
export function startFile(
  file: string,
  args: ReadonlyArray<string>,
  { runtime = here, cwd = ROOT, env = {}, by = [], flags = [], permissions = ["-A"], config = path.join(ROOT, "deno.json") }:
    Start = {}
): Running {
  const before = runtime === "deno" ? ["run", ...permissions, "--config", config] : []
  const [first = "", ...others] = [...by, binaryOf(runtime), ...before, ...flags, file, ...args]
  const child = spawn(first, others, {
    cwd,
    // The tests themselves may run under npx.
    env: { ...process.env, NO_COLOR: "1", npm_command: "", ...env },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text))
  const pid = child.pid
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  // Deno's `child.kill` reports the signal as the end even when the process handled it and exited by itself.
  const kill = (signal: NodeJS.Signals) => {
    // A signal to -1 would end every process of this user.
    if (pid === undefined) throw new Error(`${first} did not start`)
    process.kill(pid, signal)
  }
  return { pid: pid ?? -1, kill, ended, stdout: () => stdout, stderr: () => stderr }
}

export const command = (args: ReadonlyArray<string>, options?: Start): Promise<Ended> => start(args, options).ended

/** A directory of its own for `use`, removed afterwards. */
export async function inScratch<A>(use: (directory: string) => Promise<A>): Promise<A> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-test-"))
  try {
    return await use(directory)
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

export interface ServiceFile {
  readonly candidates: ReadonlyArray<number>
  readonly log?: string
  readonly more?: string
}

/** A configuration file with one listener on a port of the system's choice; `more` may bring an admin port, or other upstreams. */
export function writeConfig(
  directory: string,
  { candidates, log = path.join(directory, "log"), more = "" }: ServiceFile
): string {
  const file = path.join(directory, "fairlead.yaml")
  fs.writeFileSync(
    file,
    `listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
${more.includes("upstreams:") ? "" : `upstreams: { web: { candidates: [${quoted(candidates)}] } }`}
eventLog: { path: ${JSON.stringify(log)}, flushInterval: 5ms }
${more.includes("history:") ? "" : `history: { path: ${JSON.stringify(path.join(directory, "history.json"))} }`}
probing: { interval: 100ms }
${more.includes("admin:") ? "" : 'admin: { listen: "off" }'}
${more}
`
  )
  return file
}

function quoted(ports: ReadonlyArray<number>): string {
  return ports.map((port) => `"127.0.0.1:${port}"`).join(", ")
}

/** The port that a started service logs once it listens. */
export function portOf(running: Pick<Running, "stderr">): number | undefined {
  const match = /listening.*?127\.0\.0\.1:(\d+)/.exec(running.stderr())
  return match === null ? undefined : Number(match[1])
}
