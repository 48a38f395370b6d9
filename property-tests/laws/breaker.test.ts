import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { dueAt } from "../../src/core/deadline.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { State } from "../../src/core/model/State.ts"
import { config } from "../arbitraries/config.ts"
import { play, script, sessionScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const present = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const isShut = (one: Candidate | undefined) => one !== undefined && one.breaker.state !== "closed"
const of = <T extends Decision["_tag"]>(decisions: ReadonlyArray<Decision>, tag: T) =>
  decisions.filter((one): one is Extract<Decision, { readonly _tag: T }> => one._tag === tag)

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
    "never opens on the last one that is closed, and tells every opening and closing",
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
    "asks for one trial each time a cooldown ends, not sooner, and sends nothing else there",
    fc.property(script120, (it) => {
      const tried = new Set<CandidateId>()
      play(it, ({ event, at }, before, { state, decisions }) => {
        for (const { candidate } of of(decisions, "BreakerOpened")) tried.delete(candidate)
        for (const after of present(state)) if (after.breaker.state === "open") tried.delete(after.id)
        for (const decision of decisions) {
          if (decision._tag !== "Probe" && decision._tag !== "DialWarm") continue
          const after = Candidates.find(state, decision.candidate)!
          if (!isShut(after)) continue
          met("somebody who is shut out was asked")
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
    }),
    { floors: { "somebody who is shut out was asked": 120 } }
  )

  law(
    "outlives a departure: neither tried nor let in while it is away, and back as it was, with its trial due as it was",
    fc.property(script120, (it) => {
      play(it, ({ at }, before, { state, decisions }) => {
        const closed = of(decisions, "BreakerClosed").map(({ candidate }) => candidate)
        for (const was of present(before)) {
          const after = Candidates.find(state, was.id)
          const [isListed, wasListed] = [(after?.sources.length ?? 0) > 0, was.sources.length > 0]
          if (after === undefined || (isListed && wasListed)) continue
          met("somebody was off the list before or after")
          const { state: shut, trialDueUs, openings, openForMs, closedAtUs, share } = after.breaker
          const lets = closed.includes(was.id)
          if (!lets) expect(shut === "closed").toBe(was.breaker.state === "closed")
          if (lets) expect(isListed && shut === "closed").toBe(true)
          else {expect({ openings, openForMs, closedAtUs, share }).toMatchObject({
              ...{ openings: was.breaker.openings, openForMs: was.breaker.openForMs },
              ...{ closedAtUs: was.breaker.closedAtUs, share: was.breaker.share }
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
    { floors: { "somebody was off the list before or after": 610 } }
  )

  law(
    "shuts out for a cooldown that doubles with each failed trial up to the most, less up to a tenth, and is forgiven in time",
    fc.property(script120, (it) => {
      play(it, ({ at }, before, { state, decisions }) => {
        for (const { candidate, reason, forMs } of of(decisions, "BreakerOpened")) {
          const { breaker } = it.config.upstreams[Candidates.find(state, candidate)!.upstream]!
          const was = Candidates.find(before, candidate)!.breaker
          const isForgiven = was.state === "closed" && at - was.closedAtUs >= was.openForMs * 1000
          const times = isForgiven ? 0 : was.openings
          const baseMs = ["timeout", "stalled"].includes(reason) ? breaker.timeoutCooldownMs : breaker.cooldownMs
          const wholeMs = Math.min(breaker.maxCooldownMs, baseMs * 2 ** times)
          expect(forMs).toBeLessThanOrEqual(wholeMs)
          if (times === 0) expect(forMs).toBe(wholeMs)
          else expect(forMs).toBeGreaterThan(0.899 * wholeMs)
          expect(Candidates.find(state, candidate)!.breaker.trialDueUs).toBe(at + Math.ceil(forMs * 1000))
        }
      })
    })
  )

  law(
    "lets a candidate that closed have a tenth of its share more each tenth of the ramp, until it has all",
    fc.property(script120, (it) => {
      const grownUs = new Map<CandidateId, number>()
      play(it, ({ event, at }, before, { state, decisions }) => {
        const closed = of(decisions, "BreakerClosed").map(({ candidate }) => candidate)
        for (const after of present(state)) {
          const { rampMs } = it.config.upstreams[after.upstream]!.breaker
          const was = Candidates.find(before, after.id)?.breaker ?? after.breaker
          const { share } = after.breaker
          if (closed.includes(after.id)) expect(share).toBe(rampMs > 0 ? 0.1 : 1)
          if (share === was.share && !closed.includes(after.id)) continue
          met("a share changed")
          if (share > was.share) {
            // It grows with time, or a new opening or a departure ended the ramp.
            if (event._tag === "Ticked" && !isShut(after)) expect(Math.abs(share - was.share - 0.1)).toBeLessThan(1e-9)
            if (event._tag === "Ticked" && !isShut(after) && grownUs.has(after.id)) {
              expect(at - grownUs.get(after.id)!).toBeGreaterThanOrEqual(rampMs * 100)
            }
          } else expect(share).toBe(rampMs > 0 ? 0.1 : 1)
          grownUs.set(after.id, at)
        }
      })
    }),
    { floors: { "a share changed": 190 } }
  )

  law(
    "believes of one client address at most two failures after connect a minute, once two addresses were seen",
    fc.property(sessionScript(), (it) => {
      /** When which client was believed about whom, since it was last cleared. */
      const believed = new Map<CandidateId, Array<{ readonly client: number; readonly atUs: number }>>()
      play(it, ({ event, at }, before, { state }) => {
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)?.breaker.consecutiveAfter ?? 0
          const { consecutiveAfter } = after.breaker
          if (consecutiveAfter < was || isShut(after)) believed.delete(after.id)
          if (consecutiveAfter <= was || isShut(after)) continue
          expect(event._tag === "ClientClosed" || event._tag === "SessionStalled").toBe(true)
          if (event._tag !== "ClientClosed" && event._tag !== "SessionStalled") continue
          met("a failure after connect was believed")
          const mine = (believed.get(after.id) ?? []).filter(({ client, atUs }) =>
            client === event.client && atUs > at - 60_000_000
          )
          if (before.clients.several) expect(mine.length).toBeLessThan(2)
          believed.set(after.id, [...(believed.get(after.id) ?? []), { client: event.client, atUs: at }])
        }
      })
    }),
    { floors: { "a failure after connect was believed": 75 } }
  )

  law(
    "forgets failures after connect only for an upstream byte that came later, or with an opening, a closing or a departure",
    fc.property(sessionScript(), (it) => {
      play(it, ({ event, at }, before, { state }) => {
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          if (was === undefined || after.breaker.consecutiveAfter >= was.breaker.consecutiveAfter) continue
          if (isShut(was) || isShut(after) || after.sources.length === 0 || was.sources.length === 0) continue
          met("failures after connect were forgotten")
          const byteUs = event._tag === "SessionSpoke"
            ? at
            : event._tag === "ClientClosed" && event.firstByteUs >= 0
            ? at - event.durationUs + event.firstByteUs
            : -1
          expect(byteUs).toBeGreaterThan(was.breaker.failedAfterAtUs)
          expect(after.breaker.consecutiveAfter).toBe(0)
        }
      })
    }),
    { floors: { "failures after connect were forgotten": 30 } }
  )
})
