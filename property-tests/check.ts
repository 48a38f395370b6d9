/**
 * Laws: properties that must hold for all cases that fast-check makes up.
 *
 * A quick run (200 cases) draws its cases from the law's own name, so it gives every checkout the same verdict; a deep one
 * (FAIRLEAD_DEEP=1, 5,000 cases) draws a new seed each time. A failure prints its seed and the command that repeats it.
 *
 * A law that says "where this holds, that follows" counts with `met` how often this held, and names in `floors` how often it has to:
 * below that the law says nothing, and fails. A floor is about half of what the quick run counts; FAIRLEAD_COUNTS=1 prints the counts.
 * A law fails as well when its cases could not all be run in time.
 */
import fc from "fast-check"
import { it } from "vitest"
import { hash } from "../src/core/math/hash.ts"
import type { Kept } from "./seeds.ts"
import { seeds } from "./seeds.ts"

const QUICK_RUNS = 200
const DEEP_RUNS = 5_000
const DEEP_TIMEOUT_MS = 3_600_000
/** A property runs without a pause, so the runner's own timeout could not stop its shrinking. Eight times what the longest takes on a busy machine. */
const QUICK_LIMIT_MS = 120_000

export interface LawOptions {
  /** Part of the usual number of cases, for laws whose cases are long. */
  readonly share?: number
  /** How often each premise that the law counts has to hold in a quick run. */
  readonly floors?: Readonly<Record<string, number>>
  /** For the harness's own tests. */
  readonly limitMs?: number
}

const counts = new Map<string, number>()

/** Counts that a premise of the law under way held, once more. */
export function met(premise: string): void {
  counts.set(premise, (counts.get(premise) ?? 0) + 1)
}

/** The part of the environment that laws read. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface Checked {
  readonly law: string
  /** As `-t` takes it: the names of the groups around it and its own. */
  readonly fullName: string
  readonly file: string
}

/** A test that `property` holds. */
export function law<Ts>(name: string, property: fc.IRawProperty<Ts, false>, options: LawOptions = {}): void {
  const timeoutMs = process.env.FAIRLEAD_DEEP === "1" ? DEEP_TIMEOUT_MS : 2 * QUICK_LIMIT_MS
  it(name, { timeout: timeoutMs }, ({ task }) => {
    const groups: Array<string> = []
    for (let suite = task.suite; suite !== undefined; suite = suite.suite) if (suite.name !== "") groups.unshift(suite.name)
    const checked = { law: name, fullName: [...groups, name].join(" "), file: task.file.name }
    check(checked, property, process.env, seeds, options)
  })
}

/** Throws an error with all that is needed to see the failure again. */
export function check<Ts>(
  checked: Checked,
  property: fc.IRawProperty<Ts, false>,
  environment: Environment,
  kept: ReadonlyArray<Kept>,
  { share = 1, floors = {}, limitMs = QUICK_LIMIT_MS }: LawOptions = {}
): void {
  const { FAIRLEAD_SEED: seedText, FAIRLEAD_PATH: path, FAIRLEAD_DEEP: deep, FAIRLEAD_COUNTS: told } = environment
  const numRuns = Math.max(10, Math.round((deep === "1" ? DEEP_RUNS : QUICK_RUNS) * share))
  const limits = deep === "1" ? {} : { interruptAfterTimeLimit: limitMs }
  const attempt = (parameters: fc.Parameters<Ts>) => {
    const details = fc.check(property, { numRuns, ...limits, ...parameters })
    if (details.failed) throw new Error(messageOf(checked, details), { cause: details.errorInstance })
    if (details.interrupted) {
      throw new Error(`the law "${checked.law}" is not checked: ${details.numRuns} of ${numRuns} cases in ${limitMs} ms`)
    }
  }
  const whole = (parameters: fc.Parameters<Ts>) => {
    counts.clear()
    attempt(parameters)
    if (told === "1") console.log(countsOf(checked, floors))
    const times = deep === "1" ? DEEP_RUNS / QUICK_RUNS : 1
    for (const [premise, floor] of Object.entries(floors)) {
      const count = counts.get(premise) ?? 0
      if (count < floor * times) throw new Error(emptyRoom(checked, premise, count, floor * times))
    }
    for (const premise of counts.keys()) {
      if (!Object.hasOwn(floors, premise)) {
        throw new Error(`the law "${checked.law}" counts "${premise}" and has no floor for it`)
      }
    }
  }
  if (seedText !== undefined) return attempt({ seed: Number(seedText), ...(path === undefined ? {} : { path }) })
  for (const { law, seed, path } of kept) if (law === checked.law) attempt({ seed, path, endOnFailure: true })
  whole(deep === "1" ? {} : { seed: hash(checked.law).low | 0 })
}

function countsOf({ law }: Checked, floors: Readonly<Record<string, number>>): string {
  return [...counts].map(([premise, count]) => `${law}: "${premise}" held ${count} times, floor ${floors[premise]}`).join(
    "\n"
  )
}

function emptyRoom({ law }: Checked, premise: string, count: number, floor: number): string {
  return `the law "${law}" says nothing: "${premise}" held ${count} times in all cases, and has to hold ${floor} times`
}

function messageOf<Ts>({ law, fullName, file }: Checked, details: fc.RunDetails<Ts>): string {
  const path = details.counterexamplePath
  const pathText = path === null ? "" : ` FAIRLEAD_PATH="${path}"`
  const name = fullName.replaceAll(/[\\^$.*+?()[\]{}|"`]/g, ".")
  return [
    fc.defaultReportMessage(details) ?? "",
    "",
    `the law "${law}" is broken; once more:`,
    `FAIRLEAD_SEED=${details.seed}${pathText} npx vitest run ${file} -t "${name}"`,
    `to keep it: { law: ${JSON.stringify(law)}, seed: ${details.seed}, path: ${JSON.stringify(path ?? "")} } in seeds.ts`
  ].join("\n")
}
