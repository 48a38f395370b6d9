/**
 * One process of the service: the real core, alarm, prober, warm pool, discovery and client path over the world's transport and clock. Its
 * turns are those of the engine, without fibers, so that a run is the same each time.
 */
import * as Effect from "effect/Effect"
import { nextDeadline } from "../../src/core/deadline.ts"
import * as History from "../../src/core/history.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Decision, DialWarm, Probe, Resolve } from "../../src/core/model/Decision.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { HistoryRecord } from "../../src/core/model/History.ts"
import type { Routes } from "../../src/core/model/Routes.ts"
import type { State } from "../../src/core/model/State.ts"
import { ClientNumbers } from "../../src/plane/ClientNumbers.ts"
import { Counts } from "../../src/plane/Counts.ts"
import { Discovery } from "../../src/plane/Discovery.ts"
import type { Ports, Served } from "../../src/plane/Forward.ts"
import { forwardUnsafe } from "../../src/plane/Forward.ts"
import type { ControlPort } from "../../src/plane/ports/ControlPort.ts"
import type { Cancel } from "../../src/plane/ports/Transport.ts"
import { race } from "../../src/plane/race.ts"
import type { Target } from "../../src/plane/Target.ts"
import { Targets } from "../../src/plane/Targets.ts"
import { WarmPool } from "../../src/plane/WarmPool.ts"
import { Alarm } from "../../src/shell/Alarm.ts"
import { probe } from "../../src/shell/Prober.ts"
import type { Folded } from "../../src/sim/CoreRun.ts"
import { CoreRun } from "../../src/sim/CoreRun.ts"
import { Draws } from "../../src/sim/Draws.ts"
import { UnderWay } from "../../src/sim/UnderWay.ts"
import type { VirtualClock } from "../../src/sim/VirtualClock.ts"
import type { Resolver } from "./Resolver.ts"
import type { Truth } from "./Truth.ts"
import type { WorldClient } from "./WorldTransport.ts"
import { WorldTransport } from "./WorldTransport.ts"

export interface Around {
  readonly clock: VirtualClock
  readonly truth: Truth
  readonly resolver: Resolver
  readonly gatherMs: number
}

/** What hears of a process. */
export interface Hears {
  readonly folded: (process: Process, folded: Folded) => void
  /** A decision, before the process obeys it. */
  readonly decided: (process: Process, decision: Decision, folded: Folded) => void
  readonly published: (process: Process, routes: Routes) => void
  readonly dialled: (process: Process, host: string) => void
}

export interface Arrival {
  readonly session: number
  readonly target: Target
  readonly holdMs: number
  readonly address: string
}

export class Process {
  readonly core: CoreRun
  readonly seed: number
  readonly epochUs: number
  readonly transport: WorldTransport
  readonly warmPool: WarmPool
  readonly counts = new Counts()
  readonly probes = new UnderWay<Probe>()
  readonly dials = new UnderWay<DialWarm>()
  /** Clients that were accepted and have not ended. */
  readonly open = new Map<number, Cancel>()
  isAlive = true
  readonly #around: Around
  readonly #hears: Hears
  readonly #queries = new UnderWay<{ readonly cancel: Cancel }>()
  readonly #mail: Array<{ readonly event: Event; readonly atUs: number }> = []
  readonly #alarm: Alarm
  readonly #ports: Ports
  #routes: Routes
  #published: (routes: Routes) => void = () => {}
  #awake = false
  #ticking = false

  constructor(config: Config, seed: number, around: Around, hears: Hears) {
    const { clock, truth, resolver } = around
    this.#around = around
    this.#hears = hears
    this.seed = seed
    this.epochUs = clock.nowUs
    this.core = new CoreRun(config, seed)
    this.#routes = this.core.state.routes
    this.transport = new WorldTransport(clock, truth, (host) => hears.dialled(this, host))
    const { service } = this.transport
    this.warmPool = new WarmPool(service, (event) => this.post(event))
    const control: ControlPort["Service"] = {
      routesUnsafe: () => this.#routes,
      watchRoutesUnsafe: (told) => void (this.#published = told),
      reserveUnsafe: () => true,
      releaseUnsafe: () => {},
      postUnsafe: (event) => this.post(event),
      discoveryUnsafe: () => this.state.config.onDemand,
      labelUnsafe: () => "",
      resolver: { resolve: () => Effect.die("clients ask the world's resolver") },
      epochUs: this.epochUs,
      nowUs: () => this.nowUs
    }
    const targets = new Targets(this.#routes)
    this.#ports = {
      transport: service,
      control,
      warmPool: this.warmPool,
      counts: this.counts,
      queryDns: (host, limits, answer) =>
        resolver.query(host, limits, (addresses, isOver) => this.isAlive ? answer(addresses, isOver) : undefined),
      clients: new ClientNumbers(),
      chance: new Draws(seed),
      targets,
      discovery: new Discovery(control, service, targets)
    }
    this.#alarm = new Alarm({ timerUnsafe: service.timerUnsafe, nowUs: () => this.nowUs }, () => {
      if (this.#ticking) return
      this.#ticking = true
      this.post({ _tag: "Ticked", worker: 0 })
    })
  }

  get state(): State {
    return this.core.state
  }
  get routes(): Routes {
    return this.#routes
  }
  /** In µs since the process began. */
  get nowUs(): number {
    return this.#around.clock.nowUs - this.epochUs
  }
  /** Nothing waits for the next turn. */
  get isQuiet(): boolean {
    return this.#mail.length === 0
  }

  start(wallMs: number, records: ReadonlyArray<HistoryRecord>): void {
    this.post({ _tag: "Started", worker: 0, wallMs })
    if (records.length > 0) this.post({ _tag: "HistoryLoaded", worker: 0, network: "", records })
    this.#turn()
  }

  post(event: Event): void {
    if (!this.isAlive) return
    this.#mail.push({ event, atUs: this.nowUs })
    if (this.#awake) return
    this.#awake = true
    this.transport.service.timerUnsafe(this.#around.gatherMs, () => this.#turn())
  }

  arrive({ session, target, holdMs, address }: Arrival, ended: (served: Served) => void): void {
    const socket: WorldClient = { holdMs, resetUnsafe: () => {}, addressUnsafe: () => address }
    let over = false
    const stop = forwardUnsafe(this.#ports, { socket, session, listener: "web", target }, (served) => {
      over = true
      this.open.delete(session)
      ended(served)
    })
    if (!over) this.open.set(session, stop)
  }

  historyNow(): ReadonlyArray<HistoryRecord> {
    return History.historyOf(this.state)
  }

  /** Ends as on a signal: sessions are reset, warm sockets closed, and the last events are in the record. */
  stop(): void {
    for (const cancel of [...this.open.values()]) cancel()
    this.#ports.discovery.stop()
    this.warmPool.close()
    this.#turn()
    this.kill()
  }

  /** Ends at once, as by `kill -9`. */
  kill(): void {
    this.isAlive = false
    this.#alarm.stop()
    for (const { cancel } of this.#queries.all) cancel()
    this.transport.kill()
  }

  #turn(): void {
    this.#awake = false
    while (this.#mail.length > 0) {
      const { event, atUs } = this.#mail.shift() as { readonly event: Event; readonly atUs: number }
      this.#fold(event, atUs)
    }
    const deadlineUs = nextDeadline(this.state)
    if (deadlineUs !== undefined && !this.#ticking) this.#alarm.arm(deadlineUs)
  }

  #fold(event: Event, atUs: number): void {
    if (event._tag === "Ticked") this.#ticking = false
    this.#settle(event)
    const folded = this.core.fold(event, atUs)
    this.#hears.folded(this, folded)
    for (const decision of folded.advanced.decisions) {
      this.#hears.decided(this, decision, folded)
      this.#obey(decision)
    }
    if (this.#routes === this.state.routes) return
    this.#routes = this.state.routes
    this.#hears.published(this, this.#routes)
    this.#published(this.#routes)
  }

  #settle(event: Event): void {
    if (event._tag === "ProbeSucceeded" || event._tag === "ProbeFailed") this.probes.end(event.probe)
    else if (event._tag === "WarmConnected" || event._tag === "WarmFailed") this.dials.end(event.warm)
  }

  #obey(decision: Decision): void {
    const { service } = this.transport
    switch (decision._tag) {
      case "Probe":
        this.probes.begin(decision.probe, decision, this.nowUs)
        return void Effect.runFork(Effect.map(probe(service, decision), (event) => this.post(event)))
      case "DialWarm":
        this.dials.begin(decision.warm, decision, this.nowUs)
        return this.warmPool.dial(decision)
      case "Retire":
        return this.warmPool.retire(decision)
      case "Race":
        return void Effect.runFork(race(service, this.warmPool, decision, (event) => this.post(event)))
      case "Resolve":
        return this.#resolve(decision)
    }
  }

  #resolve({ worker, resolve, upstream, host, timeoutMs }: Resolve): void {
    const of = { worker, resolve, upstream }
    const stopTimer = this.transport.service.timerUnsafe(timeoutMs, () => {
      this.#queries.end(resolve)
      cancel()
      this.post({ _tag: "ResolveFailed", ...of, reason: "timeout" })
    })
    const cancel = this.#around.resolver.ask(host, (answer) => {
      this.#queries.end(resolve)
      stopTimer()
      if (answer === "fails") return this.post({ _tag: "ResolveFailed", ...of, reason: "ENOTFOUND" })
      this.post({ _tag: "Resolved", ...of, addresses: answer, omitted: 0, silent: 0 })
    })
    this.#queries.begin(resolve, { cancel }, this.nowUs)
  }
}
