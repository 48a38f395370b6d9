/**
 * Selection on latencies measured on a real network: drives the core under default settings with a set of one, and prices
 * its choices by the yardstick of the traces: at each slice every candidate is probed once, the client then pays the next
 * slice's round trip of the selected candidate. Regret is what was paid over what the best choice in hindsight would have.
 *
 *     npm run --silent bench:selection -- [--json] [--forecast] FILE.csv...
 *
 * With `--forecast` the rule is compared with the same rule without a forecast (`scoring.habitWeight: 0`), by a paired
 * bootstrap over the files.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { parse } from "../src/apps/config/parse.ts"
import type { Config } from "../src/core/model/Config.ts"
import { find } from "../src/core/candidates.ts"
import * as Upstreams from "../src/core/upstreams.ts"
import { Simulation } from "../src/sim/Simulation.ts"
import { quantile } from "./lab/measure.ts"
import { bootstrap } from "./support/bootstrap.ts"
import { aligned } from "./support/report.ts"

const SLICE_US = 15_700_000
const WARM_UP_SLICES = 10
const SLICES_AN_HOUR = 3_600_000_000 / SLICE_US

export interface Priced {
  readonly file: string
  readonly regret: number
  readonly switchesPerHour: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Round trips by slice and candidate; the first column may be the slice's number or time, the first line the names. */
function readTrace(file: string): ReadonlyArray<ReadonlyArray<number>> {
  const [head = "", ...lines] = fs.readFileSync(file, "utf8").trim().split(/\r?\n/)
  const skip = /^(slice|time|t|seconds?)\b/i.test(head) ? 1 : 0
  return lines.map((line) => line.split(",").slice(skip).map(Number))
}

/** The defaults of the configuration, with a set of one and rounds as often as there are slices. */
function configFor(candidates: number, scoring: object): Config {
  const list = Array.from({ length: candidates }, (_, i) => `198.18.1.${i + 1}`)
  const { settings, problems } = parse(JSON.stringify({
    listeners: [{ name: "bench", listen: "127.0.0.1:0", upstream: "bench" }],
    upstreams: { bench: { port: 443, candidates: list } },
    scoring,
    selector: { activeSetSize: 1 },
    probing: { interval: `${SLICE_US / 1000}ms` }
  }))
  if (settings === undefined) throw new Error(JSON.stringify(problems))
  return settings.core
}

/** The candidate (by its index in the list) that serves. */
function selectedOf({ state }: Simulation): number {
  const member = Upstreams.find(state, 0)?.members[0]
  return member === undefined ? 0 : (find(state, member)?.ordinal ?? 1) - 1
}

function price(file: string, scoring: object = {}): Priced {
  const slices = readTrace(file)
  let slice = 0
  const config = configFor(slices[0]?.length ?? 0, scoring)
  const sim = new Simulation(config, { onEntry: () => {} })
  for (const [i, { host }] of (config.upstreams[0]?.candidates ?? []).entries()) {
    // Warm sockets are never connected, so probes alone are samples.
    sim.set(host, (purpose) => purpose === "probe" ? slices[slice]?.[i] ?? 0 : "lost")
  }
  sim.start()
  const paid: Array<number> = []
  let best = 0
  let switches = 0
  let before = -1
  for (; slice + 1 < slices.length; slice++) {
    // The probes of a slice are sent at its start and judged before its end.
    sim.run(((slice + 1) * SLICE_US - 1 - sim.atUs) / 1000)
    const selected = selectedOf(sim)
    if (slice >= WARM_UP_SLICES) {
      const next = slices[slice + 1] as ReadonlyArray<number>
      paid.push(next[selected] ?? Number.NaN)
      best += Math.min(...next)
      if (before >= 0 && selected !== before) switches++
    }
    before = selected
  }
  const sum = paid.reduce((all, one) => all + one, 0)
  return {
    file: path.basename(file),
    regret: sum / best,
    switchesPerHour: (switches / paid.length) * SLICES_AN_HOUR,
    p50Ms: quantile(paid, 0.5),
    p99Ms: quantile(paid, 0.99)
  }
}

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean" }, forecast: { type: "boolean" } },
  allowPositionals: true
})
if (positionals.length === 0) {
  console.error("bench:selection needs traces: npm run --silent bench:selection -- [--json] [--forecast] FILE.csv...")
  process.exit(2)
}
const FIGURES = ["regret", "switchesPerHour", "p50Ms", "p99Ms"] as const

function withMean(priced: ReadonlyArray<Priced>): ReadonlyArray<Priced> {
  const mean = (figure: (typeof FIGURES)[number]) => priced.reduce((sum, one) => sum + one[figure], 0) / priced.length
  return [...priced, {
    file: "mean",
    regret: mean("regret"),
    switchesPerHour: mean("switchesPerHour"),
    p50Ms: mean("p50Ms"),
    p99Ms: mean("p99Ms")
  }]
}

function table(priced: ReadonlyArray<Priced>): string {
  const rows = withMean(priced).map((one) => [
    one.file,
    one.regret.toFixed(3),
    one.switchesPerHour.toFixed(1),
    one.p50Ms.toFixed(0),
    one.p99Ms.toFixed(0)
  ])
  return aligned([["file", "regret", "switches/h", "p50 ms", "p99 ms"], ...rows])
}

const priced = positionals.map((file) => price(file))
if (values.forecast !== true) console.log(values.json === true ? JSON.stringify(withMean(priced), null, 2) : table(priced))
else {
  const without = positionals.map((file) => price(file, { habitWeight: 0 }))
  const judged = ({ regret, switchesPerHour }: Priced) => [regret, switchesPerHour]
  const { differences, noWorse } = bootstrap(priced.map(judged), without.map(judged))
  if (values.json === true) {
    console.log(JSON.stringify({ forecast: withMean(priced), without: withMean(without), differences, noWorse }, null, 2))
  } else {
    console.log(`without forecast\n${table(without)}\n\nwith forecast\n${table(priced)}\n`)
    const names = ["regret", "switches/h"]
    const rows = differences.map((
      { mean, from, to },
      i
    ) => [names[i] ?? "", ...[mean, from, to].map((one) => one.toFixed(3))])
    console.log(aligned([["with less without", "mean", "5 %", "95 %"], ...rows]))
    console.log(`no worse on both counts in ${(100 * noWorse).toFixed(0)} % of draws`)
  }
}
