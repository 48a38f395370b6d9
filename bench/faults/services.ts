/** The services of `bench:faults`: default settings but for the interval of probes, and what a fault needs beside that. */
import type { ChildProcess } from "node:child_process"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import * as readline from "node:readline"
import { binaryOf, ROOT } from "../../test/support/command.ts"
import type { Lab } from "../lab/Lab.ts"
import { PORT, runnable } from "../lab/Lab.ts"
import { ADMIN, COLLECTOR, LISTEN } from "./Front.ts"

/** The best is neither the first nor the last of the list. The second one is further away than the default margin. */
export const RTT_MS = { "198.18.0.12": 45, "198.18.0.11": 20, "198.18.0.13": 70 } as const
export const HOSTS = Object.keys(RTT_MS)
export const BEST = "198.18.0.11"
export const BEST_INDEX = HOSTS.indexOf(BEST)
export const NAME = "web.test"
export const REFRESH_MS = 2_000

/** Room for the state directory of the service whose disk fills. */
const DISK = "8m"
export const DESCRIPTORS = 300
export const HEAP_MIB = 48
/** As libfaketime reads it: what is added to the wall clock. */
export const CLOCK_FILE = "clock"

/**
 * `named`: its addresses come from DNS. `disk`: its state is on a small disk of its own. `limited`: few descriptors. `small`: a
 * small heap. `clock`: its wall clock can be moved. `traced`: it sends all its traces to a collector.
 */
export type Kind = "plain" | "named" | "disk" | "limited" | "small" | "clock" | "traced"

const MORE: Readonly<Partial<Record<Kind, string>>> = {
  named: `dns: { refresh: ${REFRESH_MS}ms }`,
  traced: `telemetry: { otlp: { endpoint: "http://127.0.0.1:${COLLECTOR}" } }`
}

export function yamlOf(kind: Kind, directory: string, more = MORE[kind] ?? ""): string {
  const from = kind === "named" ? `host: ${NAME}` : `candidates: [${HOSTS.map((host) => `"${host}"`).join(", ")}]`
  return `listeners: [{ name: web, listen: "127.0.0.1:${LISTEN}", upstream: web }]
upstreams: { web: { port: ${PORT}, ${from} } }
probing: { interval: 1s }
eventLog: { path: ${directory}/log }
history: { path: ${directory}/history.json }
admin: { listen: "127.0.0.1:${ADMIN}" }
${more}
`
}

const FAKETIME = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"
].find((file) => fs.existsSync(file))

/** Why a kind cannot run here; undefined when it can. */
export function whyNot(kind: Kind): string | undefined {
  if (kind === "clock" && FAKETIME === undefined) return "it needs libfaketime (Debian package faketime)"
  if (kind === "limited" && spawnSync("prlimit", ["--version"]).status !== 0) return "it needs prlimit (util-linux)"
  return undefined
}

/** Bundles the command as `npm start` does, and gives the file to run. */
export function bundled(folder: string): string {
  const { status, stderr } = spawnSync(binaryOf("node"), ["tools/bundle.ts", folder, "bench"], {
    cwd: ROOT,
    encoding: "utf8"
  })
  if (status !== 0) throw new Error(`the command cannot be bundled: ${stderr}`)
  return path.join(folder, "fairlead.cjs")
}

export interface Line {
  readonly atMs: number
  readonly text: string
}

/** A process of `fairlead run`, and what it has said. */
export class Service {
  readonly kind: Kind
  readonly directory: string
  readonly file: string
  readonly lines: Array<Line> = []
  readonly #lab: Lab
  readonly #program: string
  #child: ChildProcess | undefined

  constructor(lab: Lab, program: string, kind: Kind) {
    this.#lab = lab
    this.#program = program
    this.kind = kind
    this.directory = path.join(lab.scratch, kind)
    this.file = path.join(this.directory, "fairlead.yaml")
    // The disk is mounted below this directory, in the service's own mount namespace.
    fs.mkdirSync(path.join(this.directory, "state"), { recursive: true })
    this.clock("+0")
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Where the service keeps its state, as this process sees it while the service runs. */
  get state(): string {
    const own = path.join(this.directory, "state")
    return this.kind === "disk" ? `/proc/${this.pid}/root${own}` : own
  }

  write(text = yamlOf(this.kind, path.join(this.directory, "state"))): void {
    fs.writeFileSync(this.file, text)
  }

  /** Moves the wall clock of a service of kind `clock`: `+0`, `+1h`. */
  clock(offset: string): void {
    fs.writeFileSync(path.join(this.directory, CLOCK_FILE), offset)
  }

  /** Is done when it listens. */
  async start(): Promise<void> {
    const flags = this.kind === "small" ? [`--max-old-space-size=${HEAP_MIB}`] : []
    const child = this.#lab.near([
      ...this.#around(),
      ...runnable([process.execPath, this.#program, "run", "--config", this.file], flags)
    ])
    this.#child = child
    child.stdout?.resume()
    const isListening = new Promise<void>((resolve, reject) => {
      child.once("close", (code, signal) => reject(new Error(`Fairlead ended early (${code ?? signal}):\n${this.said()}`)))
      readline.createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (text) => {
        this.lines.push({ atMs: performance.timeOrigin + performance.now(), text })
        if (process.env["LAB_LOG"] === "1") console.error(text)
        if (text.includes("message=listening")) resolve()
      })
    })
    await isListening
  }

  said(): string {
    return this.lines.map(({ text }) => text).join("\n")
  }

  /** Programs that run the service under their conditions. */
  #around(): ReadonlyArray<string> {
    const { kind, directory } = this
    if (kind === "limited") return ["prlimit", `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`]
    if (kind === "disk") {
      const mount = `mount -t tmpfs -o size=${DISK} tmpfs ${directory}/state && exec "$@"`
      return ["unshare", "--mount", "sh", "-c", mount, "sh"]
    }
    if (kind !== "clock") return []
    const file = `FAKETIME_TIMESTAMP_FILE=${path.join(directory, CLOCK_FILE)}`
    return ["env", `LD_PRELOAD=${FAKETIME}`, file, "FAKETIME_NO_CACHE=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"]
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child
    if (child === undefined || !this.isRunning) return
    const ended = new Promise((resolve) => child.once("close", resolve))
    // On Deno a child whose own `kill` was called counts as ended.
    process.kill(child.pid as number, signal)
    await ended
  }
}
