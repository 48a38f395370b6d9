import fc from "fast-check"
import { describe, expect } from "vitest"
import { advance } from "../../src/core/advance.ts"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { Entry, Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { initial } from "../../src/core/state.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

const present = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const isSuspect = ({ suspicion }: Candidate) => suspicion.pending || suspicion.session
const patienceMs = ({ latency }: Candidate) => Math.max(100, latency.atUs < 0 ? 0 : 3 * latency.value)

/** When the handshakes began that are under way towards a candidate. */
function beganUs({ probe, probedAtUs, warm }: Candidate): ReadonlyArray<number> {
  return [...(probe === 0 ? [] : [probedAtUs]), ...warm.dialling.map(({ atUs }) => atUs)]
}

/** Whether an entry holds a good answer of the candidate to something that was asked. */
function answers({ event }: Entry, { id, probe, warm }: Candidate, minPlausibleRttMs: number): boolean {
  const plausible = (tookUs: number) => tookUs / 1000 >= minPlausibleRttMs
  if (event._tag === "ProbeSucceeded") return event.candidate === id && probe === event.probe && plausible(event.tookUs)
  if (event._tag === "WarmParked") {
    return event.candidate === id && warm.dialling.some((one) => one.id === event.warm) && plausible(event.tookUs)
  }
  return event._tag === "ClientAccepted"
    && event.tried.some((one) => one.candidate === id && one.outcome === "connected" && plausible(one.tookUs))
}

describe("suspicion", () => {
  law(
    "is told when it begins and when it ends, and of nobody else",
    fc.property(script(120), (it) => {
      play(it, (_entry, before, { state, decisions }) => {
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          const told = decisions.filter((one) =>
            (one._tag === "Suspected" || one._tag === "Cleared") && one.candidate === after.id
          ).map(({ _tag }) => _tag)
          const left = was !== undefined && was.leftAtUs < 0 && after.leftAtUs >= 0
          // One that lapses in the moment in which another begins is told twice.
          if (was !== undefined && isSuspect(was) && isSuspect(after)) expect([0, 2]).toContain(told.length)
          else if (isSuspect(after)) expect(told).toEqual(["Suspected"])
          else if (was !== undefined && isSuspect(was) && !left) expect(told).toEqual(["Cleared"])
          else expect(told).toEqual([])
        }
      })
    })
  )

  law(
    "for a pending handshake needs one that has been pending for too long and that no later one has overtaken",
    fc.property(script(120), (it) => {
      play(it, (entry, before, { state }) => {
        const { event, at } = entry
        for (const after of present(state)) {
          const was = Candidates.find(before, after.id)
          if (!after.suspicion.pending || was?.suspicion.pending !== false) continue
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
    })
  )

  law(
    "for a pending handshake comes on time: nothing that serves has one pending for too long and is not suspected",
    fc.property(script(120), (it) => {
      play(it, ({ event, at }, _before, { state }) => {
        if (event._tag !== "Ticked") return
        for (const one of present(state)) {
          if (one.costMs < 0 || one.suspicion.pending || one.sources.length === 0) continue
          const tooLong = beganUs(one).filter((began) =>
            began > one.suspicion.provenAtUs && at - began > Math.ceil(patienceMs(one) * 1000)
          )
          expect(tooLong).toEqual([])
        }
      })
    })
  )

  law(
    "for a pending handshake ends with any that is answered, and not before",
    fc.property(script(120), (it) => {
      play(it, (entry, before, { state }) => {
        for (const was of present(before)) {
          const after = Candidates.find(state, was.id)
          const { minPlausibleRttMs } = it.config.upstreams[was.upstream]!.scoring
          const answered = answers(entry, was, minPlausibleRttMs)
          if (answered && after !== undefined) expect(after.suspicion.pending).toBe(false)
          const left = was.leftAtUs < 0 && (after === undefined || after.leftAtUs >= 0)
          if (was.suspicion.pending && after?.suspicion.pending === false && !left) expect(answered).toBe(true)
        }
      })
    })
  )

  law(
    "from sessions ends with an upstream byte that came later, by lapsing, or with a departure",
    fc.property(script(120), (it) => {
      play(it, ({ event, at }, before, { state }) => {
        for (const was of present(before)) {
          const after = Candidates.find(state, was.id)
          if (!was.suspicion.session || after === undefined || after.suspicion.session) continue
          if (was.leftAtUs < 0 && after.leftAtUs >= 0) continue
          if (event._tag === "Ticked") {
            expect(at).toBeGreaterThanOrEqual(was.suspicion.lapseDueUs)
            expect(after.breaker.share).toBeLessThanOrEqual(
              it.config.upstreams[was.upstream]!.breaker.rampMs > 0 && was.breaker.state === "closed" ? 0.1 : 1
            )
            continue
          }
          const heardUs = event._tag === "ClientClosed" ? at - event.durationUs + event.firstByteUs : at
          expect(event._tag === "SessionSpoke" || (event._tag === "ClientClosed" && event.firstByteUs >= 0)).toBe(true)
          expect(heardUs).toBeGreaterThan(was.suspicion.sinceUs)
        }
      })
    })
  )

  law(
    "from sessions lapses after three cooldowns, twice as many with each renewal, up to 32 times",
    fc.property(fc.integer({ min: 1, max: 9 }), fc.constantFrom(500, 30_000), (resets, cooldownMs) => {
      const one = new Sessions(cooldownMs)
      one.spoke(1_000)
      for (let i = 0; i < resets; i++) {
        one.reset()
        const { suspicion } = one.candidate
        expect(suspicion.session).toBe(true)
        expect(suspicion.lapseDueUs - one.atUs).toBe(3 * cooldownMs * 1000 * 2 ** Math.min(i, 5))
        one.pass(suspicion.lapseDueUs - one.atUs)
        expect(one.candidate.suspicion.session).toBe(false)
      }
      one.reset()
      one.spoke(1)
      expect(one.candidate.suspicion).toMatchObject({ session: false, renewals: 0 })
    }),
    { share: 0.3 }
  )

  const told = fc.record({
    kind: fc.constantFrom("silent", "silent", "spoke", "closed", "byte" as const),
    gapUs: fc.oneof(fc.nat(50_000), fc.nat(400_000)),
    waitedUs: fc.integer({ min: 100_000, max: 200_000 })
  })
  law(
    "for silence needs two sessions, or one for 300 ms, that wait since before the latest byte of the candidate",
    fc.property(fc.array(told, { minLength: 1, maxLength: 30 }), (steps) => {
      const one = new Sessions(30_000)
      one.spoke(1_000)
      one.pass(1_000_000)
      /** Moments since which told sessions wait, in the order of telling. */
      const waiting: Array<number> = []
      let sinceUs = -1
      let dueUs = Infinity
      let byteUs = one.atUs - 1_000_000
      let expected = false
      const doubt = () => {
        if (byteUs < sinceUs) expected = true
      }
      const end = () => {
        waiting.shift()
        if (waiting.length === 0) dueUs = Infinity
      }
      for (const { kind, gapUs, waitedUs } of steps) {
        const untilUs = one.atUs + gapUs
        one.pass(gapUs)
        if (dueUs <= untilUs) {
          dueUs = Infinity
          doubt()
        }
        if (kind === "silent") {
          if (waiting.length === 0) sinceUs = one.atUs - waitedUs
          waiting.push(one.atUs - waitedUs)
          if (dueUs === Infinity) dueUs = one.atUs + Math.max(0, 300_000 - waitedUs)
          one.silent(waitedUs)
          if (waiting.length >= 2) doubt()
        } else if (kind === "byte" || (kind === "spoke" && waiting.length > 0)) {
          if (kind === "spoke") end()
          if (kind === "spoke") one.spoke(0)
          else one.heard()
          byteUs = one.atUs
          expected = false
        } else if (kind === "closed" && waiting.length > 0) {
          end()
          one.closed()
        }
        expect(one.candidate.suspicion.session).toBe(expected)
      }
    })
  )
})

/** One candidate whose sessions are told of, one by one; the upstream is known to answer. */
class Sessions {
  state: State
  atUs = 0

  constructor(cooldownMs: number) {
    const quiet = { probing: { intervalMs: 3_600_000 }, pool: { mode: "off" as const }, scoreTtlMs: 3_600_000_000 }
    this.state = initial(configWith([{ candidates: addresses(1), breaker: { enabled: false, cooldownMs }, ...quiet }]), 1)
    this.post({ _tag: "Started", worker: 0, wallMs: 0 })
    this.post({ _tag: "ProbeSucceeded", worker: 0, probe: 1, candidate: this.candidate.id, tookUs: 0 })
  }

  get candidate(): Candidate {
    return Vector.get(this.state.candidates, 0)!
  }

  post(event: Event): void {
    this.state = advance(this.state, { seq: this.state.seq + 1, at: this.atUs, event }).state
  }

  pass(gapUs: number): void {
    const untilUs = this.atUs + gapUs
    for (let due = nextDeadline(this.state); due !== undefined && due <= untilUs; due = nextDeadline(this.state)) {
      this.atUs = due
      this.post({ _tag: "Ticked", worker: 0 })
    }
    this.atUs = untilUs
  }

  silent(waitedUs: number): void {
    this.post({ _tag: "SessionSilent", worker: 0, session: 1, candidate: this.candidate.id, waitedUs })
  }

  spoke(gapUs: number): void {
    this.pass(gapUs)
    this.post({ _tag: "SessionSpoke", worker: 0, session: 1, candidate: this.candidate.id })
    if (!Vector.get(this.state.upstreams, 0)!.answered) this.heard()
  }

  /** A short session that ends here and now, with a byte as its last. */
  heard(): void {
    this.#close({ firstByteUs: 10, durationUs: 10, silence: "none", cause: "done" })
  }

  /** One that was silent is given up by its client. */
  closed(): void {
    this.#close({ firstByteUs: -1, durationUs: 10, silence: "silent", cause: "client-reset" })
  }

  reset(): void {
    this.#close({ firstByteUs: -1, durationUs: 10, silence: "none", cause: "upstream-reset" })
  }

  #close(end: Pick<Extract<Event, { _tag: "ClientClosed" }>, "firstByteUs" | "durationUs" | "silence" | "cause">): void {
    const of = { worker: 0, session: 1, candidate: this.candidate.id, client: 1 }
    this.post({ _tag: "ClientClosed", ...of, bytesUp: 1, bytesDown: 0, answerUs: -1, ...end })
  }
}
