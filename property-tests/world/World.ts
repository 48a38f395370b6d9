/** Plays a script: processes of the service that come and go, weather, clients, a resolver and operators, all in virtual time. */
import { stateDigest } from "../../src/core/digest.ts"
import type { Digest } from "../../src/core/math/hash.ts"
import { combine, hash, toHex, zero } from "../../src/core/math/hash.ts"
import type { HistoryRecord } from "../../src/core/model/History.ts"
import { hostTarget, upstreamTarget } from "../../src/plane/Target.ts"
import { Draws } from "../../src/sim/Draws.ts"
import { VirtualClock } from "../../src/sim/VirtualClock.ts"
import { calmMs } from "./calm.ts"
import type { Checker, ClientRun, MakeChecker } from "./Checker.ts"
import { Violation } from "./Checker.ts"
import { configOf, PORT } from "./configOf.ts"
import type { Hears } from "./Process.ts"
import { Process } from "./Process.ts"
import { DEMANDED, Resolver } from "./Resolver.ts"
import type { ActPart, Script } from "./script.ts"
import { Truth } from "./Truth.ts"

const STARTED_MS = 1_790_000_000_000
const SAVES_EVERY_MS = 5_000
/** More timers in one world are taken for a world without an end. */
const MOST_STEPS = 5_000_000

export interface Outcome {
  /** Of all entries and states of all processes. */
  readonly digest: string
  readonly violation: { readonly checker: string; readonly what: string; readonly atMs: number } | null
  readonly premises: ReadonlyMap<string, number>
  readonly simulatedMs: number
  readonly entries: number
}

export class World {
  readonly #clock = new VirtualClock()
  readonly #script: Script
  readonly #truth: Truth
  readonly #resolver: Resolver
  readonly #chance: Draws
  readonly #checkers: ReadonlyArray<readonly [name: string, checker: Checker]>
  readonly #premises = new Map<string, number>()
  readonly #hears: Hears
  #process!: Process
  #digest: Digest = zero
  #entries = 0
  #sessions = 0
  #processes = 0
  #variant = 0
  /** How far the clock on the wall is off. */
  #wallOffMs = 0
  #saved: ReadonlyArray<HistoryRecord> = []
  readonly #clients = new Map<number, ClientRun>()
  #checking = "the world itself"

  constructor(script: Script, checkers: Readonly<Record<string, MakeChecker>>) {
    this.#script = script
    this.#chance = new Draws(script.seed)
    this.#truth = new Truth(script, new Draws(script.seed + 1))
    this.#resolver = new Resolver(script, this.#truth, this.#clock)
    const seen = {
      script,
      truth: this.#truth,
      resolver: this.#resolver,
      nowMs: () => this.#clock.nowMs,
      met: (premise: string) => void this.#premises.set(premise, (this.#premises.get(premise) ?? 0) + 1)
    }
    this.#checkers = Object.entries(checkers).map(([name, make]) => [name, make(seen)] as const)
    this.#hears = {
      folded: (process, folded) => {
        this.#entries++
        const { entry, advanced } = folded
        if (advanced.digest !== null) this.#digest = combine(this.#digest, advanced.digest)
        this.#digest = combine(this.#digest, hash(entry.event._tag + entry.at))
        const { event } = entry
        if (event._tag === "ClientAccepted") {
          const client = this.#clients.get(event.session)
          if (client !== undefined) [client.accepted, client.acceptedMs] = [event, (process.epochUs + entry.at) / 1000]
        }
        this.#tell("folded", process, folded)
      },
      decided: (process, decision, folded) => this.#tell("decided", process, decision, folded),
      published: (process, routes) => this.#tell("published", process, routes),
      dialled: (process, host) => this.#tell("dialled", process, host)
    }
  }

  /** Plays it to its end, or to the first violation. */
  play(): Outcome {
    let violation: Outcome["violation"] = null
    try {
      this.#begun([])
      this.#schedule()
      this.#run(this.#truth.runMs)
      this.#clears()
      this.#run(this.#truth.runMs + calmMs(this.#script))
      this.#ends(true)
      this.#tell("end")
    } catch (cause) {
      const what = cause instanceof Violation ? cause.message : (cause as Error).stack ?? String(cause)
      violation = { checker: this.#checking, what, atMs: this.#clock.nowMs }
    }
    return {
      digest: toHex(this.#digest),
      violation,
      premises: this.#premises,
      simulatedMs: this.#clock.nowMs,
      entries: this.#entries
    }
  }

  #tell<K extends keyof Checker>(what: K, ...told: Parameters<NonNullable<Checker[K]>>): void {
    for (const [name, checker] of this.#checkers) {
      const hear = checker[what] as ((...told: ReadonlyArray<unknown>) => void) | undefined
      if (hear === undefined) continue
      this.#checking = name
      hear(...told)
    }
    this.#checking = "the world itself"
  }

  #begun(records: ReadonlyArray<HistoryRecord>): void {
    const { gatherMs } = this.#script
    const around = { clock: this.#clock, truth: this.#truth, resolver: this.#resolver, gatherMs }
    const config = configOf(this.#script, this.#variant, this.#truth.hosts)
    const process = new Process(config, this.#script.seed + ++this.#processes, around, this.#hears)
    this.#process = process
    this.#tell("began", process)
    process.start(this.#wallMs(), records)
  }

  #wallMs(): number {
    return STARTED_MS + Math.floor(this.#clock.nowMs) + this.#wallOffMs
  }

  #run(untilMs: number): void {
    const untilUs = untilMs * 1000
    for (let steps = 0; this.#clock.nextUs <= untilUs; steps++) {
      if (steps > MOST_STEPS) throw new Error("five million steps without an end")
      this.#clock.fireNext()
      if (this.#clock.nextUs > this.#clock.nowUs && this.#process.isQuiet) this.#tell("settled", this.#process)
    }
    // A machine that sleeps may wake up after that.
    this.#clock.jump(Math.max(untilUs, this.#clock.nowUs))
  }

  #at(ms: number, act: () => void): void {
    this.#clock.at(Math.round(ms * 1000), act)
  }

  #every(periodMs: number, act: () => void): void {
    const again = () => {
      act()
      this.#clock.after(periodMs, again)
    }
    this.#clock.after(periodMs, again)
  }

  #schedule(): void {
    const { services, acts, bursts } = this.#script
    services.forEach(({ everyMs }, i) => this.#every(everyMs, () => this.#visit(i, this.#chance.below(3) * 900)))
    for (const { pick, at, clients, gapMs, holdMs } of bursts) {
      for (let i = 0; i < clients; i++) {
        this.#at(this.#truth.momentOf(at) + i * gapMs, () => this.#visit(pick % (services.length + 1), holdMs))
      }
    }
    for (const act of acts) this.#at(this.#truth.momentOf(act.at), () => this.#act(act))
    for (const { kind, host, fromMs } of this.#truth.spells) {
      if (kind !== "refused" && kind !== "cutting") continue
      this.#at(fromMs, () => {
        for (const one of host === "all" ? this.#truth.hosts : [host]) this.#process.transport.reset(one)
      })
    }
    this.#every(SAVES_EVERY_MS, () => void (this.#saved = this.#process.historyNow()))
    this.#every(60_000, () => this.#process.post({ _tag: "WallRead", worker: 0, wallMs: this.#wallMs() }))
  }

  /** A client of an upstream; beyond the last one it wants a host that is found on first use. */
  #visit(service: number, holdMs: number): void {
    const session = ++this.#sessions
    const target = service < this.#script.services.length ? upstreamTarget(`s${service}`) : hostTarget(DEMANDED, PORT)
    const arrival = { session, target, holdMs, address: `192.0.2.${1 + this.#chance.below(5)}` }
    const process = this.#process
    const client: ClientRun = { arrival, atMs: this.#clock.nowMs, process, accepted: undefined, acceptedMs: -1 }
    this.#clients.set(session, client)
    this.#tell("arrived", client)
    process.arrive(arrival, (served) => {
      this.#tell("ended", client, served)
      this.#clock.after(60_000, () => this.#clients.delete(session))
    })
  }

  #act({ kind, pick, seconds }: ActPart): void {
    const process = this.#process
    switch (kind) {
      case "reload":
        this.#variant = pick
        return process.post({
          ...{ _tag: "ConfigChanged", worker: 0 },
          config: configOf(this.#script, pick, this.#truth.hosts)
        })
      case "off":
        this.#truth.offs.push({ fromMs: this.#clock.nowMs, toMs: this.#clock.nowMs + seconds * 1_000 })
        process.post({ _tag: "EnabledOverridden", worker: 0, enabled: false })
        return void this.#clock.after(seconds * 1000, () => {
          this.#process.post({ _tag: "EnabledOverridden", worker: 0, enabled: null })
        })
      case "refresh": {
        const upstream = pick % 2 === 0 ? "all" as const : pick % process.state.config.upstreams.length
        return process.post({ _tag: "RefreshRequested", worker: 0, upstream })
      }
      case "restart":
      case "kill":
        this.#ends(kind === "restart")
        return this.#begun(this.#saved)
      case "wall":
        this.#wallOffMs += (pick % 2 === 0 ? 1 : -1) * seconds * 60_000
        return process.post({ _tag: "WallRead", worker: 0, wallMs: this.#wallMs() })
      case "sleep": {
        const { nowMs } = this.#clock
        this.#truth.sleeps.push({ fromMs: nowMs, toMs: nowMs + seconds * 1_000 })
        return this.#clock.jump(this.#clock.nowUs + seconds * 1_000_000)
      }
      case "unplugged":
        process.post({ _tag: "InterfacesChanged", worker: 0, families: [] })
        return void this.#clock.after(seconds * 1000, () => this.#plug())
    }
  }

  #plug(): void {
    this.#process.post({ _tag: "InterfacesChanged", worker: 0, families: ["ipv4"] })
  }

  #ends(inOrder: boolean): void {
    const process = this.#process
    if (inOrder) {
      process.stop()
      this.#saved = process.historyNow()
    } else process.kill()
    this.#digest = combine(this.#digest, stateDigest(process.state))
    this.#tell("over", process, inOrder)
  }

  /** The weather clears, and the operator has no more wishes. */
  #clears(): void {
    this.#process.post({ _tag: "EnabledOverridden", worker: 0, enabled: null })
    this.#plug()
  }
}
