/**
 * Laws: properties that must hold for whatever fast-check makes up.
 *
 * A quick run (200 cases) draws its cases from the law's own name, so it gives every checkout the same verdict; a deep one
 * (FAIRLEAD_DEEP=1, 5,000 cases) draws a new seed each time. A failure says which seed it had and how to have it again.
 */
import fc from "fast-check"
import { it } from "vitest"
import { hash } from "../src/core/math/hash.ts"
import type { Kept } from "./seeds.ts"
import { seeds } from "./seeds.ts"

const QUICK_RUNS = 200
const DEEP_RUNS = 5_000
const DEEP_TIMEOUT_MS = 3_600_000
/** A property runs without a pause, so the runner's own timeout could not stop its shrinking. */
const QUICK_LIMIT_MS = 30_000
/** On a machine so busy that the limit comes first, this part of the cases must have passed. */
const LEAST_SHARE = 0.25

export interface LawOptions {
  /** Part of the usual number of cases, for laws whose cases are long. */
  readonly share?: number
}

/** The part of the environment that laws listen to. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface Checked {
  readonly law: string
  /** As `-t` takes it: the names of the groups around it and its own. */
  readonly fullName: string
  readonly file: string
}

/** A test that `property` holds. */
export function law<Ts>(name: string, property: fc.IRawProperty<Ts, false>, options: LawOptions = {}): void {
  const timeoutMs = process.env.FAIRLEAD_DEEP === "1" ? DEEP_TIMEOUT_MS : 60_000
  it(name, { timeout: timeoutMs }, ({ task }) => {
    const groups: Array<string> = []
    for (let suite = task.suite; suite !== undefined; suite = suite.suite) if (suite.name !== "") groups.unshift(suite.name)
    const checked = { law: name, fullName: [...groups, name].join(" "), file: task.file.name }
    check(checked, property, process.env, seeds, options)
  })
}

/** Throws with all that is needed to see the failure again. */
export function check<Ts>(
  checked: Checked,
  property: fc.IRawProperty<Ts, false>,
  environment: Environment,
  kept: ReadonlyArray<Kept>,
  { share = 1 }: LawOptions = {}
): void {
  const { FAIRLEAD_SEED: seedText, FAIRLEAD_PATH: path, FAIRLEAD_DEEP: deep } = environment
  const numRuns = Math.max(10, Math.round((deep === "1" ? DEEP_RUNS : QUICK_RUNS) * share))
  const limits = deep === "1" ? {} : { interruptAfterTimeLimit: QUICK_LIMIT_MS }
  const attempt = (parameters: fc.Parameters<Ts>) => {
    const details = fc.check(property, { numRuns, ...limits, ...parameters })
    if (details.failed || details.numRuns < (details.interrupted ? numRuns * LEAST_SHARE : 0)) {
      throw new Error(messageOf(checked, details), { cause: details.errorInstance })
    }
  }
  if (seedText !== undefined) return attempt({ seed: Number(seedText), ...(path === undefined ? {} : { path }) })
  for (const { law, seed, path } of kept) if (law === checked.law) attempt({ seed, path, endOnFailure: true })
  attempt(deep === "1" ? {} : { seed: hash(checked.law).low | 0 })
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
