/** The attempts of a dial plan, as far as the outcomes of a move go. */
import { admits } from "../../src/core/access.ts"
import { isAvoided } from "../../src/core/identity.ts"
import type { Attempt } from "../../src/core/model/Event.ts"
import type { DialAttempt, DialPlan } from "../../src/core/model/Routes.ts"
import type { Move } from "./moves.ts"
import { failureOf } from "./moves.ts"

export function attemptsOf(
  plan: DialPlan["attempts"],
  { outcomes }: Move,
  tookUs: (nth: number) => number
): ReadonlyArray<Attempt> {
  const tried: Array<Attempt> = []
  for (const [i, outcome] of outcomes.slice(0, plan.length).entries()) {
    const attempt = plan[i]!
    const { candidate, host, verify } = attempt
    const named = candidate === "system" ? { host: outcome === "connected" ? newAddress(plan, attempt) : host } : {}
    const proven = outcome === "connected" && verify !== undefined ? { verified: true } as const : {}
    const told = outcome === "certificate" ? failureOf(outcome, verify !== undefined) ?? outcome : outcome
    tried.push({ candidate, ...named, outcome: told, tookUs: tookUs(i), ...proven })
    if (outcome === "connected") break
  }
  return tried
}

/** An address that a name may have and the plan does not know; the name itself where there is none. */
function newAddress(plan: DialPlan["attempts"], { host: name, resolve }: DialAttempt): string {
  const hosts = Array.from({ length: 6 }, (_, i) => `203.0.113.${70 + i}`)
  const may = (host: string) =>
    resolve !== undefined && admits(resolve.access, host) && !isAvoided(resolve, host)
    && !plan.some((one) => one.host === host)
  return hosts.find(may) ?? name
}
