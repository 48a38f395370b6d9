/**
 * How soon clients are on the best address again after any trouble, with default settings: three addresses at 20, 40 and 60 ms
 * fail together, the best alone, two of them, or all of them again and again. Many services run at once in one lab, each with
 * its own configuration and clients; a round robin and mihomo's url-test rule are simulated over the same troubles.
 *
 * `--quick`: all addresses for 30 s, a set of one and of three, one round. `--fault dark|refuse`, `--length S`, `--only PATTERN`
 * (of "TROUBLE | CONFIGURATION", as the table names them) and `--spares none,fallback,candidate,lost` choose; `--rounds N`,
 * `--rate N` clients a second each, `--at-once N` services, `--settle S`, `--watch S`; `--list` names what would run.
 */
import process from "node:process"
import { parseArgs } from "node:util"
import { whyNot } from "./lab/Lab.ts"
import { whyNoResolver } from "./lab/names.ts"
import type { Case } from "./lab/returnBatch.ts"
import { runBatch } from "./lab/returnBatch.ts"
import { figuresOf } from "./lab/returnFigures.ts"
import { rivalsIn } from "./lab/returnRivals.ts"
import type { Result } from "./lab/returnTable.ts"
import { LEGEND, missedBy, tableOf } from "./lab/returnTable.ts"
import type { Spare } from "./lab/setups.ts"
import { isPlain, setupName, setups, SPARES } from "./lab/setups.ts"
import type { Trouble } from "./lab/trouble.ts"
import { endsS, RTT_MS, troubleName, troubles, watchS } from "./lab/trouble.ts"
import { aligned, runtime, short } from "./support/report.ts"

const { values } = parseArgs({
  options: {
    "rounds": { type: "string" },
    "fault": { type: "string" },
    "length": { type: "string" },
    "only": { type: "string" },
    "spares": { type: "string", default: "none,fallback" },
    "rate": { type: "string", default: "20" },
    "at-once": { type: "string", default: "8" },
    "settle": { type: "string", default: "40" },
    "watch": { type: "string", default: "60" },
    "quick": { type: "boolean", default: false },
    "list": { type: "boolean", default: false },
    "json": { type: "boolean", default: false }
  }
})
const { quick } = values
const rounds = Number(values.rounds ?? (quick ? 1 : 3))
const atOnce = Number(values["at-once"])
const pace = { rate: Number(values.rate), settleS: Number(values.settle), watchS: Number(values.watch) }
const spares = values.spares.split(",") as Array<Spare>
for (const spare of spares) if (!SPARES.includes(spare)) throw new Error(`--spares knows ${SPARES.join(", ")}, not ${spare}`)

/** All configurations where all addresses fail; the plain ones, with a set of one and of three, for all other troubles. */
function wanted(): ReadonlyArray<Case> {
  const lengthS = values.length ?? (quick ? "30" : undefined)
  const pattern = new RegExp(values.only ?? "")
  const isWanted = ({ kind, fault, lengthS: own }: Trouble) =>
    (values.fault ?? fault) === fault && Number(lengthS ?? own) === own && (!quick || kind === "all")
  const cases = troubles().filter(isWanted).flatMap((trouble) =>
    setups(spares).filter((setup) => isPlain(setup) || (trouble.kind === "all" && !quick)).map((setup) => ({
      trouble,
      setup
    }))
  )
  return cases.filter(({ trouble, setup }) => pattern.test(`${troubleName(trouble)} | ${setupName(setup)}`))
}

const lastsS = ({ trouble }: Case) => endsS(trouble) + watchS(trouble, pace.watchS)

/** Those that take about as long run at the same time. */
function batchesOf(cases: ReadonlyArray<Case>): ReadonlyArray<ReadonlyArray<Case>> {
  const sorted = cases.toSorted((a, b) => lastsS(a) - lastsS(b))
  return Array.from({ length: Math.ceil(sorted.length / atOnce) }, (_, i) => sorted.slice(i * atOnce, (i + 1) * atOnce))
}

const said = (text: string) => console.error(`return: ${text}`)
const strict = process.env["REQUIRE_RIVALS"] === "1"
let cases = wanted()
if (cases.length === 0) throw new Error("nothing is left of what there is; --list without other options shows all")
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
}
const batches = batchesOf(cases)
const minutes = batches.reduce((sum, batch) => sum + 15 + pace.settleS + Math.max(...batch.map(lastsS)), 0) * rounds / 60
said(`${cases.length} cases in ${batches.length} batches, ${rounds} rounds: some ${Math.ceil(minutes)} minutes`)
if (values.list) {
  for (const { trouble, setup } of cases) console.log(`${troubleName(trouble)} | ${setupName(setup)}`)
  process.exit(0)
}

const results = new Map<Case, Result>(cases.map((one) => [one, { trouble: one.trouble, who: one.setup, rounds: [] }]))
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
    // Who is not on the best before tells nothing about the lab.
    const p50Ms = Math.max(...figures.filter(({ onBestBefore }) => onBestBefore > 0.9).map(({ p50BeforeMs }) => p50BeforeMs))
    checks.push({ services: batch.length, busy, changeMs, p50Ms })
    said(`round ${round + 1}, batch ${i + 1} of ${batches.length} is over; before its troubles ${checkOf(checks.at(-1)!)}`)
  }
}

function checkOf({ services, busy, changeMs, p50Ms }: (typeof checks)[number]): string {
  const processors = `the processors ${(busy * 100).toFixed(0)} % busy`
  return `${services} services, ${processors}, slowest p50 ${
    short(p50Ms)
  } ms for ${RTT_MS.best}; a change took ${changeMs} ms at most`
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
    who: typeof result.who === "string" ? result.who : setupName(result.who),
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
