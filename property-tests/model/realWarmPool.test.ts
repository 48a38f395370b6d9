/** The shell's warm pool, over a transport whose dials, sockets and clock are plain data, compared with a list of sockets. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Lifetime from "../../src/core/math/Lifetime.ts"
import type { DialFailure, Event, WarmLoss } from "../../src/core/model/Event.ts"
import { WarmPool } from "../../src/plane/WarmPool.ts"
import type { Transport, UpstreamSocket } from "../../src/plane/ports/Transport.ts"
import { law } from "../check.ts"
import { command as commandOf } from "./command.ts"

/** What the warm pool reports about one socket, without durations. */
type Told = readonly ["parked" | "failed" | "lost", warm: number, why: string]

interface Socket {
  readonly warm: number
  readonly candidate: number
  readonly parkForUs: number
  /** When its dial gives up, or when it is too old. */
  untilUs: number
  state: "dialling" | "parked" | "gone"
  /** Its peer ended it, but the pool has not noticed yet. */
  isDead: boolean
}

class Model {
  atUs = 0
  isClosed = false
  minted = 0
  /** In the order in which they were dialled; warm ones in the order in which they became warm. */
  dialling: Array<Socket> = []
  parked: Array<Socket> = []
  readonly taken = new Set<number>()
  told: Array<Told> = []
  /** For each candidate: how long those lived that are gone. */
  readonly lived = new Map<number, Lifetime.Lifetime>()

  dial(warm: number, candidate: number, timeoutMs: number, keepForMs: number): void {
    if (this.isClosed) return
    const untilUs = this.atUs + timeoutMs * 1000
    this.dialling.push({ warm, candidate, parkForUs: keepForMs * 1000, untilUs, state: "dialling", isDead: false })
  }

  answer(socket: Socket, failure: DialFailure | null): void {
    this.dialling = this.dialling.filter((other) => other !== socket)
    socket.state = failure === null ? "parked" : "gone"
    this.told.push(failure === null ? ["parked", socket.warm, ""] : ["failed", socket.warm, failure])
    if (failure !== null) return
    socket.untilUs = this.atUs + socket.parkForUs
    this.parked.push(socket)
  }

  lose(socket: Socket, why: WarmLoss): void {
    this.parked = this.parked.filter((other) => other !== socket)
    socket.state = "gone"
    const { candidate } = socket
    const ended = { ms: Math.floor(this.ageUs(socket) / 1000), died: why === "closed" || why === "reset" }
    this.lived.set(candidate, Lifetime.add(this.lived.get(candidate) ?? Lifetime.unknown, ended))
    if (this.of(candidate).length === 0) this.lived.delete(candidate)
    this.told.push(["lost", socket.warm, why])
  }

  of(candidate: number): ReadonlyArray<Socket> {
    return this.parked.filter((one) => one.candidate === candidate)
  }

  ageUs(socket: Socket): number {
    return this.atUs - (socket.untilUs - socket.parkForUs)
  }

  /** The oldest that is alive, or the newest where others died at such an age; dead ones before it are found. */
  take(candidate: number): number | undefined {
    for (let all = this.of(candidate); all.length > 0; all = this.of(candidate)) {
      const oldest = all[0]!
      const lived = this.lived.get(candidate) ?? Lifetime.unknown
      const isOld = Lifetime.isKnown(lived) && this.ageUs(oldest) / 1000 > Lifetime.safeMs(Lifetime.lowMs(lived))
      const socket = isOld ? all.at(-1)! : oldest
      if (socket.isDead) {
        this.lose(socket, "closed")
        continue
      }
      this.parked = this.parked.filter((other) => other !== socket)
      if (all.length === 1) this.lived.delete(candidate)
      socket.state = "gone"
      this.taken.add(socket.warm)
      return socket.warm
    }
    return undefined
  }

  pass(us: number): void {
    const untilUs = this.atUs + us
    for (;;) {
      const next = [...this.dialling, ...this.parked].toSorted((a, b) => a.untilUs - b.untilUs || a.warm - b.warm)[0]
      if (next === undefined || next.untilUs > untilUs) break
      this.atUs = next.untilUs
      if (next.state === "dialling") this.answer(next, "timeout")
      else this.lose(next, "expired")
    }
    this.atUs = untilUs
  }

  close(): void {
    this.isClosed = true
    this.dialling = []
    for (const candidate of new Set(this.parked.map((one) => one.candidate))) {
      for (const socket of this.of(candidate)) this.lose(socket, "drained")
    }
  }
}

class FakeSocket implements UpstreamSocket {
  isDead = false
  closed = 0
  lost: ((reason: "closed" | "reset") => void) | undefined
  closeUnsafe = (): void => void this.closed++
  isAliveUnsafe = (): boolean => !this.isDead
  watchUnsafe = (lost: (reason: "closed" | "reset") => void): void => {
    expect(this.lost).toBeUndefined()
    this.lost = lost
  }
}

/** The real warm pool and what it was given. */
class Real {
  nowUs = 0
  timers: Array<{ readonly dueUs: number; readonly order: number; readonly fire: () => void }> = []
  readonly dials = new Map<number, (result: UpstreamSocket | DialFailure) => void>()
  readonly sockets = new Map<number, FakeSocket>()
  readonly taken = new Set<number>()
  told: Array<Told> = []
  #orders = 0
  readonly shelf: WarmPool

  constructor() {
    const unused = () => {
      throw new Error("no business of a shelf")
    }
    const timer: Transport["Service"]["timerUnsafe"] = (delayMs, fire) => {
      const timer = { dueUs: this.nowUs + delayMs * 1000, order: this.#orders++, fire }
      this.timers.push(timer)
      return () => void (this.timers = this.timers.filter((other) => other !== timer))
    }
    const transport: Transport["Service"] = {
      listen: unused,
      relayUnsafe: unused,
      identifyUnsafe: unused,
      soonUnsafe: unused,
      descriptorLimitUnsafe: unused,
      hasDescriptorsUnsafe: unused,
      greetUnsafe: unused,
      ownAddressesUnsafe: unused,
      nowUs: () => this.nowUs,
      // The port stands for the warm id, which a transport does not know.
      dialUnsafe: ({ port }, _keepAliveMs, answer) => {
        this.dials.set(port, answer)
        return () => void this.dials.delete(port)
      },
      timerUnsafe: timer,
      wheelTimerUnsafe: timer
    }
    this.shelf = new WarmPool(transport, (event) => this.told.push(toldOf(event)))
  }

  answer(warm: number, failure: DialFailure | null): void {
    const answer = this.dials.get(warm)!
    this.dials.delete(warm)
    const socket = new FakeSocket()
    if (failure === null) this.sockets.set(warm, socket)
    answer(failure ?? socket)
  }

  pass(us: number): void {
    const untilUs = this.nowUs + us
    for (;;) {
      const timer = this.timers.toSorted((a, b) => a.dueUs - b.dueUs || a.order - b.order)[0]
      if (timer === undefined || timer.dueUs > untilUs) break
      this.timers = this.timers.filter((other) => other !== timer)
      this.nowUs = timer.dueUs
      timer.fire()
    }
    this.nowUs = untilUs
  }

  check(model: Model): void {
    const sorted = (told: ReadonlyArray<Told>) => told.map(String).toSorted()
    expect(sorted(this.told)).toEqual(sorted(model.told))
    this.told = model.told = []
    expect([...this.dials.keys()]).toEqual(model.dialling.map(({ warm }) => warm))
    for (const candidate of CANDIDATES) expect(this.shelf.countOf(candidate)).toBe(model.of(candidate).length)
    expect(this.shelf.size).toBe(model.parked.length)
    // One timer runs for each socket that is dialling or warm, and for nothing else.
    expect(this.timers.length).toBe(model.dialling.length + model.parked.length)
    const waiting = new Set(model.parked.map(({ warm }) => warm))
    for (const [warm, { closed }] of this.sockets) {
      expect([warm, closed]).toEqual([warm, waiting.has(warm) || model.taken.has(warm) ? 0 : 1])
    }
    expect(this.taken).toEqual(model.taken)
  }
}

function toldOf(event: Event): Told {
  if (event._tag === "WarmConnected") return ["parked", event.warm, ""]
  if (event._tag === "WarmFailed") return ["failed", event.warm, event.reason]
  if (event._tag !== "WarmLost") throw new Error(`the warm pool posted ${event._tag}`)
  expect(event.ageUs).toBeGreaterThanOrEqual(0)
  return ["lost", event.warm, event.reason]
}

const CANDIDATES = [1, 2, 3]
type Command = fc.Command<Model, Real>
const command = commandOf<Model, Real>
const always = () => true
const isWaiting = (state: "dialling" | "parked") => (model: Model) => model[state].length > 0
const one = (model: Model, state: "dialling" | "parked", pick: number) => model[state][pick % model[state].length]!

const candidate = fc.constantFrom(...CANDIDATES)
const pick = fc.nat(100)
const failure = fc.constantFrom<DialFailure>("refused", "reset", "unreachable", "local")

const commands: ReadonlyArray<fc.Arbitrary<Command>> = [
  ...[1, 2].map(() =>
    fc.tuple(candidate, fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 3_000 })).map((
      [candidate, timeoutMs, keepForMs]
    ) =>
      command(`dial ${candidate} for ${timeoutMs} ms, to keep warm ${keepForMs} ms`, always, (model, real) => {
        const warm = ++model.minted
        model.dial(warm, candidate, timeoutMs, keepForMs)
        const of = { worker: 0, warm, candidate, host: "198.18.0.1", port: warm, keepAliveMs: 1_000 }
        real.shelf.dial({ _tag: "DialWarm", ...of, timeoutMs, keepForMs })
      })
    )
  ),
  ...[null, null, null, "fails"].map((fails) =>
    fc.tuple(pick, failure).map(([pick, failure]) =>
      command(`answer ${pick}: ${fails ?? "connected"}`, isWaiting("dialling"), (model, real) => {
        const socket = one(model, "dialling", pick)
        model.answer(socket, fails === null ? null : failure)
        real.answer(socket.warm, fails === null ? null : failure)
      })
    )
  ),
  fc.tuple(pick, fc.constantFrom("closed" as const, "reset" as const)).map(([pick, reason]) =>
    command(`${reason} ${pick} by its peer`, isWaiting("parked"), (model, real) => {
      const socket = one(model, "parked", pick)
      model.lose(socket, reason)
      real.sockets.get(socket.warm)!.lost!(reason)
    })
  ),
  pick.map((pick) =>
    command(`${pick} dies unheard`, isWaiting("parked"), (model, real) => {
      const socket = one(model, "parked", pick)
      socket.isDead = real.sockets.get(socket.warm)!.isDead = true
    })
  ),
  pick.map((pick) =>
    command(`${pick} is told lost though it is gone`, ({ taken }) => taken.size > 0, (model, real) => {
      real.sockets.get([...model.taken][pick % model.taken.size]!)!.lost!("closed")
    })
  ),
  ...[1, 2].map(() =>
    candidate.map((candidate) =>
      command(`take ${candidate}`, always, (model, real) => {
        const warm = real.shelf.take(candidate)?.warm
        expect(warm === undefined || !real.taken.has(warm)).toBe(true)
        if (warm !== undefined) real.taken.add(warm)
        expect(warm).toBe(model.take(candidate))
      })
    )
  ),
  fc.tuple(candidate, fc.nat(4)).map(([candidate, count]) =>
    command(`retire ${count} of ${candidate}`, always, (model, real) => {
      for (const socket of model.of(candidate).slice(0, count)) model.lose(socket, "drained")
      real.shelf.retire({ _tag: "Retire", worker: 0, candidate, count })
    })
  ),
  ...[40, 1_500].map((most) =>
    fc.nat(most).map((ms) =>
      command(`pass ${ms} ms`, always, (model, real) => {
        model.pass(ms * 1000)
        real.pass(ms * 1000)
      })
    )
  )
]
const close = fc.constant(command("close", always, (model, real) => {
  model.close()
  real.shelf.close()
}))

describe("the warm pool", () => {
  law(
    "keeps, loses or fails each socket once, gives none to two clients, takes the oldest likely alive, retires the oldest, counts right",
    fc.property(fc.commands([...commands, ...commands, ...commands, close], { maxCommands: 80, size: "max" }), (all) => {
      fc.modelRun(() => ({ model: new Model(), real: new Real() }), all)
    })
  )
})
