/** Workers in workerd, the open runtime of Cloudflare Workers, as processes on loopback. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import { createRequire } from "node:module"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { lacks } from "./able.ts"
import { until } from "./servers.ts"

/** The binary itself: the script in .bin would not pass on descriptors. */
const binary = ((): string | undefined => {
  try {
    const { default: file } = createRequire(import.meta.url)("workerd") as { readonly default: string }
    return fs.existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
})()

export const noWorkerd = lacks("workerd", binary === undefined ? "the npm package workerd has no binary here" : "")

export interface Worker extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly stderr: () => string
}

/** Runs a module as a worker, which may dial loopback. `bindings` are texts that the worker finds in its environment. */
export async function worker(code: string, bindings: Readonly<Record<string, string>> = {}): Promise<Worker> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-workerd-"))
  fs.writeFileSync(path.join(directory, "worker.mjs"), code)
  const texts = Object.entries(bindings).map(([name, text]) =>
    `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`
  )
  fs.writeFileSync(
    path.join(directory, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      compatibilityDate = "2026-09-01",
      bindings = [${texts.join(", ")}]
    )),
    (name = "internet", network = (allow = ["public", "private", "local"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
`
  )
  const child = spawn(binary as string, ["serve", "config.capnp", "--control-fd=3", "--experimental"], {
    cwd: directory,
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env: process.env
  })
  let said = ""
  let events = ""
  child.stderr?.on("data", (chunk) => (said += chunk))
  child.stdio[3]?.on("data", (chunk) => (events += chunk))
  const closed = once(child, "close")
  const portOf = () => /"socket":"http","port":(\d+)/.exec(events)?.[1]
  const stop = async () => {
    child.kill("SIGKILL")
    await closed
    fs.rmSync(directory, { recursive: true })
  }
  await until("workerd listens", () => portOf() !== undefined || child.exitCode !== null, 30_000)
  const port = portOf()
  if (port !== undefined) return { url: `http://127.0.0.1:${port}`, stderr: () => said, [Symbol.asyncDispose]: stop }
  await stop()
  throw new Error(`workerd ended: ${said}`)
}
