import fc from "fast-check"
import { describe, expect } from "vitest"
import { penaltyMs } from "../../src/core/candidate/blame.ts"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { dueAt } from "../../src/core/deadline.ts"
import { isFrozen } from "../../src/core/frozen.ts"
import * as SuccessWindow from "../../src/core/math/SuccessWindow.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { config } from "../arbitraries/config.ts"
import { play, script, wanderingScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const present = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const isShut = (one: Candidate | undefined) => one !== undefined && one.breaker.state !== "closed"
const of = <T extends Decision["_tag"]>(decisions: ReadonlyArray<Decision>, tag: T) =>
  decisions.filter((one): one is Extract<Decision, { readonly _tag: T }> => one._tag === tag)

/** How a candidate failed, by an event. */
function reasonFor(event: Event, id: CandidateId): string | undefined {
  if ("reason" in event) return event.reason
  return "tried" in event ? event.tried.find(({ candidate }) => candidate === id)?.outcome : undefined
}

/** A breaker before an event, or before all failed, when the event shows that all have failed. */
function asBefore(before: State, decisions: ReadonlyArray<Decision>, id: CandidateId): Candidate["breaker"] | undefined {
  const was = Candidates.find(before, id)
  const rolledBack = of(decisions, "CommonCauseBegan").some(({ upstream }) => upstream === was?.upstream)
  return rolledBack ? was?.checkpoint?.breaker ?? was?.breaker : was?.breaker
}

/** Breakers that open soon and for short, so that a run sees many of them. */
const nervous = config.map((config) => ({
  ...config,
  upstreams: config.upstreams.map((one) => ({
    ...one,
    breaker: { ...one.breaker, enabled: true, failureThreshold: Math.min(2, one.breaker.failureThreshold) }
  }))
}))
const script120 = script(120, nervous)
/** Candidates with open breakers leave and return. */
const wandering = wanderingScript(120, nervous.map(ramping))

function ramping(config: Config): Config {
  return { ...config, upstreams: config.upstreams.map((one) => ({ ...one, breaker: { ...one.breaker, rampMs: 30_000 } })) }
}

describe("the breaker", () => {
  law(
    "never opens on the last candidate with a closed one, and each opening and closing is told",
    fc.property(script120, (it) => {
      play(it, (_entry, before, { state, decisions }) => {
        for (const { listed, shut } of Vector.toArray(state.upstreams)) {
          expect(shut).toBe(listed.filter((one) => isShut(Candidates.find(state, one))).length)
          if (listed.length > 0) expect(shut).toBeLessThan(listed.length)
          if (shut > 0 && shut === listed.length - 1) met("one breaker alone is closed")
        }
        const opened = of(decisions, "BreakerOpened").map(({ candidate }) => candidate)
        const closed = of(decisions, "BreakerClosed").map(({ candidate }) => candidate)
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          const isListed = after.sources.length > 0
          if (isListed && isShut(after) && !isShut(was)) {
            met("a breaker opened")
            expect(opened).toContain(after.id)
          }
          if (isListed && isShut(was) && !isShut(after) && was!.sources.length > 0) {
            met("a breaker closed")
            expect(closed).toContain(after.id)
          }
        }
      })
    }),
    { floors: { "a breaker opened": 140, "a breaker closed": 56, "one breaker alone is closed": 900 } }
  )

  law(
    "has one trial each time a cooldown ends, not sooner, and nothing else is sent to its candidate",
    fc.property(script120, (it) => {
      const tried = new Set<CandidateId>()
      play(it, ({ event, at }, before, { state, decisions }) => {
        for (const { candidate } of of(decisions, "BreakerOpened")) tried.delete(candidate)
        for (const after of present(state)) if (after.breaker.state === "open") tried.delete(after.id)
        for (const decision of decisions) {
          if (decision._tag !== "Probe" && decision._tag !== "DialWarm") continue
          const after = Candidates.find(state, decision.candidate)!
          if (!isShut(after)) continue
          expect(decision._tag).toBe("Probe")
          expect(after.breaker.state).toBe("half-open")
          expect(tried.has(after.id)).toBe(false)
          tried.add(after.id)
          met("a trial was sent")
        }
        for (const was of present(before)) {
          const after = Candidates.find(state, was.id)
          if (was.breaker.state === "open" && after?.breaker.state === "half-open") {
            met("an open breaker became half-open")
            expect(event._tag).toBe("Ticked")
            expect(at).toBeGreaterThanOrEqual(was.breaker.trialDueUs)
          }
        }
      })
    }),
    { floors: { "a trial was sent": 70, "an open breaker became half-open": 120 } }
  )

  law(
    "stays as it is while its candidate is away, without trial or closing, and the trial is due as before at its return",
    fc.property(wandering, (it) => {
      play(it, ({ at }, before, { state, decisions }) => {
        const closed = of(decisions, "BreakerClosed").map(({ candidate }) => candidate)
        for (const was of present(before)) {
          const after = Candidates.find(state, was.id)
          const [isListed, wasListed] = [(after?.sources.length ?? 0) > 0, was.sources.length > 0]
          if (after === undefined || (isListed && wasListed)) continue
          const { state: shut, trialDueUs, openings, openForMs, closedAtUs, slowStartWeight } = after.breaker
          const lets = closed.includes(was.id)
          if (isShut(was)) met(isListed ? "a shut candidate returned" : wasListed ? "a shut candidate left" : "one was away")
          if (slowStartWeight < 1) met("a candidate in slow start was away")
          if (was.breaker.state === "half-open") met("a candidate left during its trial")
          if (!lets) expect(shut === "closed").toBe(was.breaker.state === "closed")
          if (lets) expect(isListed && shut === "closed").toBe(true)
          else {expect({ openings, openForMs, closedAtUs, slowStartWeight }).toMatchObject({
              ...{ openings: was.breaker.openings, openForMs: was.breaker.openForMs },
              ...{ closedAtUs: was.breaker.closedAtUs, slowStartWeight: was.breaker.slowStartWeight }
            })}
          if (!lets && shut !== "closed") {
            expect(shut).toBe("open")
            expect(trialDueUs).toBe(was.breaker.state === "half-open" ? at : was.breaker.trialDueUs)
          }
        }
        for (const { kind, id } of dueAt(state, Number.MAX_SAFE_INTEGER)) {
          if (kind === "trial" || kind === "ramp") expect(Candidates.find(state, id)!.sources.length).toBeGreaterThan(0)
        }
      })
    }),
    {
      floors: {
        "a shut candidate left": 31,
        "one was away": 290,
        "a shut candidate returned": 12,
        "a candidate in slow start was away": 23,
        "a candidate left during its trial": 15
      }
    }
  )

  law(
    "waits for a trial for firstTrial, doubled with every second failed trial and each opening, up to a ceiling of the cooldown",
    fc.property(script120, (it) => {
      play(it, ({ at }, before, { state, decisions }) => {
        for (const { candidate: id, reason, forMs } of of(decisions, "BreakerOpened")) {
          const candidate = Candidates.find(state, id)!
          const { breaker, probing, scoreTtlMs } = it.config.upstreams[candidate.upstream]!
          const { unheardSinceUs, heardAtUs } = Vector.get(state.upstreams, candidate.upstream)!
          const unheardMs = (at - unheardSinceUs) / 1000
          // Another one was reached in the very step that opened this one, after a long time: then its trial is due at once.
          const wasUnheardMs = (at - Vector.get(before.upstreams, candidate.upstream)!.unheardSinceUs) / 1000
          const isReached = heardAtUs === at && wasUnheardMs >= 2 * probing.intervalMs + 1_000
          const isUnreached = unheardMs >= 2 * probing.intervalMs + 1_000
          const was = asBefore(before, decisions, id)!
          const reopens = was.state === "half-open"
          const isForgiven = at - was.closedAtUs >= was.openForMs * 1000
          const { openings, trials, openedAtUs, trialDueUs } = candidate.breaker
          expect(openings).toBe(reopens ? was.openings : isForgiven ? 1 : was.openings + 1)
          expect(openedAtUs).toBe(reopens ? was.openedAtUs : at)
          const longestMs = ["timeout", "stalled"].includes(reason) ? breaker.timeoutCooldownMs : breaker.cooldownMs
          const ceilingMs = Math.min(longestMs * 2 ** (openings - 1), Math.max(longestMs, breaker.maxCooldownMs))
          // Most of a long list may never answer, and an impostor does not go away within seconds.
          const firstMs = candidate.latency.atUs < 0
            ? Math.max(probing.intervalMs, breaker.firstTrialMs)
            : breaker.firstTrialMs
          const isImpostor = reason === "certificate" || reason === "implausible"
          const ownMs = isImpostor ? ceilingMs : Math.min(ceilingMs, firstMs * 2 ** (Math.floor(trials / 2) + openings - 1))
          const wholeMs = isUnreached ? Math.max(ownMs, Math.min(unheardMs, 6 * scoreTtlMs)) : ownMs
          expect(forMs).toBeLessThanOrEqual(wholeMs)
          expect(forMs).toBeGreaterThan(0.899 * wholeMs)
          expect(trialDueUs).toBe(isReached ? at : at + Math.ceil(forMs * 1000))
          met("a breaker waits")
          if (wholeMs > ownMs) met("no candidate has answered for long")
          if (isForgiven && was.openings > 0) met("earlier openings were forgiven")
          if (reopens) met("a trial failed")
        }
      })
    }),
    {
      floors: {
        "a breaker waits": 210,
        "no candidate has answered for long": 50,
        "earlier openings were forgiven": 45,
        "a trial failed": 40
      }
    }
  )

  law(
    "remembers that it was open for the time from its opening to its closing",
    fc.property(script120, (it) => {
      const openedUs = new Map<CandidateId, number>()
      play(it, ({ at }, before, { state, decisions }) => {
        const rolledBack = new Set(of(decisions, "CommonCauseBegan").map(({ upstream }) => upstream))
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          if (isShut(after) && !isShut(was)) openedUs.set(after.id, at)
          if (was === undefined || isShut(after) || !isShut(was) || rolledBack.has(after.upstream)) continue
          expect(after.breaker.closedAtUs).toBe(at)
          expect(after.breaker.openForMs).toBe((at - openedUs.get(after.id)!) / 1000)
          met("a breaker closed")
        }
      })
    }),
    { floors: { "a breaker closed": 47 } }
  )

  law(
    "has trials for a failed candidate while it is closed: after firstTrial, doubled with every second one, up to the interval",
    fc.property(script120, (it) => {
      play(it, ({ event, at }, before, { state, decisions }) => {
        const rolledBack = new Set(of(decisions, "CommonCauseBegan").map(({ upstream }) => upstream))
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          if (was === undefined || isShut(was) || isShut(after) || rolledBack.has(after.upstream)) continue
          const { trials, trialDueUs } = after.breaker
          const { breaker, probing, scoring } = it.config.upstreams[after.upstream]!
          // Where idle is lazy an unused candidate is spared: laws/sparing.
          if (probing.idle === "lazy") continue
          const isDue = event._tag === "Ticked" && was.breaker.trialDueUs >= 0 && was.breaker.trialDueUs <= at
          if (isDue && was.sources.length > 0) {
            const waits = isFrozen(state, was)
            expect(trialDueUs).toBe(waits ? at + probing.intervalMs * 1000 : -1)
            expect(trials).toBe(was.breaker.trials + (waits || was.streak > 0 ? 0 : 1))
            if (!waits) expect(after.probe !== 0 || after.queue === "urgent").toBe(true)
            met("a trial was due")
          } else if (event._tag !== "Ticked" && after.penalty === was.penalty && after.success !== was.success) {
            // Further trials follow a success as long as a penalty or the success rate speaks against the candidate.
            const { ok, failed } = SuccessWindow.totals(SuccessWindow.advanceTo(after.success, at, scoring.successWindowMs))
            const rate = (ok + 1) / (ok + failed * Math.max(0, 1 - after.streak / 10) + 1)
            const isPenalized = penaltyMs(after, scoring, at) > 0
            const isTried = was.breaker.trials > 0 || was.breaker.trialDueUs >= 0 || isPenalized
            const goesOn = isTried && after.streak < 10 && (rate < 0.9 || isPenalized)
            expect({ trials, trialDueUs }).toEqual(
              goesOn ? { trials: was.breaker.trials, trialDueUs: at + 500_000 } : { trials: 0, trialDueUs: -1 }
            )
            if (goesOn) met("a follow-up is due")
          } else if (event._tag !== "Ticked" && after.penalty !== was.penalty) {
            const waitMs = Math.min(probing.intervalMs, breaker.firstTrialMs * 2 ** Math.floor(trials / 2))
            const mayBegin = was.breaker.trialDueUs < 0 && after.latency.atUs >= 0 && after.sources.length > 0
            const begins = mayBegin && waitMs < probing.intervalMs && reasonFor(event, after.id) !== "certificate"
            expect(trialDueUs).toBe(begins ? at + waitMs * 1000 : was.breaker.trialDueUs)
            if (begins) met("a first trial is due")
          } else if (trialDueUs !== was.breaker.trialDueUs) {
            // An upstream byte makes the trial due at once.
            expect(["ClientClosed", "SessionSpoke"]).toContain(event._tag)
            expect(trialDueUs).toBe(at)
            expect(was.breaker.trialDueUs).toBeGreaterThan(at)
          }
        }
      })
    }),
    { share: 1.5, floors: { "a trial was due": 77, "a follow-up is due": 18, "a first trial is due": 66 } }
  )

  law(
    "raises the slow-start weight by a tenth each tenth of the ramp, and restores the weight from before all failed",
    fc.property(script120, (it) => {
      const grownUs = new Map<CandidateId, number>()
      play(it, ({ event, at }, before, { state, decisions }) => {
        const closed = of(decisions, "BreakerClosed").map(({ candidate }) => candidate)
        const rolledBack = new Set(of(decisions, "CommonCauseBegan").map(({ upstream }) => upstream))
        for (const after of present(state)) {
          const { rampMs } = it.config.upstreams[after.upstream]!.breaker
          const was = Candidates.find(before, after.id)?.breaker ?? after.breaker
          const { slowStartWeight } = after.breaker
          const kept = rolledBack.has(after.upstream) ? Candidates.find(before, after.id)?.checkpoint?.breaker : undefined
          if (kept !== undefined && (slowStartWeight !== was.slowStartWeight || closed.includes(after.id))) {
            expect(slowStartWeight).toBe(kept.slowStartWeight)
            grownUs.set(after.id, kept.rampDueUs - Math.ceil(rampMs * 100))
            met("a weight was restored")
            continue
          }
          if (closed.includes(after.id)) expect(slowStartWeight).toBe(rampMs > 0 ? 0.1 : 1)
          if (slowStartWeight === was.slowStartWeight && !closed.includes(after.id)) continue
          if (slowStartWeight > was.slowStartWeight) {
            // The weight grows with time; or a new opening or a departure ended the ramp.
            if (event._tag === "Ticked" && !isShut(after)) {
              expect(Math.abs(slowStartWeight - was.slowStartWeight - 0.1)).toBeLessThan(1e-9)
            }
            if (event._tag === "Ticked" && !isShut(after)) met("a weight grew")
            if (event._tag === "Ticked" && !isShut(after) && grownUs.has(after.id)) {
              expect(at - grownUs.get(after.id)!).toBeGreaterThanOrEqual(rampMs * 100)
            }
          } else expect(slowStartWeight).toBe(rampMs > 0 ? 0.1 : 1)
          grownUs.set(after.id, at)
        }
      })
    }),
    { floors: { "a weight was restored": 10, "a weight grew": 130 } }
  )
})
