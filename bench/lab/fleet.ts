/** Many services in one lab: each a process with a configuration, a listener and an upstream port of its own. */
import type { ChildProcess } from "node:child_process"
import * as fs from "node:fs"
import type { Lab } from "./Lab.ts"
import { pause } from "./poolLab.ts"
import type { Place, Setup } from "./setups.ts"
import { yamlOf } from "./setups.ts"

export interface Ship {
  readonly setup: Setup
  readonly place: Place
}

/** So many start at once; more would only wait for the processors. */
const STARTING = 3
const STARTS_WITHIN_MS = 60_000

/** Starts them, and is done when all of them listen. */
export async function launch(lab: Lab, ships: ReadonlyArray<Ship>): Promise<ReadonlyArray<ChildProcess>> {
  const waiting = [...ships]
  const started: Array<ChildProcess> = []
  const inTurn = async () => {
    for (let ship = waiting.shift(); ship !== undefined; ship = waiting.shift()) started.push(await launchOne(lab, ship))
  }
  await Promise.all(Array.from({ length: STARTING }, inTurn))
  return started
}

async function launchOne(lab: Lab, { setup, place }: Ship): Promise<ChildProcess> {
  fs.mkdirSync(place.directory)
  const service = await lab.fairlead(yamlOf(setup, place), 0, undefined, `service-${place.listenPort}`)
  let said = ""
  service.stderr?.on("data", (chunk) => (said += String(chunk)))
  for (const giveUpMs = performance.now() + STARTS_WITHIN_MS; !said.includes("listening");) {
    if (performance.now() > giveUpMs || service.exitCode !== null) throw new Error(`Fairlead does not listen: ${said}`)
    await pause(20)
  }
  return service
}

/** At once: how a service shuts down is not measured here. */
export async function scuttle(services: ReadonlyArray<ChildProcess>): Promise<void> {
  await Promise.all(services.map((service) => {
    const ended = new Promise((resolve) => service.once("close", resolve))
    service.kill("SIGKILL")
    return service.exitCode === null && service.signalCode === null ? ended : undefined
  }))
}
