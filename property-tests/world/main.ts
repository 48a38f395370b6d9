/**
 * Long runs of the world: `npm run world -- --seeds 10000 [--from 1]` plays many seeds, `--seed 7` plays one, and makes its script smaller
 * if it fails (`--path` repeats the smallest one at once). Exits with 1 if a seed failed.
 */
import process from "node:process"
import { parseArgs } from "node:util"
import { failureText, playedSeed, smallest } from "./play.ts"

const SHRINKS_MS = 300_000
const HOUR_MS = 3_600_000

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "100" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    path: { type: "string" }
  }
})

function one(seed: number, path: string | undefined): boolean {
  const first = playedSeed(seed)
  console.log(failureText(seed, first))
  const found = first.violation === null ? undefined : smallest(seed, SHRINKS_MS, path)
  if (found === undefined) return first.violation === null
  console.log(`\nthe smallest script that fails:\n${JSON.stringify(found.script, null, 1)}`)
  console.log(`\n${found.outcome.violation?.checker}: ${found.outcome.violation?.what}`)
  console.log(`once more: npm run world -- --seed ${seed} --path ${found.path}`)
  return false
}

function many(from: number, count: number): boolean {
  const premises = new Map<string, number>()
  const failed: Array<number> = []
  let [simulatedMs, entries] = [0, 0]
  const beganAt = process.cpuUsage()
  const said = () => {
    const { user, system } = process.cpuUsage(beganAt)
    const hours = simulatedMs / HOUR_MS
    const perHour = (user + system) / 1e6 / hours
    return `${hours.toFixed(1)} simulated hours, ${entries} entries, ${perHour.toFixed(2)} s of CPU for each simulated hour`
  }
  for (let seed = from; seed < from + count; seed++) {
    const outcome = playedSeed(seed)
    simulatedMs += outcome.simulatedMs
    entries += outcome.entries
    for (const [premise, times] of outcome.premises) premises.set(premise, (premises.get(premise) ?? 0) + times)
    if (outcome.violation !== null) {
      failed.push(seed)
      console.log(failureText(seed, outcome))
    }
    if ((seed - from + 1) % 100 === 0) console.log(`${seed - from + 1} seeds: ${said()}; ${failed.length} failed`)
  }
  console.log(`\n${count} seeds from ${from}: ${said()}`)
  for (const [premise, times] of [...premises].sort()) console.log(`${String(times).padStart(10)}  ${premise}`)
  console.log(failed.length === 0 ? "no violation" : `${failed.length} seeds failed: ${failed.join(" ")}`)
  return failed.length === 0
}

const { seed, path, from, seeds } = values
process.exitCode = (seed === undefined ? many(Number(from), Number(seeds)) : one(Number(seed), path)) ? 0 : 1
