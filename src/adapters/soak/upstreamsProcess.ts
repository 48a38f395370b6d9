/** The process of the soak's upstreams: their work and their memory are not those of the service that is watched. */
import process from "node:process"
import { createInterface } from "node:readline"
import { Origin } from "./Origin.ts"
import type { Opened, Order, Plan } from "./orders.ts"
import { draws } from "./orders.ts"

/** Serves until its input ends. A signal from a terminal goes to all of its processes, and the soak still needs its upstreams. */
export async function serveUpstreams(text: string): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {})
  const { seed, origins: planned }: Plan = JSON.parse(text)
  const draw = draws(seed)
  const origins = planned.map((options) => new Origin(options, draw))
  const opened: Opened = { ports: await Promise.all(origins.map((origin) => origin.listen())) }
  process.stdout.write(`${JSON.stringify(opened)}\n`)
  const lines = createInterface({ input: process.stdin })
  lines.on("line", (line) => {
    const { place, ...condition }: Order = JSON.parse(line)
    const origin = origins[place]
    if (origin !== undefined) origin.condition = condition
  })
  lines.once("close", () => process.exit(0))
}
