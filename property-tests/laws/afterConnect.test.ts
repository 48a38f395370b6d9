/** Laws of failures after connect: how many of them one client may add, and what has them forgotten. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { BreakerState, Candidate } from "../../src/core/model/Candidate.ts"
import type { ClientClosed } from "../../src/core/model/Event.ts"
import { CoreAlone } from "../../src/sim/CoreAlone.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { law, met } from "../check.ts"

const MINUTE_US = 60_000_000
const CHOICE = { listener: "web", upstream: 0, routes: 1, chosen: "none", why: "unranked", warm: 0 } as const

/** Two candidates; no probe is answered but by a test. The other one answers all the time, so no failure has a common cause. */
class Sessions extends CoreAlone {
  constructor(failureThreshold = 1_000, maxParallel = 0) {
    const config = configWith([{
      candidates: addresses(2),
      breaker: { failureThreshold },
      pool: { mode: "off" },
      probing: { intervalMs: 1e9 },
      scoreTtlMs: 1e9
    }], { maxParallel })
    super(config, 1)
    this.post({ _tag: "Started", worker: 0, wallMs: 0 })
    this.pass(1_000_000)
    for (const slot of [0, 1]) this.connects(slot, 0)
    this.hears(1, 0)
  }

  one(slot: number): Candidate {
    return Vector.get(this.state.candidates, slot)!
  }

  get breaker(): BreakerState {
    return this.one(0).breaker
  }

  connects(slot: number, client: number): void {
    const candidate = this.one(slot).id
    const tried = [{ candidate, outcome: "connected" as const, tookUs: 5_000 }]
    this.post({ _tag: "ClientAccepted", worker: 0, session: 1, ...CHOICE, client, candidate, tried })
  }

  refuses(slot: number, client: number): void {
    const candidate = this.one(slot).id
    const tried = [{ candidate, outcome: "refused" as const, tookUs: 5_000 }]
    this.post({ _tag: "ClientAccepted", worker: 0, session: 1, ...CHOICE, client, candidate: -1, tried })
  }

  /** A session ends whose first byte came a while ago. */
  hears(slot: number, agoUs: number): void {
    this.#close(slot, { client: 0, firstByteUs: 0, durationUs: agoUs, cause: "done" })
  }

  isCut(client: number, cause: ClientClosed["cause"]): void {
    this.#close(0, { client, firstByteUs: -1, durationUs: 0, cause })
  }

  #close(slot: number, end: Pick<ClientClosed, "client" | "firstByteUs" | "durationUs" | "cause">): void {
    const bytes = { bytesUp: 1, bytesDown: end.firstByteUs < 0 ? 0 : 1, answerUs: -1, silence: "none" as const }
    this.post({ _tag: "ClientClosed", worker: 0, session: 1, candidate: this.one(slot).id, ...bytes, ...end })
  }
}

const client = fc.integer({ min: 1, max: 3 })
const gapUs = fc.oneof(fc.nat(5_000_000), fc.nat(40_000_000))

describe("failures after connect", () => {
  law(
    "of one client address count at most twice a minute, once two addresses were seen, and each time before that",
    fc.property(
      fc.array(fc.record({ client: fc.oneof(fc.constant(1), client), gapUs }), { minLength: 5, maxLength: 25 }),
      (all) => {
        const one = new Sessions()
        const seen = new Set<number>()
        let counted: ReadonlyArray<{ readonly client: number; readonly atUs: number }> = []
        for (const { client, gapUs } of all) {
          one.pass(gapUs)
          one.hears(1, 0)
          one.connects(1, client)
          seen.add(client)
          const mine = counted.filter((of) => of.client === client && of.atUs > one.atUs - MINUTE_US)
          const isTooMany = seen.size > 1 && mine.length >= 2
          met(isTooMany ? "it blamed too often" : mine.length >= 2 ? "there is one address" : "it counts")
          const before = one.breaker.consecutiveAfter
          one.isCut(client, "upstream-reset")
          expect(one.breaker.consecutiveAfter).toBe(before + (isTooMany ? 0 : 1))
          if (!isTooMany) counted = [...counted, { client, atUs: one.atUs }]
        }
      }
    ),
    { share: 0.5, floors: { "it counts": 500, "it blamed too often": 190, "there is one address": 32 } }
  )

  law(
    "that opened the breaker keep it open whatever connects, until a trial succeeds; after failed handshakes any success closes it",
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 5 }),
      (threshold, isCut, handshakes) => {
        const one = new Sessions(threshold, 4)
        for (let i = 0; i < threshold; i++) {
          one.hears(1, 0)
          if (isCut) one.isCut(10 + i, "upstream-reset")
          else one.refuses(0, 10 + i)
        }
        expect(one.breaker.state).toBe("open")
        met(isCut ? "sessions had opened it" : "handshakes had opened it")
        for (let i = 0; i < handshakes; i++) {
          one.connects(0, 20 + i)
          expect(one.breaker.state).toBe(isCut ? "open" : "closed")
        }
        if (!isCut) return
        one.pass(1_000_000)
        expect(one.breaker.state).toBe("half-open")
        const { id, probe } = one.one(0)
        one.post({ _tag: "ProbeSucceeded", worker: 0, probe, candidate: id, tookUs: 5_000, identity: "unchecked" })
        expect(one.breaker.state).toBe("closed")
      }
    ),
    { share: 0.5, floors: { "sessions had opened it": 30, "handshakes had opened it": 30 } }
  )

  law(
    "are forgotten with a later upstream byte, and neither with an earlier one, nor a handshake, nor a client that leaves",
    fc.property(
      fc.array(
        fc.record({
          kind: fc.constantFrom("cut", "cut", "cut", "heard", "handshake", "left"),
          client,
          gapUs,
          agoUs: fc.oneof(fc.constant(0), fc.nat(60_000_000))
        }),
        { minLength: 5, maxLength: 25 }
      ),
      (all) => {
        const one = new Sessions()
        for (const { kind, client, gapUs, agoUs } of all) {
          one.pass(gapUs)
          one.hears(1, 0)
          const { consecutiveAfter, failedAfterAtUs } = one.breaker
          if (kind === "cut") one.isCut(client, "upstream-closed")
          if (kind === "handshake") one.connects(0, client)
          if (kind === "left") one.isCut(client, "client-reset")
          if (kind === "heard") {
            const heardUs = one.atUs - Math.min(agoUs, one.atUs)
            one.hears(0, one.atUs - heardUs)
            const isLater = heardUs > failedAfterAtUs
            if (consecutiveAfter > 0) met(isLater ? "a later byte came" : "an earlier byte came")
            expect(one.breaker.consecutiveAfter).toBe(isLater ? 0 : consecutiveAfter)
          } else if (kind !== "cut") {
            if (consecutiveAfter > 0) met(`a ${kind === "left" ? "client left" : "handshake succeeded"}`)
            expect(one.breaker.consecutiveAfter).toBe(consecutiveAfter)
          }
        }
      }
    ),
    {
      share: 0.5,
      floors: {
        "a later byte came": 50,
        "an earlier byte came": 23,
        "a client left": 80,
        "a handshake succeeded": 80
      }
    }
  )
})
