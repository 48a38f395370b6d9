import fc from "fast-check"
import { describe, expect } from "vitest"
import type { Advanced } from "../../src/core/advance.ts"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { isFrozen } from "../../src/core/frozen.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { UpstreamConfig } from "../../src/core/model/Config.ts"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { ClientClosed, Entry, Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { CoreAlone } from "../../src/sim/CoreAlone.ts"
import { probeEnd } from "../../src/sim/ends.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { play, script, sessionScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const present = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const isSuspect = ({ suspicion }: Candidate) => suspicion.pending || suspicion.session
function patienceMs({ latency, sampleWindow }: Candidate): number {
  const slowest = Math.max(0, ...sampleWindow.filter((tookMs) => tookMs < 1_000))
  return Math.max(100, 3 * (latency.atUs < 0 ? slowest : Math.max(slowest, latency.value)))
}

/** What a candidate's suspicion is rolled back to, when an event shows that all fail. */
function rolledBack(before: State, decisions: ReadonlyArray<Decision>, { id, upstream }: Candidate) {
  const began = decisions.some((one) => one._tag === "CommonCauseBegan" && one.upstream === upstream)
  const checkpoint = Candidates.find(before, id)?.checkpoint ?? null
  return began && checkpoint?.trouble === Vector.get(before.upstreams, upstream)?.trouble?.seq
    ? checkpoint?.suspicion
    : undefined
}

/** Whether another candidate's answer ended a common cause in which this one had failed too: it has to answer first. */
function isDoubted(before: State, decisions: ReadonlyArray<Decision>, id: CandidateId): boolean {
  const was = Candidates.find(before, id)
  const trouble = Vector.get(before.upstreams, was?.upstream ?? 0)?.trouble ?? null
  const checkpoint = was?.checkpoint ?? null
  if (trouble === null || checkpoint === null || !trouble.order.includes(id) || checkpoint.trouble !== trouble.seq) {
    return false
  }
  return checkpoint.failed === "connect" && trouble.commonAtUs >= 0
    && decisions.some((one) => one._tag === "CommonCauseEnded" && one.upstream === was?.upstream)
}

/** When the handshakes began that are under way with a candidate. */
function beganUs({ probe, probedAtUs, warm }: Candidate): ReadonlyArray<number> {
  return [...(probe === 0 ? [] : [probedAtUs]), ...warm.dialling.map(({ atUs }) => atUs)]
}

/** Whether an entry holds a good answer of the candidate to something that was asked. */
function answers({ event }: Entry, { id, probe, warm }: Candidate, minPlausibleRttMs: number): boolean {
  const plausible = (tookUs: number) => tookUs / 1000 >= minPlausibleRttMs
  if (event._tag === "ProbeSucceeded") return event.candidate === id && probe === event.probe && plausible(event.tookUs)
  if (event._tag === "WarmConnected") {
    return event.candidate === id && warm.dialling.some((one) => one.id === event.warm) && plausible(event.tookUs)
  }
  return event._tag === "ClientAccepted"
    && event.tried.some((one) => one.candidate === id && one.outcome === "connected" && plausible(one.tookUs))
}

describe("suspicion", () => {
  law(
    "is told exactly when it begins and when it ends",
    fc.property(script(120), (it) => {
      play(it, (_entry, before, { state, decisions }) => {
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          const told = decisions.filter((one) =>
            (one._tag === "Suspected" || one._tag === "Cleared") && one.candidate === after.id
          ).map(({ _tag }) => _tag)
          const left = was !== undefined && was.sources.length > 0 && after.sources.length === 0
          if (told.length > 0) met("a suspicion began or ended")
          // One that lapses in the moment in which another begins is told twice.
          if (was !== undefined && isSuspect(was) && isSuspect(after)) expect([0, 2]).toContain(told.length)
          else if (isSuspect(after)) expect(told).toEqual(["Suspected"])
          else if (was !== undefined && isSuspect(was) && !left) expect(told).toEqual(["Cleared"])
          else expect(told).toEqual([])
        }
      })
    }),
    { floors: { "a suspicion began or ended": 340 } }
  )

  law(
    "for a pending handshake needs one that is pending for too long without a later answer, or the return of another candidate",
    fc.property(script(120), (it) => {
      play(it, (entry, before, { state, decisions }) => {
        const { event, at } = entry
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          if (!after.suspicion.pending || was?.suspicion.pending !== false) continue
          if (isDoubted(before, decisions, after.id)) {
            met("another candidate returned")
            continue
          }
          met("a handshake was pending for too long")
          if (event._tag === "DialPending") {
            expect(event.candidate).toBe(after.id)
            expect(at - event.pendingUs).toBeGreaterThan(was.suspicion.provenAtUs)
            continue
          }
          expect(event._tag).toBe("Ticked")
          const tooLong = beganUs(was).filter((began) =>
            began > was.suspicion.provenAtUs && at - began >= patienceMs(after) * 1000
          )
          expect(tooLong.length).toBeGreaterThan(0)
        }
      })
    }),
    { floors: { "another candidate returned": 32, "a handshake was pending for too long": 130 } }
  )

  law(
    "for a pending handshake comes on time: no trusted candidate has one pending for too long that began after all failed",
    fc.property(script(120), (it) => {
      play(it, ({ event, at }, _before, { state }) => {
        if (event._tag !== "Ticked") return
        for (const one of present(state)) {
          if (one.costMs < 0 || one.suspicion.pending || one.sources.length === 0 || isFrozen(state, one)) continue
          // What began in a common cause says nothing.
          const { returnedAtUs } = Vector.get(state.upstreams, one.upstream)!
          if (beganUs(one).length > 0) met("a handshake was pending")
          const tooLong = beganUs(one).filter((began) =>
            began > one.suspicion.provenAtUs && began >= returnedAtUs && at - began > Math.ceil(patienceMs(one) * 1000)
          )
          expect(tooLong).toEqual([])
        }
      })
    }),
    { floors: { "a handshake was pending": 200 } }
  )

  law(
    "for a pending handshake ends with any answered handshake, and not before, unless all fail",
    fc.property(script(120), (it) => {
      play(it, (entry, before, { state, decisions }) => {
        for (const was of present(before)) {
          const after = Candidates.find(state, was.id)
          const { minPlausibleRttMs } = it.config.upstreams[was.upstream]!.scoring
          const answered = answers(entry, was, minPlausibleRttMs)
          if (answered && after !== undefined) expect(after.suspicion.pending).toBe(false)
          const left = was.sources.length > 0 && (after?.sources ?? []).length === 0
          if (!was.suspicion.pending || after?.suspicion.pending !== false || left) continue
          if (rolledBack(before, decisions, was)?.pending === false) met("all failed")
          else {
            met("a suspect answered")
            expect(answered).toBe(true)
          }
        }
      })
    }),
    { floors: { "all failed": 26, "a suspect answered": 91 } }
  )

  law(
    "from sessions ends with a later upstream byte, by lapsing, with a departure, or when all fail",
    fc.property(sessionScript(120), (it) => {
      play(it, ({ event, at }, before, { state, decisions }) => {
        for (const was of present(before)) {
          const after = Candidates.find(state, was.id)
          if (!was.suspicion.session || after === undefined || after.suspicion.session) continue
          if (was.sources.length > 0 && after.sources.length === 0) continue
          if (rolledBack(before, decisions, was)?.session === false) continue
          met(event._tag === "Ticked" ? "a suspicion lapsed" : "a byte ended a suspicion")
          if (event._tag === "Ticked") {
            expect(at).toBeGreaterThanOrEqual(was.suspicion.lapseDueUs)
            // An upstream that has never answered has no slow start.
            const ramps = Vector.get(state.upstreams, was.upstream)!.answered
              && it.config.upstreams[was.upstream]!.breaker.rampMs > 0
            expect(after.breaker.slowStartWeight).toBeLessThanOrEqual(ramps && was.breaker.state === "closed" ? 0.1 : 1)
            continue
          }
          const heardUs = event._tag === "ClientClosed" ? at - event.durationUs + event.firstByteUs : at
          expect(event._tag === "SessionSpoke" || (event._tag === "ClientClosed" && event.firstByteUs >= 0)).toBe(true)
          expect(heardUs).toBeGreaterThan(was.suspicion.sinceUs)
        }
      })
    }),
    { floors: { "a suspicion lapsed": 6, "a byte ended a suspicion": 21 } }
  )

  law(
    "from sessions lapses after five times firstTrial, after twice as long with each renewal, up to maxCooldown",
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(200, 1_000),
      fc.constantFrom(500, 9_000, 300_000),
      (resets, firstTrialMs, maxCooldownMs) => {
        const one = new Sessions({ firstTrialMs, maxCooldownMs })
        one.spoke(0, 1_000)
        for (let i = 0; i < resets; i++) {
          one.reset()
          const { suspicion } = one.candidate
          expect(suspicion.session).toBe(true)
          const firstMs = 5 * firstTrialMs
          const lapseMs = Math.min(firstMs * 2 ** i, Math.max(firstMs, maxCooldownMs))
          expect(suspicion.lapseDueUs - one.atUs).toBe(lapseMs * 1000)
          one.pass(suspicion.lapseDueUs - one.atUs)
          expect(one.candidate.suspicion.session).toBe(false)
        }
        one.reset()
        one.spoke(0, 1)
        expect(one.candidate.suspicion).toMatchObject({ session: false, renewals: 0 })
      }
    ),
    { share: 0.3 }
  )

  const told = fc.record({
    kind: fc.constantFrom("silent", "silent", "spoke", "closed", "byte" as const),
    gapUs: fc.oneof(fc.nat(50_000), fc.nat(400_000)),
    waitedUs: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 100_000, max: 200_000 }) }, {
      weight: 1,
      arbitrary: fc.constant(400_000)
    }),
    agoUs: fc.oneof(fc.constant(0), fc.nat(500_000)),
    pick: fc.nat(9)
  })
  law(
    "for silence needs two sessions, or one for 300 ms, that began to wait after the candidate's latest byte",
    fc.property(fc.array(told, { minLength: 1, maxLength: 30 }), (steps) => {
      const one = new Sessions()
      one.spoke(0, 1_000)
      one.pass(1_000_000)
      let waiting: Array<{ readonly session: number; readonly sinceUs: number }> = []
      let byteUs = one.atUs - 1_000_000
      let suspectUs = -1
      /** Moments at which a waiting session has waited for 300 ms. */
      const dues = () => waiting.map(({ sinceUs }) => sinceUs + 300_000)
      const suspect = () => {
        if (suspectUs < 0) suspectUs = one.atUs
      }
      steps.forEach(({ kind, gapUs, waitedUs, agoUs, pick }, session) => {
        const fromUs = one.atUs
        one.pass(gapUs)
        const first = Math.min(...dues().filter((dueUs) => dueUs > fromUs && dueUs <= one.atUs))
        if (first < Infinity && suspectUs < 0) suspectUs = first
        const which = waiting[pick % Math.max(1, waiting.length)]?.session ?? -1
        if (kind === "silent") {
          one.silent(session, waitedUs)
          if (one.atUs - waitedUs > byteUs) waiting.push({ session, sinceUs: one.atUs - waitedUs })
          if (waiting.some((it) => it.session === session) && (waiting.length > 1 || waitedUs >= 300_000)) suspect()
        } else if (kind === "closed") {
          one.closed(which)
          waiting = waiting.filter((it) => it.session !== which)
        } else {
          const heardUs = one.atUs - (kind === "spoke" ? 0 : agoUs)
          if (kind === "spoke") one.spoke(which, 0)
          else one.heard(agoUs)
          byteUs = Math.max(byteUs, heardUs)
          waiting = waiting.filter(({ sinceUs }) => sinceUs > byteUs)
          if (heardUs > suspectUs) suspectUs = -1
        }
        met(suspectUs >= 0 ? "it is suspect" : waiting.length > 0 ? "one session waits, and for less" : "none waits")
        expect(one.candidate.suspicion.session).toBe(suspectUs >= 0)
      })
    }),
    { floors: { "it is suspect": 120, "one session waits, and for less": 93, "none waits": 390 } }
  )

  law(
    "for silence comes with the tick that is due, even when the other session is given up just before it",
    fc.property(fc.integer({ min: 100_000, max: 299_999 }), fc.nat(100_000), fc.nat(1), (waitedUs, lessUs, late) => {
      const one = new Sessions()
      one.pass(1_000_000)
      // The upstream is not known to answer yet, so two sessions are no sign.
      one.silent(1, Math.max(100_000, waitedUs - lessUs))
      one.silent(2, waitedUs)
      one.heard(0, 1)
      expect(one.candidate.suspicion.session).toBe(false)
      one.pass(300_000 - waitedUs - 1)
      one.atUs += 1 + late
      one.closed(1)
      one.pass(0)
      expect(one.candidate.suspicion.session).toBe(true)
    }),
    { share: 0.3 }
  )

  law(
    "for silence is the same with and without slow requests that began before the latest byte",
    fc.property(
      fc.array(told, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5_000_000 }),
      (steps, slow, endsUs) => {
        const plain = new Sessions()
        const masked = new Sessions()
        for (const one of [plain, masked]) {
          one.spoke(0, 1_000)
          one.pass(1_000_000)
        }
        for (let i = 0; i < slow; i++) masked.silent(-1 - i, 120_000)
        const told = [plain, masked].map((one) => {
          one.spoke(-9, 1_000)
          const seen: Array<unknown> = []
          const fromUs = one.atUs
          steps.forEach(({ kind, gapUs, waitedUs }, session) => {
            one.pass(gapUs)
            if (kind === "silent") one.silent(session, Math.min(waitedUs, one.atUs - fromUs))
            if (kind === "byte") one.heard(0)
            if (kind === "closed") one.closed(session - 1)
            // The slow requests are given up one by one.
            if (one === masked && one.atUs - fromUs > endsUs) one.closed(-1 - (session % slow))
            seen.push([one.atUs, one.candidate.suspicion.session])
          })
          return seen
        })
        if (told[0]!.some((seen) => (seen as ReadonlyArray<unknown>)[1] === true)) met("it is suspect without them")
        else met("it is no suspect without them")
        expect(told[1]).toEqual(told[0])
      }
    ),
    { floors: { "it is suspect without them": 37, "it is no suspect without them": 62 } }
  )
})

/** One candidate whose sessions are reported one by one, beside one that works; the upstream is known to answer. */
class Sessions extends CoreAlone {
  constructor(breaker: Partial<UpstreamConfig["breaker"]> = {}) {
    const quiet = { probing: { intervalMs: 3_600_000 }, pool: { mode: "off" as const }, scoreTtlMs: 3_600_000_000 }
    super(configWith([{ candidates: addresses(2), breaker: { enabled: false, ...breaker }, ...quiet }]), 1)
    this.post({ _tag: "Started", worker: 0, wallMs: 0 })
  }

  get candidate(): Candidate {
    return Vector.get(this.state.candidates, 0)!
  }

  override post(event: Event): Advanced {
    const advanced = super.post(event)
    // Handshakes always succeed: here only sessions make a suspect.
    for (const act of advanced.decisions) {
      if (act._tag === "Probe") this.post(probeEnd(act, 0, null, "unchecked"))
    }
    return advanced
  }

  silent(session: number, waitedUs: number): void {
    this.post({ _tag: "SessionSilent", worker: 0, session, candidate: this.candidate.id, waitedUs })
  }

  spoke(session: number, gapUs: number): void {
    this.pass(gapUs)
    this.post({ _tag: "SessionSpoke", worker: 0, session, candidate: this.candidate.id })
    if (!Vector.get(this.state.upstreams, 0)!.answered) this.heard(0)
  }

  /** A session that ends here and now, and whose first byte came a while ago; of the other candidate, slot 1. */
  heard(agoUs: number, slot = 0): void {
    this.#close({ session: -99, firstByteUs: 10, durationUs: 10 + agoUs, silence: "none", cause: "done" }, slot)
  }

  /** The client gives up a session that was silent. */
  closed(session: number): void {
    this.#close({ session, firstByteUs: -1, durationUs: 10, silence: "silent", cause: "client-reset" })
  }

  reset(): void {
    this.#close({ session: -99, firstByteUs: -1, durationUs: 10, silence: "none", cause: "upstream-reset" })
  }

  #close(end: Pick<ClientClosed, "session" | "firstByteUs" | "durationUs" | "silence" | "cause">, slot = 0): void {
    const of = { worker: 0, candidate: Vector.get(this.state.candidates, slot)!.id, client: 1 }
    this.post({ _tag: "ClientClosed", ...of, bytesUp: 1, bytesDown: 0, answerUs: -1, ...end })
  }
}
