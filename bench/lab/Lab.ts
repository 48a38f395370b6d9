/** The lab as an object: a network with distance, upstream servers behind it, and programs in front of it. */
import type { ChildProcess } from "node:child_process"
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import * as readline from "node:readline"
import { fileURLToPath } from "node:url"
import { commandOn, networkCommand } from "../../src/adapters/soak/labNetwork.ts"
import type { Seen } from "./clients.ts"
import type { Line } from "./manyClients.ts"
import type { ProxyClients, ProxySeen } from "./proxyClients.ts"
import type { TlsClients, TlsSeen } from "./tlsClients.ts"

const HERE = path.dirname(fileURLToPath(import.meta.url))
const ROOT = path.resolve(HERE, "../..")
export const PORT = 9000

export type RuntimeName = "node" | "deno"

export { whyNoLab as whyNot } from "../../src/adapters/soak/labNetwork.ts"

/** A process that says "ready" and acknowledges each line it is given. */
class Told {
  readonly process: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor([command = "", ...args]: ReadonlyArray<string>) {
    this.process = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] })
    this.#lines = readline.createInterface({ input: this.process.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  }

  async next(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error("a part of the lab ended early")
    return value
  }

  async tell(line: string): Promise<string> {
    this.process.stdin?.write(`${line}\n`)
    return await this.next()
  }

  stop(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.process.once("close", () => resolve()))
    this.process.stdin?.end()
    return this.process.exitCode === null ? ended : Promise.resolve()
  }
}

/** Labs of this process: several may be open at a time, each in its own namespaces. */
let opened = 0

export class Lab {
  readonly name: string
  readonly scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-lab-"))
  readonly #network: Told
  readonly #upstreams: Told
  readonly #running = new Set<ChildProcess>()

  private constructor(name: string, network: Told, upstreams: Told) {
    this.name = name
    this.#network = network
    this.#upstreams = upstreams
  }

  /** `distances`: far address to round trip in ms; `servers`: a script of this folder that serves them, and what it is told first. */
  static async open(
    distances: Readonly<Record<string, number>>,
    servers: ReadonlyArray<string> = ["upstream.ts", String(PORT)]
  ): Promise<Lab> {
    const name = `fl${process.pid}x${++opened}`
    const network = new Told(networkCommand(name, distances))
    await network.next()
    const [script = "", ...told] = servers
    const server = [process.execPath, path.join(HERE, script), ...told, ...Object.keys(distances)]
    const upstreams = new Told(commandOn(name, "far", runnable(server)))
    await upstreams.next()
    return new Lab(name, network, upstreams)
  }

  /** Changes the way to an address: `rtt MS`, `loss SHARE`, `dark`, `light`. */
  way(host: string, change: string): Promise<string> {
    return this.#network.tell(`${host} ${change}`)
  }

  /** Takes the near side's only interface down, or up again. */
  interface(state: "down" | "up"): void {
    const { status } = spawnSync("ip", ["-n", `${this.name}-near`, "link", "set", "dist0", state])
    if (status !== 0) throw new Error(`the interface cannot be set ${state}`)
  }

  /** The body of a page on the near side's loopback; with a `body`, of the answer to a PUT of it. */
  page(url: string, body?: string): Promise<string> {
    const asked = "Request(a[1], data=a[2].encode() if len(a) > 2 else None, method='PUT' if len(a) > 2 else 'GET')"
    const script =
      `import sys; from urllib.request import *; a = sys.argv; print(urlopen(${asked}, timeout=5).read().decode())`
    const child = this.near(["python3", "-c", script, url, ...(body === undefined ? [] : [body])])
    let text = ""
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
    child.stderr?.resume()
    return new Promise((resolve, reject) => {
      child.once("close", (code) => code === 0 ? resolve(text) : reject(new Error(`${url} cannot be read`)))
    })
  }

  /** Changes how a server behaves. */
  server(host: string, mode: "ok" | "refuse" | "stall" | "reset" | "impostor" | "fail"): Promise<string> {
    return this.#upstreams.tell(`${host} ${mode}`)
  }

  /** Sends the servers' script a line of its own, and gives its answer. */
  tellServers(line: string): Promise<string> {
    return this.#upstreams.tell(line)
  }

  /** Requests that each server has answered. */
  async served(): Promise<Readonly<Record<string, number>>> {
    return JSON.parse(await this.#upstreams.tell("served"))
  }

  /** Starts a program in front of the network; with `stdin` it can be told something. */
  near(command: ReadonlyArray<string>, stdin: "ignore" | "pipe" = "ignore"): ChildProcess {
    const [program = "", ...args] = commandOn(this.name, "near", command)
    const child = spawn(program, args, { stdio: [stdin, "pipe", "pipe"] })
    this.#running.add(child)
    child.once("close", () => this.#running.delete(child))
    return child
  }

  /** Starts Fairlead and resolves once every candidate has been measured. */
  async fairlead(yaml: string, settleMs = 3_000, runtime?: RuntimeName, name = "fairlead"): Promise<ChildProcess> {
    const file = path.join(this.scratch, `${name}.yaml`)
    fs.writeFileSync(file, yaml)
    const program = [path.join(ROOT, "src/apps/main.ts"), "run", "--config", file]
    const child = this.near(runtime === undefined ? runnable([process.execPath, ...program]) : launched(runtime, program))
    if (process.env["LAB_LOG"] === "1") child.stderr?.pipe(process.stderr)
    else child.stderr?.resume()
    child.stdout?.resume()
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    if (child.exitCode !== null) throw new Error("Fairlead ended early")
    return child
  }

  /** Runs clients to their end. */
  clients(kind: "loop" | "direct", host: string, port: number, rate: number, count: number): Promise<Array<Seen>> {
    return this.#seen("clients.ts", [kind, host, port, rate, count].map(String))
  }

  /** The same with TLS. */
  tlsClients(wanted: TlsClients): Promise<Array<TlsSeen>> {
    return this.#seen("tlsClients.ts", [JSON.stringify(wanted)])
  }

  /** The same through an HTTP proxy. */
  proxyClients(wanted: ProxyClients): Promise<Array<ProxySeen>> {
    return this.#seen("proxyClients.ts", [JSON.stringify(wanted)])
  }

  /** The same for many listeners at once, so many clients a second for each. */
  manyClients(rate: number, seconds: number, ports: ReadonlyArray<number>): Promise<Array<Line>> {
    return this.#seen("manyClients.ts", [rate, seconds, ...ports].map(String))
  }

  #seen<A>(script: string, args: ReadonlyArray<string>): Promise<Array<A>> {
    const child = this.near(runnable([process.execPath, path.join(HERE, script), ...args]))
    const seen: Array<A> = []
    child.stderr?.pipe(process.stderr)
    readline.createInterface({ input: child.stdout as NodeJS.ReadableStream }).on(
      "line",
      (line) => seen.push(JSON.parse(line))
    )
    return new Promise((resolve, reject) => {
      child.once("error", reject)
      child.once("close", (code) => code === 0 ? resolve(seen) : reject(new Error(`clients ended with ${code}`)))
    })
  }

  /** Runs a script by the near side to its end; the document that it prints. */
  async document<A>(script: string, args: ReadonlyArray<string>): Promise<A> {
    const child = this.near(runnable([process.execPath, script, ...args]))
    let text = ""
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (text += chunk))
    child.stderr?.pipe(process.stderr)
    const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve))
    if (code !== 0) throw new Error(`${script} ended with ${code}`)
    return JSON.parse(text) as A
  }

  async stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once("close", resolve))
    child.kill("SIGTERM")
    await ended
  }

  async close(): Promise<void> {
    for (const child of [...this.#running]) await this.stop(child)
    await this.#upstreams.stop()
    await this.#network.stop()
    // Keeps the records of a run that is to be looked at afterwards.
    if (process.env["FAIRLEAD_KEEP_LAB"] === undefined) fs.rmSync(this.scratch, { recursive: true, force: true })
  }
}

/** Runs a script on the runtime of this process; `flags` are V8's. */
export function runnable(
  [runtime = "", ...rest]: ReadonlyArray<string>,
  flags: ReadonlyArray<string> = []
): ReadonlyArray<string> {
  if (!("Deno" in globalThis)) return [runtime, ...flags, ...rest]
  const v8 = flags.length === 0 ? [] : [`--v8-flags=${flags.join(",")}`]
  return [runtime, "run", "-A", "--config", path.join(ROOT, "deno.json"), ...v8, ...rest]
}

/** npm's command of Deno is a script that ends alone on a signal and leaves Deno behind: the program itself is run where it is there. */
function launched(runtime: RuntimeName, program: ReadonlyArray<string>): ReadonlyArray<string> {
  const deno = path.join(ROOT, "node_modules/deno/deno")
  return runtime === "node"
    ? ["node", ...program]
    : [fs.existsSync(deno) ? deno : "deno", "run", "-A", "--config", path.join(ROOT, "deno.json"), ...program]
}
