/** Plays scripts under all checkers, and finds the smallest script that fails like a seed's. */
import fc from "fast-check"
import type { MakeChecker } from "./Checker.ts"
import { breakers } from "./checkers/breakers.ts"
import { invariants } from "./checkers/invariants.ts"
import { names } from "./checkers/names.ts"
import { probes } from "./checkers/probes.ts"
import { recovery } from "./checkers/recovery.ts"
import { regret } from "./checkers/regret.ts"
import { replay } from "./checkers/replay.ts"
import { routes } from "./checkers/routes.ts"
import { selection } from "./checkers/selection.ts"
import { served } from "./checkers/served.ts"
import { sessions } from "./checkers/sessions.ts"
import { sockets } from "./checkers/sockets.ts"
import type { Script } from "./script.ts"
import { script, scriptOf } from "./script.ts"
import type { Outcome } from "./World.ts"
import { World } from "./World.ts"

const SHORT_MINUTES = 4

export const CHECKERS: Readonly<Record<string, MakeChecker>> = {
  sockets,
  sessions,
  routes,
  breakers,
  probes,
  selection,
  names,
  served,
  recovery,
  regret,
  invariants,
  replay
}

export function played(script: Script): Outcome {
  return new World(script, CHECKERS).play()
}

/** Under one checker alone. */
export function playedUnder(checker: string, seed: number): Outcome {
  const make = CHECKERS[checker]
  if (make === undefined) throw new Error(`there is no checker ${checker}`)
  return new World(scriptOf(seed), { [checker]: make }).play()
}

export function playedSeed(seed: number): Outcome {
  return played(scriptOf(seed))
}

/** The first seeds whose worlds are short. */
export function shortSeeds(count: number): ReadonlyArray<number> {
  const found: Array<number> = []
  for (let seed = 1; found.length < count; seed++) if (scriptOf(seed).minutes <= SHORT_MINUTES) found.push(seed)
  return found
}

export interface Smallest {
  readonly script: Script
  readonly outcome: Outcome
  /** Leads fast-check from the seed to this script. */
  readonly path: string
}

/** The smallest script that still fails, as far as it was found in this time; undefined: the seed does not fail. */
export function smallest(seed: number, limitMs: number, path?: string): Smallest | undefined {
  const fails = fc.property(fc.noBias(script), (one) => {
    const { violation } = played(one)
    if (violation !== null) throw new Error(violation.what)
  })
  const details = fc.check(fails, {
    seed,
    numRuns: 1,
    interruptAfterTimeLimit: limitMs,
    ...(path === undefined ? {} : { path, endOnFailure: true })
  })
  const found = details.counterexample?.[0]
  if (found === undefined || details.counterexamplePath === null) return undefined
  return { script: found, outcome: played(found), path: details.counterexamplePath }
}

/** What a person needs to see a failure again. */
export function failureText(seed: number, { violation }: Outcome): string {
  if (violation === null) return `seed ${seed}: no violation`
  const { checker, what, atMs } = violation
  return [
    `seed ${seed}: ${checker}, ${(atMs / 1000).toFixed(3)} s after the world began: ${what}`,
    `once more, and made smaller: npm run world -- --seed ${seed}`
  ].join("\n")
}
