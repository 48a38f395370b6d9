/**
 * Mutation testing of core, record and plane: makes small changes of the sources, by Stryker's instrumenter, and counts how many a test notices.
 *
 * `npm run mutants -- --sample 300 --seed 7` tries 300 of all mutants, chosen by the seed; `--only src/core/rules` (once or again) takes those
 * of some folders or files; `--minutes 60` stops in time. Results go to a file (`--results`), and mutants in it are not tried again, except
 * the survivors with `--again`. `--list` shows what no test has noticed and tries nothing. Prints a table.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { ROOT } from "./build/entries.ts"
import { runBatch } from "./mutants/batch.ts"
import { allMutants } from "./mutants/instrument.ts"
import { openResults } from "./mutants/results.ts"
import { sampled } from "./mutants/sample.ts"
import { isKilled, survivorText, table } from "./mutants/table.ts"
import { testFiles } from "./mutants/testFiles.ts"

const { values } = parseArgs({
  options: {
    sample: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
    only: { type: "string", multiple: true, default: [] },
    tests: { type: "string", multiple: true, default: [] },
    names: { type: "string", default: "" },
    minutes: { type: "string", default: "600" },
    budget: { type: "string", default: "60" },
    batch: { type: "string", default: "150" },
    results: { type: "string", default: ".mutants/results.ndjson" },
    again: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    list: { type: "boolean", default: false }
  }
})

// The process with the tests ends with this one.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1))

const beganAtMs = Date.now()
const endsAtMs = beganAtMs + Number(values.minutes) * 60_000
const say = (text: string) => console.log(`${String(Math.round((Date.now() - beganAtMs) / 1000)).padStart(5)} s  ${text}`)

const results = openResults(path.resolve(ROOT, values.results))
const isWanted = (file: string) => values.only.length === 0 || values.only.some((prefix) => file.startsWith(prefix))
const all = (await allMutants(ROOT, path.join(path.dirname(results.file), "mutants.json"))).filter(({ file }) =>
  isWanted(file)
)
const sample = sampled(all, Number(values.sample), Number(values.seed))
const isToTry = (key: string) => {
  const result = results.get(key)
  return result === undefined || (values.again && !isKilled(result))
}
const toTry = values.list ? [] : sample.filter(({ key }) => isToTry(key))
say(`${all.length} mutants, ${sample.length} in the sample, ${toTry.length} to try`)

const tests = testFiles(ROOT).filter(({ file }) =>
  values.tests.length === 0 || values.tests.some((prefix) => file.startsWith(prefix))
)
for (let first = 0; first < toTry.length && Date.now() < endsAtMs; first += Number(values.batch)) {
  const chosen = toTry.slice(first, first + Number(values.batch))
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-mutants-"))
  let decided = 0
  const onResult = (result: Parameters<typeof results.add>[0]) => {
    results.add(result)
    say(
      `${first + ++decided} of ${toTry.length}: ${result.status} ${result.file}:${result.line} ${
        result.by ?? result.mutator
      }`
    )
  }
  await runBatch({
    root: ROOT,
    folder,
    chosen,
    testFiles: tests,
    names: values.names,
    budgetMs: Number(values.budget) * 1000,
    onResult,
    endsAtMs,
    say
  })
  if (values.keep) say(`kept: ${folder}`)
  else fs.rmSync(folder, { recursive: true })
}

const found = sample.flatMap(({ key, line, column }) => {
  const result = results.get(key)
  return result === undefined ? [] : [{ ...result, line, column }]
})
for (const result of found) if (!isKilled(result)) console.log(`\n${survivorText(result)}`)
console.log(`\n${table(found)}`)
// A kill is known at once, a survivor only when its batch is over: until then the table has too many kills.
if (found.length < sample.length) {
  const atLeast = (100 * found.filter(isKilled).length / sample.length).toFixed(1)
  console.log(
    `\n${
      sample.length - found.length
    } of the sample are undecided, so the shares are too high: ${atLeast} % of the sample are killed so far`
  )
}
