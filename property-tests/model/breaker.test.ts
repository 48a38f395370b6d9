/** The breaker, driven through the core's own step, compared with plain lists of what happened. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { UpstreamConfig } from "../../src/core/model/Config.ts"
import type { Attempt, ClientClosed, DialFailure } from "../../src/core/model/Event.ts"
import { CoreAlone } from "../../src/sim/CoreAlone.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { law, met } from "../check.ts"
import { command as commandOf } from "./command.ts"

const CANDIDATES = 3
const TOOK_US = 5_000
const STALL_US = 10_000_000
type Breaker = UpstreamConfig["breaker"]

/** What happened to one candidate since its breaker closed last. */
class Record {
  shut = false
  dials: ReadonlyArray<{ readonly atUs: number; readonly ok: boolean }> = []
  /** Failures in a row, of each kind. */
  connects = 0
  after: ReadonlyArray<{ readonly client: number; readonly atUs: number }> = []
  failedAfterAtUs = -1
  /** Whether its last handshake succeeded, whether one ever did, and when the latest of those began. */
  works = false
  worked = false
  provenAtUs = -1

  isRateTooHigh({ windowMs, minSamples, failureRateThreshold }: Breaker, atUs: number): boolean {
    const bucketUs = windowMs * 100
    const recent = this.dials.filter((one) => Math.floor(one.atUs / bucketUs) > Math.floor(atUs / bucketUs) - 10)
    const failed = recent.filter(({ ok }) => !ok).length
    return recent.length >= minSamples && failed > failureRateThreshold * recent.length
  }

  /** What failures change of a candidate. */
  checkpoint(): Pick<Record, "shut" | "dials" | "connects" | "after" | "failedAfterAtUs" | "works"> {
    const { shut, dials, connects, after, failedAfterAtUs, works } = this
    return { shut, dials, connects, after, failedAfterAtUs, works }
  }
}

/** Since the first failure of a working candidate; common when all that worked then have failed and none has succeeded. */
interface Trouble {
  readonly sinceUs: number
  readonly order: ReadonlyArray<number>
  readonly failed: Map<number, "connect" | "session">
  readonly kept: Map<number, ReturnType<Record["checkpoint"]>>
  byConnect: boolean
  isCommon: boolean
}

class Model {
  atUs = 0
  readonly clients = new Set<number>()
  readonly records = Array.from({ length: CANDIDATES }, () => new Record())
  trouble: Trouble | null = null
  returnedAtUs = Number.NEGATIVE_INFINITY
  readonly breaker: Breaker

  constructor(breaker: Breaker) {
    this.breaker = breaker
  }

  connected(slot: number): void {
    const record = this.records[slot]!
    const beganUs = this.atUs - TOOK_US
    const { trouble } = this
    // Where sessions fail a handshake proves nothing, and one that began before a trouble says nothing about it.
    if (trouble !== null && beganUs > trouble.sinceUs && trouble.byConnect && trouble.failed.get(slot) !== "session") {
      this.#ended(trouble)
    }
    record.works = record.worked = true
    record.provenAtUs = Math.max(record.provenAtUs, beganUs)
    record.connects = 0
    record.dials = [...record.dials, { atUs: this.atUs, ok: true }]
  }

  failed(slot: number, reason: DialFailure): void {
    const record = this.records[slot]!
    const beganUs = this.atUs - TOOK_US
    if (reason === "timeout" && beganUs <= record.provenAtUs) return met("overtaken")
    if (beganUs < this.returnedAtUs) return met("late")
    this.#troubled(slot, "connect")
    if (this.#isFrozen(slot)) return met("frozen")
    record.works = false
    record.connects++
    record.dials = [...record.dials, { atUs: this.atUs, ok: false }]
    const { failureThreshold } = this.breaker
    if (record.connects >= failureThreshold || record.isRateTooHigh(this.breaker, this.atUs)) this.#open(slot)
  }

  /** `beganUs`: when the session began, or to be silent. */
  failedAfter(slot: number, client: number, beganUs: number): void {
    if (beganUs < this.returnedAtUs) return met("late")
    this.#troubled(slot, "session")
    if (this.#isFrozen(slot)) return met("frozen")
    const record = this.records[slot]!
    const recent = record.after.filter((one) => one.client === client && one.atUs > this.atUs - 60_000_000)
    if (this.clients.size > 1 && recent.length >= 2) return
    record.failedAfterAtUs = this.atUs
    const { failureThreshold } = this.breaker
    if (record.after.length < failureThreshold) record.after = [...record.after, { client, atUs: this.atUs }]
    if (record.after.length >= failureThreshold) this.#open(slot)
  }

  heard(slot: number, atUs: number): void {
    const { trouble } = this
    if (trouble !== null && atUs > trouble.sinceUs) this.#ended(trouble)
    const record = this.records[slot]!
    if (atUs > record.failedAfterAtUs) record.after = []
  }

  #open(slot: number): void {
    const record = this.records[slot]!
    const isLast = this.records.filter(({ shut }) => !shut).length === 1
    if (!record.shut) met(isLast ? "kept" : "opened")
    if (!isLast) record.shut = true
  }

  #isFrozen(slot: number): boolean {
    return this.trouble?.isCommon === true && this.records[slot]!.worked
  }

  /** One more candidate fails. When it is the last of those that worked, all of them are as they were. */
  #troubled(slot: number, how: "connect" | "session"): void {
    if (this.trouble === null) {
      const order = this.records.flatMap(({ shut, works }, i) => (works && !shut ? [i] : []))
      if (!order.includes(slot)) return
      this.trouble = { sinceUs: this.atUs, order, failed: new Map(), kept: new Map(), byConnect: false, isCommon: false }
    }
    const { trouble } = this
    if (how === "connect") trouble.byConnect = true
    if (trouble.isCommon) return
    const record = this.records[slot]!
    if (!trouble.kept.has(slot) && record.works) trouble.kept.set(slot, record.checkpoint())
    if (trouble.kept.has(slot) && trouble.failed.get(slot) !== "connect") trouble.failed.set(slot, how)
    if (!trouble.order.every((one) => trouble.failed.has(one))) return
    trouble.isCommon = true
    met("began")
    for (const [one, kept] of trouble.kept) {
      if (this.records[one]!.shut && !kept.shut) met("rolled back")
      Object.assign(this.records[one]!, kept)
    }
  }

  #ended({ isCommon }: Trouble): void {
    this.trouble = null
    if (!isCommon) return
    this.returnedAtUs = this.atUs
    met("ended")
  }
}

/** The core with three candidates that no probe reaches: all it learns of them comes from commands. */
class Real extends CoreAlone {
  constructor(breaker: Breaker) {
    // Waits for trials outlast every run: another law is about them.
    const long = { firstTrialMs: 1e9, cooldownMs: 1e9, timeoutCooldownMs: 1e9, maxCooldownMs: 1e9 }
    const whole = configWith([{
      candidates: addresses(CANDIDATES),
      breaker: { ...breaker, ...long },
      pool: { mode: "off" },
      probing: { intervalMs: 1e9 },
      scoreTtlMs: 1e9
    }], { maxParallel: 0 })
    const config = { ...whole, autoDisable: { ...whole.autoDisable, failures: 1e9 } }
    super(config, 1)
    this.post({ _tag: "Started", worker: 0, wallMs: 0 })
    // The upstream is known to answer, by a candidate that is none of these.
    this.close(9, { client: 0, firstByteUs: 0, durationUs: 0, cause: "done", silence: "none" })
    this.state = {
      ...this.state,
      upstreams: Vector.fromArray(Vector.toArray(this.state.upstreams).map((one) => ({ ...one, answered: true })))
    }
  }

  idOf(slot: number): number {
    return Vector.get(this.state.candidates, slot)?.id ?? -1
  }

  accept(slot: number, client: number, outcome: Attempt["outcome"]): void {
    const candidate = outcome === "connected" ? this.idOf(slot) : -1
    const choice = { listener: "web", upstream: 0, routes: 1, chosen: "none" as const, why: "unranked" as const, warm: 0 }
    const tried = [{ candidate: this.idOf(slot), outcome, tookUs: TOOK_US }]
    this.post({ _tag: "ClientAccepted", worker: 0, session: 1, ...choice, client, candidate, tried })
  }

  close(slot: number, end: Pick<ClientClosed, "client" | "firstByteUs" | "durationUs" | "cause" | "silence">): void {
    const bytes = { bytesUp: 1, bytesDown: end.firstByteUs < 0 ? 0 : 1, answerUs: -1 }
    this.post({ _tag: "ClientClosed", worker: 0, session: 1, candidate: this.idOf(slot), ...bytes, ...end })
  }

  check(model: Model): void {
    const shut = Vector.toArray(this.state.candidates).map((one) => one!.breaker.state !== "closed")
    expect(shut).toEqual(model.records.map((record) => record.shut))
    for (const [slot, { shut, connects, after }] of model.records.entries()) {
      if (shut) continue
      const { consecutive, consecutiveAfter } = Vector.get(this.state.candidates, slot)!.breaker
      expect([consecutive, consecutiveAfter]).toEqual([connects, after.length])
    }
  }
}

type Command = fc.Command<Model, Real>
const command = commandOf<Model, Real>
const isClosed = (slot: number) => (model: Model) => !model.records[slot]!.shut

const slot = fc.nat(CANDIDATES - 1)
const client = fc.integer({ min: 1, max: 3 })
const failure = fc.constantFrom<DialFailure>("refused", "reset", "timeout", "unreachable", "implausible")

const commands: ReadonlyArray<fc.Arbitrary<Command>> = [
  fc.nat(30_000).map((ms) =>
    command(`pass ${ms} ms`, () => true, (model, real) => {
      real.pass(ms * 1000)
      model.atUs = real.atUs
    })
  ),
  fc.tuple(slot, client).map(([slot, client]) =>
    command(`dial ${slot} for ${client}: connected`, isClosed(slot), (model, real) => {
      model.clients.add(client)
      model.connected(slot)
      real.accept(slot, client, "connected")
    })
  ),
  fc.tuple(slot, client, failure).map(([slot, client, reason]) =>
    command(`dial ${slot} for ${client}: ${reason}`, isClosed(slot), (model, real) => {
      model.clients.add(client)
      model.failed(slot, reason)
      real.accept(slot, client, reason)
    })
  ),
  fc.tuple(slot, client, fc.constantFrom("local" as const, "cancelled" as const)).map(([slot, client, outcome]) =>
    command(`dial ${slot} for ${client}: ${outcome}`, isClosed(slot), (model, real) => {
      model.clients.add(client)
      real.accept(slot, client, outcome)
    })
  ),
  fc.tuple(slot, client, fc.constantFrom("upstream-reset" as const, "upstream-closed" as const)).map((
    [slot, client, cause]
  ) =>
    command(`session at ${slot} of ${client}: ${cause}`, isClosed(slot), (model, real) => {
      model.failedAfter(slot, client, model.atUs)
      real.close(slot, { client, firstByteUs: -1, durationUs: 0, cause, silence: "none" })
    })
  ),
  fc.tuple(slot, client).map(([slot, client]) =>
    command(`session at ${slot} of ${client}: stalled`, isClosed(slot), (model, real) => {
      model.failedAfter(slot, client, model.atUs - STALL_US)
      real.post({ _tag: "SessionStalled", worker: 0, session: 1, candidate: real.idOf(slot), client })
    })
  ),
  fc.tuple(slot, client, fc.constantFrom("done" as const, "client-reset" as const, "idle" as const)).map((
    [slot, client, cause]
  ) =>
    command(`session at ${slot} of ${client} ends without a byte: ${cause}`, isClosed(slot), (_model, real) => {
      real.close(slot, { client, firstByteUs: -1, durationUs: 0, cause, silence: "none" })
    })
  ),
  fc.tuple(slot, client, fc.nat(60_000)).map(([slot, client, agoMs]) =>
    command(`session at ${slot} ends that heard something ${agoMs} ms ago`, isClosed(slot), (model, real) => {
      const agoUs = Math.min(agoMs * 1000, real.atUs)
      model.heard(slot, real.atUs - agoUs)
      real.close(slot, { client, firstByteUs: 0, durationUs: agoUs, cause: "done", silence: "none" })
    })
  ),
  slot.map((slot) =>
    command(`session at ${slot} speaks`, isClosed(slot), (model, real) => {
      model.heard(slot, real.atUs)
      real.post({ _tag: "SessionSpoke", worker: 0, session: 1, candidate: real.idOf(slot) })
    })
  )
]

const breaker = fc.record({
  enabled: fc.constant(true),
  failureThreshold: fc.integer({ min: 1, max: 6 }),
  failureRateThreshold: fc.constantFrom(0.2, 0.5, 0.9),
  windowMs: fc.constantFrom(5_000, 60_000),
  minSamples: fc.integer({ min: 1, max: 8 }),
  firstTrialMs: fc.constant(1),
  cooldownMs: fc.constant(1),
  timeoutCooldownMs: fc.constant(1),
  maxCooldownMs: fc.constant(1),
  rampMs: fc.constant(0)
})

describe("the breaker", () => {
  law(
    "opens exactly when failures in a row, the rate or failures after connect say so, another candidate is left, and not all fail",
    fc.property(breaker, fc.commands([...commands], { maxCommands: 60, size: "max" }), (breaker, all) => {
      fc.modelRun(() => {
        const [model, real] = [new Model(breaker), new Real(breaker)]
        // No handshake began before the start.
        real.pass(1_000_000)
        model.atUs = real.atUs
        return { model, real }
      }, all)
    }),
    { floors: { opened: 93, kept: 20, began: 110, "rolled back": 10, frozen: 250, ended: 50, late: 90, overtaken: 10 } }
  )
})
