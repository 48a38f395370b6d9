/** The breaker, driven through the core's own step, against plain lists of what happened. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { UpstreamConfig } from "../../src/core/model/Config.ts"
import type { Attempt, ClientClosed, DialFailure, Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { initial } from "../../src/core/state.ts"
import { step } from "../../src/core/step.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { law } from "../check.ts"

const CANDIDATES = 3
type Breaker = UpstreamConfig["breaker"]

/** What happened to one candidate since its breaker closed last. */
class Record {
  shut = false
  readonly dials: Array<{ readonly atUs: number; readonly ok: boolean }> = []
  /** Failures in a row, of each kind. */
  connects = 0
  readonly after: Array<{ readonly client: number; readonly atUs: number }> = []
  failedAfterAtUs = -1

  isRateTooHigh({ windowMs, minSamples, failureRateThreshold }: Breaker, atUs: number): boolean {
    const bucketUs = windowMs * 100
    const recent = this.dials.filter((one) => Math.floor(one.atUs / bucketUs) > Math.floor(atUs / bucketUs) - 10)
    const failed = recent.filter(({ ok }) => !ok).length
    return recent.length >= minSamples && failed > failureRateThreshold * recent.length
  }
}

class Model {
  atUs = 0
  readonly clients = new Set<number>()
  readonly records = Array.from({ length: CANDIDATES }, () => new Record())
  readonly breaker: Breaker

  constructor(breaker: Breaker) {
    this.breaker = breaker
  }

  dialled(slot: number, ok: boolean): void {
    const record = this.records[slot]!
    record.dials.push({ atUs: this.atUs, ok })
    record.connects = ok ? 0 : record.connects + 1
    const { failureThreshold } = this.breaker
    if (!ok && (record.connects >= failureThreshold || record.isRateTooHigh(this.breaker, this.atUs))) this.#open(slot)
  }

  failedAfter(slot: number, client: number): void {
    const record = this.records[slot]!
    const { after } = record
    const recent = after.filter((one) => one.client === client && one.atUs > this.atUs - 60_000_000)
    if (this.clients.size > 1 && recent.length >= 2) return
    record.failedAfterAtUs = this.atUs
    if (after.length < this.breaker.failureThreshold) after.push({ client, atUs: this.atUs })
    if (after.length >= this.breaker.failureThreshold) this.#open(slot)
  }

  heard(slot: number, atUs: number): void {
    const { after, failedAfterAtUs } = this.records[slot]!
    if (atUs > failedAfterAtUs) after.splice(0)
  }

  #open(slot: number): void {
    const record = this.records[slot]!
    if (this.records.filter(({ shut }) => !shut).length > 1) record.shut = true
  }
}

/** The core with three candidates that nobody probes: all it hears of them is what commands tell. */
class Real {
  state: State
  atUs = 0

  constructor(breaker: Breaker) {
    // Cooldowns outlast every run: trials are another law's matter.
    const long = { cooldownMs: 1e9, timeoutCooldownMs: 1e9, maxCooldownMs: 1e9 }
    const config = configWith([{
      candidates: addresses(CANDIDATES),
      breaker: { ...breaker, ...long },
      pool: { mode: "off" },
      probing: { intervalMs: 1e9 },
      scoreTtlMs: 1e9
    }])
    this.state = initial(config, 1)
    this.post({ _tag: "Started", worker: 0, wallMs: 0 })
    // The upstream is known to answer, from a candidate that is none of these.
    this.close(9, { client: 0, firstByteUs: 0, durationUs: 0, cause: "done", silence: "none" })
    this.state = {
      ...this.state,
      upstreams: Vector.fromArray(Vector.toArray(this.state.upstreams).map((one) => ({ ...one, answered: true })))
    }
  }

  post(event: Event): void {
    this.state = step(this.state, { seq: this.state.seq + 1, at: this.atUs, event }).state
  }

  pass(us: number): void {
    const untilUs = this.atUs + us
    for (let due = nextDeadline(this.state); due !== undefined && due <= untilUs; due = nextDeadline(this.state)) {
      this.atUs = Math.max(this.atUs, due)
      this.post({ _tag: "Ticked", worker: 0 })
    }
    this.atUs = untilUs
  }

  idOf(slot: number): number {
    return Vector.get(this.state.candidates, slot)?.id ?? -1
  }

  accept(slot: number, client: number, outcome: Attempt["outcome"]): void {
    const candidate = outcome === "connected" ? this.idOf(slot) : -1
    const choice = { listener: "web", upstream: 0, routes: 1, chosen: -1, why: "unranked" as const, warm: 0 }
    const tried = [{ candidate: this.idOf(slot), outcome, tookUs: 5_000 }]
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
const command = (name: string, isPossible: (model: Model) => boolean, act: (model: Model, real: Real) => void): Command => ({
  check: isPossible,
  run: (model, real) => {
    act(model, real)
    real.check(model)
  },
  toString: () => name
})
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
      model.dialled(slot, true)
      real.accept(slot, client, "connected")
    })
  ),
  fc.tuple(slot, client, failure).map(([slot, client, reason]) =>
    command(`dial ${slot} for ${client}: ${reason}`, isClosed(slot), (model, real) => {
      model.clients.add(client)
      model.dialled(slot, false)
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
      model.failedAfter(slot, client)
      real.close(slot, { client, firstByteUs: -1, durationUs: 0, cause, silence: "none" })
    })
  ),
  fc.tuple(slot, client).map(([slot, client]) =>
    command(`session at ${slot} of ${client}: stalled`, isClosed(slot), (model, real) => {
      model.failedAfter(slot, client)
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
    "opens exactly when the failures in a row, the rate or the failures after connect say so, and somebody else is left",
    fc.property(breaker, fc.commands([...commands], { maxCommands: 60, size: "max" }), (breaker, all) => {
      fc.modelRun(() => ({ model: new Model(breaker), real: new Real(breaker) }), all)
    })
  )
})
