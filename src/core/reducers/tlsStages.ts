/**
 * TLS stages: a stage that keeps failing is off for a while, so that programs do not pay for it with each connection. Each
 * upstream has a breaker for each of its stages.
 *
 * - A stage fails for one program when an address was connected and none of those that were tried gave a TLS connection with a
 *   valid certificate. `breaker.failureThreshold` such failures in a row switch it off.
 * - Addresses that cannot be connected say nothing about the stage; the breakers of candidates count them. A pin mismatch and
 *   a program that gives up say nothing either.
 * - It is off for `breaker.cooldown`, or `timeoutCooldown` after silence. That doubles each time that the stage is switched off
 *   again soon, up to `maxCooldown`. Each wait is shortened at random by up to a tenth.
 * - Then one program tries the stage. If it serves, it is on again. If it fails, the next wait begins, twice as long.
 * - The last stage of a chain that is on is never switched off.
 * - `breaker.enabled: false` switches no stage off.
 *
 * Facts tell which stage and candidate served and how long that took, each step to another stage, mismatched pins, and stages
 * that are off and on.
 */
import { ceilingMs, openingsAt } from "../cooldown.ts"
import { jitteredMs } from "../math/backoff.ts"
import * as Rng from "../math/Rng.ts"
import type { TlsTried } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Upstream } from "../model/Upstream.ts"
import { decide } from "../requests.ts"
import type { StageResult } from "../tlsChain.ts"
import { resultsOf } from "../tlsChain.ts"
import * as Stages from "../upstream/tlsStages.ts"
import * as Upstreams from "../upstreams.ts"

export function tlsStages(state: State, step: Step): State {
  const { event } = step
  if (event._tag === "ConfigChanged") return fitted(state)
  if (event._tag !== "TlsTried") return state
  const upstream = Upstreams.find(state, event.upstream)
  if (upstream === undefined) return state
  const results = resultsOf(event.tried)
  tell(step, event, results)
  let next = state
  for (const result of results) next = judged(next, step, event.upstream, result)
  return next
}

function judged(state: State, step: Step, id: Upstream["id"], { stage, isServed, failure }: StageResult): State {
  const { breaker: limits, tls: { chain } } = Upstreams.configOf(state, id)
  const upstream = Upstreams.find(state, id) as Upstream
  // The program may have begun under another configuration.
  if (!limits.enabled || !chain.includes(stage)) return state
  const breaker = Stages.breakerOf(upstream, stage)
  if (isServed) {
    if (Stages.isOff(breaker)) decide(step, { _tag: "TlsStageEnabled", upstream: id, stage })
    return Upstreams.replace(state, upstream, Stages.served(upstream, stage, step.at))
  }
  if (failure === undefined) return state
  const isTrial = Stages.isOff(breaker)
  // It began before the stage was off.
  if (isTrial && step.at < breaker.trialDueUs) return state
  const counted = Stages.failed(upstream, stage, limits.failureThreshold)
  const next = Upstreams.replace(state, upstream, counted)
  if (!isTrial && !opens(counted, chain, stage, limits.failureThreshold)) return next
  const openings = isTrial ? breaker.openings + 1 : openingsAt(breaker, step.at)
  const drawn = Rng.uniform(next.rng)
  const forMs = jitteredMs(ceilingMs(limits, failure === "timeout", openings), drawn.value)
  decide(step, { _tag: "TlsStageDisabled", upstream: id, stage, reason: failure, forMs })
  return Upstreams.replace(
    { ...next, rng: drawn.rng },
    counted,
    Stages.opened(counted, stage, step.at, forMs, openings)
  )
}

function opens(upstream: Upstream, chain: TlsStages, stage: TlsStages[number], threshold: number): boolean {
  const hasOther = chain.some((one) => one !== stage && !Stages.isOff(Stages.breakerOf(upstream, one)))
  return hasOther && Stages.breakerOf(upstream, stage).consecutive >= threshold
}

type TlsStages = ReturnType<typeof Upstreams.configOf>["tls"]["chain"]

/** After a reload: stages that are not in the chain are forgotten, and one stage at least is on. */
function fitted(state: State): State {
  let next = state
  for (const upstream of Upstreams.all(state)) {
    if (upstream.tlsStages.length === 0) continue
    const { removed, breaker, tls: { chain } } = Upstreams.configOf(state, upstream.id)
    const isOn = (stage: TlsStages[number]) => !Stages.isOff(Stages.breakerOf(upstream, stage))
    const isUsed = breaker.enabled && !removed && chain.some(isOn)
    next = Upstreams.replace(next, upstream, Stages.kept(upstream, ({ stage }) => isUsed && chain.includes(stage)))
  }
  return next
}

function tell(step: Step, { upstream, tried, tookUs }: TlsTried, results: ReadonlyArray<StageResult>): void {
  for (const { stage, candidate, outcome, unpinned } of tried) {
    if (outcome !== "pin" && unpinned !== true) continue
    decide(step, { _tag: "TlsPinMismatched", upstream, stage, candidate, stopped: outcome === "pin" })
  }
  results.forEach(({ stage, telling }, i) => {
    const { candidate, outcome } = telling
    if (outcome === "served") {
      decide(step, { _tag: "TlsServed", upstream, stage, candidate, tlsUs: telling.tookUs, tookUs })
    } else if (outcome !== "cancelled" && outcome !== "pin") {
      const to = results[i + 1]?.stage ?? "none"
      decide(step, { _tag: "TlsFellBack", upstream, from: stage, to, candidate, reason: outcome, tookUs: telling.tookUs })
    }
  })
}
