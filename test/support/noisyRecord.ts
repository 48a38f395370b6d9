/** A record of addresses that are about as far, whose handshakes vary by more than that: the same one every time. */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Config } from "../../src/core/model/Config.ts"
import { initial } from "../../src/core/state.ts"
import { Draws } from "../../src/sim/Draws.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import type { Faulty } from "../../src/sim/weather.ts"
import { follow } from "../../src/sim/weather.ts"
import { addresses, configWith } from "./config.ts"
import { record } from "./segments.ts"

const SEED = 1

type Switching = Config["template"]["selector"]["switching"]

/** One member at a time, four addresses; without hold every second brings a reason to switch. */
export const noisyConfig = (changes: Partial<Switching> = {}, activeSetSize = 1): Config => {
  const switching = { marginMs: 5, marginPercent: 5, holdMs: 30_000, confirmations: 1, ...changes }
  return configWith([{
    candidates: addresses(4),
    probing: { intervalMs: 1_000 },
    selector: { activeSetSize, switching: { ...configWith([]).template.selector.switching, ...switching } }
  }])
}

/** Two clients a second come. After 50 s all addresses but the last are silent for ten seconds. */
export function noisyRecord(clients: number): ReadonlyArray<string> {
  const config = noisyConfig()
  const toy = new Simulation(config, { seed: SEED })
  const draws = new Draws(5)
  for (const [i, { host }] of addresses(4).entries()) {
    const faults: ReadonlyArray<Faulty> = i < 3 ? [{ host, fault: "dark", fromMs: 50_000, toMs: 60_000 }] : []
    follow(toy, { host, rttMs: 20 + i, jitterMs: 40, faults }, draws)
  }
  toy.start()
  for (let i = 0; i < clients; i++) toy.client(200).run(500)
  return record(initial(config, SEED), toy.entries).texts
}

/** Writes segments as a recorder would. */
export function writeSegments(directory: string, texts: ReadonlyArray<string>): string {
  fs.mkdirSync(directory, { recursive: true })
  texts.forEach((text, i) => fs.writeFileSync(path.join(directory, `${String(i + 1).padStart(8, "0")}.ndjson`), text))
  return directory
}
