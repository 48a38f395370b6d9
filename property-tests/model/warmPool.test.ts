/** The core's counts of warm sockets, driven through its own step, compared with a bag of sockets that a warm pool would hold. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import type { Advanced } from "../../src/core/advance.ts"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { faults } from "../../src/core/invariants.ts"
import type { DialWarm } from "../../src/core/model/Decision.ts"
import type { Event, WarmLoss } from "../../src/core/model/Event.ts"
import { CoreAlone } from "../../src/sim/CoreAlone.ts"
import { probeEnd } from "../../src/sim/ends.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { law } from "../check.ts"

interface Socket {
  readonly warm: number
  readonly candidate: number
  state: "dialling" | "parked"
}

/** Every socket that was requested and is not known to be gone, in the order of requests. */
class Bag {
  sockets: Array<Socket> = []

  all(state: Socket["state"]): ReadonlyArray<Socket> {
    return this.sockets.filter((one) => one.state === state)
  }

  remove(socket: Socket): void {
    this.sockets = this.sockets.filter((other) => other !== socket)
  }

  idsOf(candidate: number, state: Socket["state"]): ReadonlyArray<number> {
    return this.all(state).filter((one) => one.candidate === candidate).map(({ warm }) => warm).toSorted((a, b) => a - b)
  }
}

class Core extends CoreAlone {
  #bag: Bag

  constructor(bag: Bag, size: number, poolTotal: number) {
    const pool = { mode: "fixed" as const, size, connectsPerSecond: 1_000 }
    const breaker = { failureThreshold: 4, firstTrialMs: 2_000, cooldownMs: 2_000 }
    super({ ...configWith([{ candidates: addresses(3), pool, breaker }]), poolTotal }, 1)
    this.#bag = bag
    this.post({ _tag: "Started", worker: 0, wallMs: 0 })
  }

  /** Probes succeed at once; what is retired is gone at once. */
  override post(event: Event): Advanced {
    const advanced = super.post(event)
    for (const act of advanced.decisions) {
      if (act._tag === "Probe") this.post(probeEnd(act, 1_000, null, "unchecked"))
      if (act._tag === "DialWarm") this.#dial(act)
      if (act._tag !== "Retire") continue
      const ready = this.#bag.all("parked").filter(({ candidate }) => candidate === act.candidate)
      for (const socket of ready.slice(0, act.count)) this.lose(socket, "drained")
    }
    return advanced
  }

  lose(socket: Socket, reason: WarmLoss): void {
    this.#bag.remove(socket)
    const { warm, candidate } = socket
    this.post({ _tag: "WarmLost", worker: 0, warm, candidate, reason, ageUs: 1_000 })
  }

  check(): void {
    for (const { id, warm } of Vector.toArray(this.state.candidates).flatMap((one) => (one === null ? [] : [one]))) {
      expect(warm.ready.toSorted((a, b) => a - b)).toEqual(this.#bag.idsOf(id, "parked"))
      expect(warm.dialling.map((one) => one.id).toSorted((a, b) => a - b)).toEqual(this.#bag.idsOf(id, "dialling"))
    }
    expect(this.state.warmTotal).toBe(this.#bag.sockets.length)
    expect(faults(this.state)).toEqual([])
  }

  #dial({ warm, candidate }: DialWarm): void {
    expect(this.#bag.sockets.some((one) => one.warm === warm)).toBe(false)
    this.#bag.sockets.push({ warm, candidate, state: "dialling" })
  }
}

type Command = fc.Command<Bag, Core>
const command = (name: string, isPossible: (bag: Bag) => boolean, act: (bag: Bag, core: Core) => void): Command => ({
  check: isPossible,
  run: (bag, core) => {
    act(bag, core)
    core.check()
  },
  toString: () => name
})
const some = (state: Socket["state"]) => (bag: Bag) => bag.all(state).length > 0
const one = (bag: Bag, state: Socket["state"], pick: number) => bag.all(state)[pick % bag.all(state).length]!

const accepted = (candidate: number, warm: number): Event => ({
  ...{ _tag: "ClientAccepted", worker: 0, session: 1, listener: "web", upstream: 0, routes: 1, why: "cheapest", client: 1 },
  ...{ chosen: candidate, candidate, warm, tried: [] }
})

const pick = fc.nat(100)
const commands: ReadonlyArray<fc.Arbitrary<Command>> = [
  fc.nat(3_000).map((ms) => command(`pass ${ms} ms`, () => true, (_bag, core) => core.pass(ms * 1000))),
  pick.map((pick) =>
    command(`parked ${pick}`, some("dialling"), (bag, core) => {
      const socket = one(bag, "dialling", pick)
      const { warm, candidate } = socket
      socket.state = "parked"
      core.post({ _tag: "WarmConnected", worker: 0, warm, candidate, tookUs: 1_000 })
    })
  ),
  fc.tuple(pick, fc.constantFrom("refused" as const, "timeout" as const, "local" as const)).map(([pick, reason]) =>
    command(`failed ${pick} ${reason}`, some("dialling"), (bag, core) => {
      const socket = one(bag, "dialling", pick)
      const { warm, candidate } = socket
      bag.remove(socket)
      core.post({ _tag: "WarmFailed", worker: 0, warm, candidate, tookUs: 1_000, reason })
    })
  ),
  pick.map((pick) =>
    command(`taken ${pick}`, some("parked"), (bag, core) => {
      const socket = one(bag, "parked", pick)
      bag.remove(socket)
      core.post(accepted(socket.candidate, socket.warm))
    })
  ),
  fc.tuple(pick, fc.constantFrom<WarmLoss>("closed", "reset", "expired")).map(([pick, reason]) =>
    command(`lost ${pick} ${reason}`, some("parked"), (bag, core) => core.lose(one(bag, "parked", pick), reason))
  ),
  pick.map((pick) =>
    command(`told of an unknown socket ${pick}`, () => true, (_bag, core) => {
      const of = { worker: 0, warm: 1_000_000 + pick, candidate: (1 << 20) + (pick % 4) }
      core.post({ _tag: "WarmLost", ...of, reason: "reset", ageUs: 1 })
      core.post({ _tag: "WarmConnected", ...of, tookUs: 1 })
      core.post({ _tag: "WarmFailed", ...of, tookUs: 1, reason: "refused" })
      core.post(accepted(of.candidate, of.warm))
    })
  ),
  pick.map((pick) =>
    command(`suspect ${pick}`, () => true, (_bag, core) => {
      core.post({ _tag: "DialPending", worker: 0, candidate: (1 << 20) + (pick % 3), pendingUs: 1 })
    })
  ),
  fc.constantFrom(0, 1).map((worker) =>
    command(`worker ${worker} lost`, () => true, (bag, core) => {
      if (worker === 0) bag.sockets = []
      core.post({ _tag: "WorkerLost", worker })
    })
  ),
  fc.constant(command("restart", () => true, (bag, core) => {
    bag.sockets = []
    core.post({ _tag: "Started", worker: 0, wallMs: 0 })
  }))
]

describe("warm sockets in the core", () => {
  law(
    "are those of a bag of sockets, whatever happens to each of them",
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(4, 1_024),
      fc.commands([...commands], { maxCommands: 60, size: "max" }),
      (size, poolTotal, all) => {
        fc.modelRun(() => {
          const bag = new Bag()
          return { model: bag, real: new Core(bag, size, poolTotal) }
        }, all)
      }
    ),
    { share: 0.75 }
  )

  law(
    "are gone from a candidate with an open breaker, and no more are dialled there until it closes",
    fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(2), (size, slot) => {
      const bag = new Bag()
      const core = new Core(bag, size, 1_024)
      const { id } = Vector.get(core.state.candidates, slot)!
      for (const socket of bag.all("dialling")) {
        socket.state = "parked"
        core.post({ _tag: "WarmConnected", worker: 0, warm: socket.warm, candidate: socket.candidate, tookUs: 1_000 })
      }
      expect(bag.idsOf(id, "parked")).toHaveLength(size)
      for (let i = 0; i < 4; i++) {
        const tried = [{ candidate: id, outcome: "refused" as const, tookUs: 1_000 }]
        core.post({ ...accepted(-1, 0), _tag: "ClientAccepted", tried } as Event)
      }
      expect(Candidates.find(core.state, id)!.breaker.state).toBe("open")
      expect(bag.idsOf(id, "parked")).toEqual([])
      // The wait for the trial is shortened by up to a tenth.
      core.pass(1_799_000)
      expect(bag.idsOf(id, "dialling")).toEqual([])
      core.pass(201_000)
      expect(Candidates.find(core.state, id)!.breaker.state).toBe("closed")
      expect(bag.idsOf(id, "dialling").length).toBeGreaterThan(0)
    }),
    { share: 0.2 }
  )
})
