/**
 * How soon clients are on the best address again after any trouble, with default settings: three addresses at 20, 40 and
 * 60 ms fail together, the best alone, two of them, or all of them again and again. Many services run at once in one lab,
 * each with its own configuration and clients; a round robin and mihomo's url-test rule are simulated over the same troubles.
 *
 * `--quick`: all addresses for 30 s, a set of one and of three, one round. `--fault dark|refuse`, `--length S`,
 * `--only PATTERN` (of "TROUBLE | CONFIGURATION", as the table names them) and `--spares none,fallback,candidate,lost`
 * choose; `--rounds N`, `--rate N` clients a second each, `--at-once N` services, `--settle S`, `--watch S`; `--list` names
 * what would run.
 */
import process from "node:process"
import { parseArgs } from "node:util"
import { whyNot } from "./lab/Lab.ts"
import { whyNoResolver } from "./lab/names.ts"
import type { Case } from "./lab/returnBatch.ts"
import { lastGroupS, runBatch } from "./lab/returnBatch.ts"
import { batchesOf, caseName, casesOf, lastsS } from "./lab/returnCases.ts"
import { figuresOf } from "./lab/returnFigures.ts"
import { rivalsIn } from "./lab/returnRivals.ts"
import type { Result } from "./lab/returnTable.ts"
import { LEGEND, missedBy, tableOf, verdictOf } from "./lab/returnTable.ts"
import type { Spare } from "./lab/setups.ts"
import { setupName, SPARES } from "./lab/setups.ts"
import type { Trouble } from "./lab/trouble.ts"
import { RTT_MS, troubleName, troubles } from "./lab/trouble.ts"
import { aligned, runtime, short } from "./support/report.ts"

const { values } = parseArgs({
  options: {
    "rounds": { type: "string" },
    "fault": { type: "string" },
    "length": { type: "string" },
    "only": { type: "string", default: "" },
    "spares": { type: "string", default: "none,fallback" },
    "rate": { type: "string", default: "20" },
    "at-once": { type: "string", default: "8" },
    "settle": { type: "string" },
    "watch": { type: "string", default: "60" },
    "quick": { type: "boolean", default: false },
    "list": { type: "boolean", default: false },
    "json": { type: "boolean", default: false }
  }
})
const { quick } = values
const rounds = Number(values.rounds ?? (quick ? 1 : 3))
const atOnce = Number(values["at-once"])
/** With discovery the first address found is held for 30 s, and two rounds of probes have to confirm a better one. */
const settleS = Number(values.settle ?? (quick ? 40 : 75))
const pace = { rate: Number(values.rate), settleS, watchS: Number(values.watch) }
const spares = values.spares.split(",") as Array<Spare>
for (const spare of spares) if (!SPARES.includes(spare)) throw new Error(`--spares knows ${SPARES.join(", ")}, not ${spare}`)

/** A first byte from the best before the trouble, or a change of the network, that takes longer: the machine is overloaded. */
const MOST_P50_MS = 1.25 * RTT_MS.best
const MOST_CHANGE_MS = 250

/** About how long the start of a batch takes. */
const START_S = 15

const said = (text: string) => console.error(`return: ${text}`)
const strict = process.env["REQUIRE_RIVALS"] === "1"
const lengthS = values.length === undefined ? undefined : Number(values.length)
let cases = casesOf({ fault: values.fault, lengthS, only: new RegExp(values.only), spares, isQuick: quick })
if (cases.length === 0) throw new Error("nothing is left of what there is; --list alone shows all")
const missing = whyNot()
if (missing !== undefined && !values.list) {
  said(`${missing}; no figures`)
  process.exit(strict ? 1 : 0)
}
const noResolver = whyNoResolver()
if (noResolver !== undefined && cases.some(({ setup }) => setup.from === "name")) {
  said(`${noResolver}; no figures for configurations whose addresses come from a name`)
  if (strict) process.exit(1)
  cases = cases.filter(({ setup }) => setup.from === "list")
  if (cases.length === 0) process.exit(0)
}
const batches = batchesOf(cases, atOnce, pace.watchS)
const longestS = (batch: ReadonlyArray<Case>) => Math.max(...batch.map((one) => lastsS(one, pace.watchS)))
const minutes = batches.reduce((sum, batch) => sum + START_S + pace.settleS + lastGroupS(batch) + longestS(batch), 0)
  * rounds / 60
said(`${cases.length} cases in ${batches.length} batches, ${rounds} rounds: some ${Math.ceil(minutes)} minutes`)
if (values.list) {
  for (const one of cases) console.log(caseName(one))
  process.exit(0)
}

const results = new Map<Case, Result>(cases.map((one) => [one, { trouble: one.trouble, contender: one.setup, rounds: [] }]))
const checks: Array<
  { readonly services: number; readonly busy: number; readonly changeMs: number; readonly p50Ms: number }
> = []
for (let round = 0; round < rounds; round++) {
  for (const [i, batch] of batches.entries()) {
    const { observed, busy, changeMs } = await runBatch(batch, pace)
    const figures = observed.map((one) => figuresOf(one, pace.watchS))
    for (const [at, one] of batch.entries()) {
      const result = results.get(one) as Result
      results.set(one, { ...result, rounds: [...result.rounds, ...figures.slice(at, at + 1)] })
    }
    // A service that was not on the best address before says nothing about the lab.
    const p50Ms = Math.max(...figures.filter(({ onBestBefore }) => onBestBefore > 0.9).map(({ p50BeforeMs }) => p50BeforeMs))
    checks.push({ services: batch.length, busy, changeMs, p50Ms })
    said(`round ${round + 1}, batch ${i + 1} of ${batches.length} is over; before its troubles ${checkOf(checks.at(-1)!)}`)
  }
}

function checkOf({ services, busy, changeMs, p50Ms }: (typeof checks)[number]): string {
  const processors = `the processors ${(busy * 100).toFixed(0)} % busy`
  const p50 = Number.isFinite(p50Ms) ? `slowest p50 ${short(p50Ms)} ms for ${RTT_MS.best}` : "none on the best"
  const verdict = p50Ms > MOST_P50_MS || changeMs > MOST_CHANGE_MS ? "; TOO BUSY to be believed, run fewer at once" : ""
  return `${services} services, ${processors}, ${p50}; a change took ${changeMs} ms at most${verdict}`
}

const all = troubles().filter((trouble) => cases.some((one) => sameTrouble(one.trouble, trouble))).flatMap((trouble) => [
  ...[...results.values()].filter((result) => sameTrouble(result.trouble, trouble)),
  ...rivalsIn(trouble, pace)
])

function sameTrouble(a: Trouble, b: Trouble): boolean {
  return troubleName(a) === troubleName(b)
}

if (values.json) {
  const named = all.map((result) => ({
    trouble: troubleName(result.trouble),
    contender: typeof result.contender === "string" ? result.contender : setupName(result.contender),
    ok: verdictOf(result),
    missed: missedBy(result),
    rounds: result.rounds
  }))
  const text = JSON.stringify(
    { runtime: runtime(), rounds, pace, atOnce, checks, results: named },
    (_, value) => value === Infinity ? "never" : value
  )
  console.log(text)
} else {
  console.log(
    `back on the best after trouble, on ${runtime()}: ${pace.rate} clients a second each, ${rounds} rounds, defaults\n`
  )
  console.log(aligned(tableOf(all)))
  console.log(`\n${LEGEND}\n\nBefore the troubles:`)
  for (const check of checks) console.log(`  ${checkOf(check)}`)
}
