import fc from "fast-check"
import { describe, expect, it as test } from "vitest"
import { penaltyMs } from "../../src/core/candidate/blame.ts"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { dueAt } from "../../src/core/deadline.ts"
import { isFrozen } from "../../src/core/frozen.ts"
import * as SuccessWindow from "../../src/core/math/SuccessWindow.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { config } from "../arbitraries/config.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

const present = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const isShut = (one: Candidate | undefined) => one !== undefined && one.breaker.state !== "closed"
const of = <T extends Decision["_tag"]>(decisions: ReadonlyArray<Decision>, tag: T) =>
  decisions.filter((one): one is Extract<Decision, { readonly _tag: T }> => one._tag === tag)

/** How often all runs met what the laws are about. */
const met = {
  ...{ waits: 0, forgiven: 0, reopens: 0, closes: 0, trials: 0, followUps: 0, scheduled: 0, grows: 0 },
  ...{ sharesRolledBack: 0, unreached: 0 }
}

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

describe("the breaker", () => {
  law(
    "never opens on the last candidate with a closed one, and each opening and closing is told",
    fc.property(script120, (it) => {
      play(it, (_entry, before, { state, decisions }) => {
        for (const { listed, shut } of Vector.toArray(state.upstreams)) {
          expect(shut).toBe(listed.filter((one) => isShut(Candidates.find(state, one))).length)
          if (listed.length > 0) expect(shut).toBeLessThan(listed.length)
        }
        const opened = of(decisions, "BreakerOpened").map(({ candidate }) => candidate)
        const closed = of(decisions, "BreakerClosed").map(({ candidate }) => candidate)
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          const isListed = after.sources.length > 0
          if (isListed && isShut(after) && !isShut(was)) expect(opened).toContain(after.id)
          if (isListed && isShut(was) && !isShut(after) && was!.sources.length > 0) expect(closed).toContain(after.id)
        }
      })
    })
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
        }
        for (const was of present(before)) {
          const after = Candidates.find(state, was.id)
          if (was.breaker.state === "open" && after?.breaker.state === "half-open") {
            expect(event._tag).toBe("Ticked")
            expect(at).toBeGreaterThanOrEqual(was.breaker.trialDueUs)
          }
        }
      })
    })
  )

  law(
    "stays as it is while its candidate is away, without trial or closing, and the trial is due as before at its return",
    fc.property(script120, (it) => {
      play(it, ({ at }, before, { state, decisions }) => {
        const closed = of(decisions, "BreakerClosed").map(({ candidate }) => candidate)
        for (const was of present(before)) {
          const after = Candidates.find(state, was.id)
          const [isListed, wasListed] = [(after?.sources.length ?? 0) > 0, was.sources.length > 0]
          if (after === undefined || (isListed && wasListed)) continue
          const { state: shut, trialDueUs, openings, openForMs, closedAtUs, slowStartWeight } = after.breaker
          const lets = closed.includes(was.id)
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
    })
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
          met.waits++
          if (wholeMs > ownMs) met.unreached++
          if (isForgiven && was.openings > 0) met.forgiven++
          if (reopens) met.reopens++
        }
      })
    })
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
          met.closes++
        }
      })
    })
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
            met.trials++
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
            if (goesOn) met.followUps++
          } else if (event._tag !== "Ticked" && after.penalty !== was.penalty) {
            const waitMs = Math.min(probing.intervalMs, breaker.firstTrialMs * 2 ** Math.floor(trials / 2))
            const mayBegin = was.breaker.trialDueUs < 0 && after.latency.atUs >= 0 && after.sources.length > 0
            const begins = mayBegin && waitMs < probing.intervalMs && reasonFor(event, after.id) !== "certificate"
            expect(trialDueUs).toBe(begins ? at + waitMs * 1000 : was.breaker.trialDueUs)
            if (begins) met.scheduled++
          } else if (trialDueUs !== was.breaker.trialDueUs) {
            // An upstream byte makes the trial due at once.
            expect(["ClientClosed", "SessionSpoke"]).toContain(event._tag)
            expect(trialDueUs).toBe(at)
            expect(was.breaker.trialDueUs).toBeGreaterThan(at)
          }
        }
      })
    }),
    { share: 1.5 }
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
            met.sharesRolledBack++
            continue
          }
          if (closed.includes(after.id)) expect(slowStartWeight).toBe(rampMs > 0 ? 0.1 : 1)
          if (slowStartWeight === was.slowStartWeight && !closed.includes(after.id)) continue
          if (slowStartWeight > was.slowStartWeight) {
            // The weight grows with time; or a new opening or a departure ended the ramp.
            if (event._tag === "Ticked" && !isShut(after)) {
              expect(Math.abs(slowStartWeight - was.slowStartWeight - 0.1)).toBeLessThan(1e-9)
            }
            if (event._tag === "Ticked" && !isShut(after)) met.grows++
            if (event._tag === "Ticked" && !isShut(after) && grownUs.has(after.id)) {
              expect(at - grownUs.get(after.id)!).toBeGreaterThanOrEqual(rampMs * 100)
            }
          } else expect(slowStartWeight).toBe(rampMs > 0 ? 0.1 : 1)
          grownUs.set(after.id, at)
        }
      })
    })
  )

  law(
    "counts at most two failures after connect a minute from one client address, once two addresses were seen",
    fc.property(script120, (it) => {
      /** For each candidate: which client's failures were counted when, since they were last cleared. */
      const believed = new Map<CandidateId, Array<{ readonly client: number; readonly atUs: number }>>()
      play(it, ({ event, at }, before, { state }) => {
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)?.breaker.consecutiveAfter ?? 0
          const { consecutiveAfter } = after.breaker
          if (consecutiveAfter < was || isShut(after)) believed.delete(after.id)
          if (consecutiveAfter <= was || isShut(after)) continue
          expect(event._tag === "ClientClosed" || event._tag === "SessionStalled").toBe(true)
          if (event._tag !== "ClientClosed" && event._tag !== "SessionStalled") continue
          const mine = (believed.get(after.id) ?? []).filter(({ client, atUs }) =>
            client === event.client && atUs > at - 60_000_000
          )
          if (before.clients.several) expect(mine.length).toBeLessThan(2)
          believed.set(after.id, [...(believed.get(after.id) ?? []), { client: event.client, atUs: at }])
        }
      })
    })
  )

  law(
    "forgets failures after connect only with a later upstream byte, an opening, a closing, a departure, or when all fail",
    fc.property(script120, (it) => {
      play(it, ({ event, at }, before, { state, decisions }) => {
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          if (was === undefined || after.breaker.consecutiveAfter >= was.breaker.consecutiveAfter) continue
          if (isShut(was) || isShut(after) || after.sources.length === 0 || was.sources.length === 0) continue
          const began = of(decisions, "CommonCauseBegan").some(({ upstream }) => upstream === after.upstream)
          if (began && was.checkpoint?.breaker.consecutiveAfter === after.breaker.consecutiveAfter) continue
          const byteUs = event._tag === "SessionSpoke"
            ? at
            : event._tag === "ClientClosed" && event.firstByteUs >= 0
            ? at - event.durationUs + event.firstByteUs
            : -1
          expect(byteUs).toBeGreaterThan(was.breaker.failedAfterAtUs)
          expect(after.breaker.consecutiveAfter).toBe(0)
        }
      })
    })
  )

  test.skipIf(process.env.FAIRLEAD_PATH !== undefined)("has met each of its rules often enough in these runs", () => {
    for (const [what, times] of Object.entries(met)) expect(times, what).toBeGreaterThanOrEqual(10)
  })
})
