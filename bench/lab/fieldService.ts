/** Fairlead on loopback with a configuration of its own, for scenes of `bench:field` that need no distance. */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { start } from "../../test/support/command.ts"
import type { Served } from "../support/client.ts"
import { quantile } from "./measure.ts"
import { pause } from "./poolLab.ts"

export interface Service {
  /** Of the listener with this name. */
  readonly portOf: (listener: string) => number
}

const STARTS_WITHIN_MS = 60_000
const LISTENING = /message=listening listener=(\S+) address=127\.0\.0\.1:(\d+)/g

/** Runs `body` (listeners, upstreams and what else differs from the defaults) for as long as `use` takes. */
export async function serving<A>(body: string, use: (service: Service, directory: string) => Promise<A>): Promise<A> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-field-"))
  const file = path.join(directory, "fairlead.yaml")
  const rest = [`eventLog: { path: ${directory}/log }`, "history: { path: none }", 'admin: { listen: "off" }']
  fs.writeFileSync(file, [body, ...rest, "shutdown: { drain: 200ms }", ""].join("\n"))
  const running = start(["run", "--config", file])
  const ports = () => new Map([...running.stderr().matchAll(LISTENING)].map(([, name, port]) => [name, Number(port)]))
  const wanted = [...body.matchAll(/listen: "127\.0\.0\.1:0"/g)].length
  try {
    for (const giveUpMs = performance.now() + STARTS_WITHIN_MS; ports().size < wanted;) {
      if (performance.now() > giveUpMs) throw new Error(`Fairlead does not listen: ${running.stderr()}`)
      await pause(5)
    }
    const known = ports()
    return await use({ portOf: (listener) => known.get(listener) ?? 0 }, directory)
  } finally {
    running.kill("SIGTERM")
    await running.ended
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

/** Of clients that were served, and how many were not. */
export function figuresOf(seen: ReadonlyArray<Served>): Readonly<Record<string, number>> {
  const servedMs = seen.filter(({ failure }) => failure === "").map(({ firstByteMs }) => firstByteMs)
  return {
    "failed": seen.length - servedMs.length,
    "p50 ms": quantile(servedMs, 0.5),
    "p90 ms": quantile(servedMs, 0.9),
    "max ms": Math.max(...servedMs)
  }
}
