/** A service under clients, and everything that was seen of it: what a fault acts on and what its proofs look at. */
import * as fs from "node:fs"
import { setTimeout as pause } from "node:timers/promises"
import { Weather } from "../../src/apps/soak/Weather.ts"
import type { Excuse } from "../../src/apps/soak/Tally.ts"
import type { PublicFact } from "../../src/shell/facts/PublicFact.ts"
import type { Status } from "../../src/shell/status.ts"
import type { Lab } from "../lab/Lab.ts"
import type { Names } from "../lab/names.ts"
import type { ClientSeen, FactSeen } from "./Front.ts"
import { Front } from "./Front.ts"
import type { Mode } from "./origins.ts"
import type { Kind } from "./services.ts"
import { BEST, BEST_INDEX, Service } from "./services.ts"

export interface Judged extends ClientSeen {
  readonly excuse: Excuse
}

/** Clients are on the best again when this share of those of the last time went there. */
const ON_BEST = 0.9
const CALM_MS = 2_000
/** So large a share of the clients of that time must be over. */
const ENOUGH = 0.75
const PER_SECOND = 20
/** A busy machine measures its first handshakes far too long. */
const READY_WITHIN_MS = 60_000

export const nowMs = () => performance.timeOrigin + performance.now()

/** All addresses are one group of the soak, and one target. */
const GROUP = "web"
const LOOK_EVERY_MS = 50

export class Stage {
  readonly lab: Lab
  /** Undefined: there is no dnsmasq. */
  readonly names: Names | undefined
  readonly #program: string
  readonly clients: Array<Judged> = []
  readonly facts: Array<FactSeen> = []
  /** How late timers of this process were, in ms: what the machine does to all processes of the bench. */
  readonly #lateness: Array<{ readonly atMs: number; readonly lateMs: number }> = []
  service: Service
  /** How the service calls the best address. */
  best = ""
  readonly #weather = new Weather()
  #front: Front | undefined

  private constructor(lab: Lab, program: string, names: Names | undefined) {
    this.lab = lab
    this.#program = program
    this.names = names
    this.service = new Service(lab, program, "plain")
  }

  /** `program`: the file that has the command. */
  static async open(lab: Lab, program: string, names: Names | undefined): Promise<Stage> {
    const stage = new Stage(lab, program, names)
    stage.#front = await Front.open(lab, {
      client: (seen) => stage.#over(seen),
      fact: (seen) => stage.facts.push(seen)
    })
    let dueMs = nowMs() + LOOK_EVERY_MS
    setInterval(() => {
      stage.#lateness.push({ atMs: nowMs(), lateMs: nowMs() - dueMs })
      dueMs = nowMs() + LOOK_EVERY_MS
    }, LOOK_EVERY_MS).unref()
    return stage
  }

  /** The latest timer in that time, in ms. */
  latestTimer(fromMs: number, untilMs: number): number {
    const own = this.#lateness.filter(({ atMs }) => atMs >= fromMs && atMs < untilMs)
    return own.reduce((latest, { lateMs }) => Math.max(latest, lateMs), 0)
  }

  get front(): Front {
    return this.#front as Front
  }

  #over(seen: ClientSeen): void {
    const excuse = this.#weather.excuse(GROUP, GROUP, seen.arrivedMs, seen.endedMs, seen.outcome)
    this.clients.push({ ...seen, excuse })
  }

  /** Begins a service of its own with clients, and waits until they are on the best address. */
  async begin(kind: Kind): Promise<void> {
    this.service = new Service(this.lab, this.#program, kind)
    this.service.write()
    await this.service.start()
    await this.front.order({ kind: "rate", perSecond: PER_SECOND })
    if (await this.calm(READY_WITHIN_MS) === undefined) {
      throw new Error(`clients do not get to the best address within ${READY_WITHIN_MS / 1000} s:\n${this.service.said()}`)
    }
    const upstream = (await this.status())?.upstreams[0]
    this.best = upstream?.candidates.find(({ address }) => address.startsWith(BEST))?.id ?? ""
  }

  /** No client comes any more, and the last one has left. */
  async quiet(): Promise<void> {
    await this.front.order({ kind: "rate", perSecond: 0 })
    await this.front.order({ kind: "settled" })
  }

  /** Clients were struck by something. `hidden`: it hides behind a good handshake, from now on. */
  struck(hidden = false): void {
    this.#weather.struck(GROUP, nowMs())
    if (hidden) this.#weather.hidden(GROUP, true, nowMs())
  }

  mended(): void {
    this.#weather.hidden(GROUP, false, nowMs())
  }

  noneCan(isSo: boolean): void {
    this.#weather.allDown(GROUP, isSo, nowMs())
  }

  async servers(mode: Mode, hosts: ReadonlyArray<string> = [BEST]): Promise<void> {
    for (const host of hosts) await this.lab.tellServers(`${host} ${mode}`)
  }

  async ways(change: string, hosts: ReadonlyArray<string> = [BEST]): Promise<void> {
    for (const host of hosts) await this.lab.way(host, change)
  }

  async status(): Promise<Status | undefined> {
    const text = await this.front.page("/status")
    return text === null ? undefined : JSON.parse(text) as Status
  }

  /** The sum of a metric over the series whose labels contain `labels`. */
  async metric(name: string, labels = ""): Promise<number> {
    const lines = ((await this.front.page("/metrics")) ?? "").split("\n")
    const own = lines.filter((line) => line.startsWith(name) && line.includes(labels))
    return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0)
  }

  /** When a fact of the kind came after `sinceMs`. */
  fact(sinceMs: number, kind: PublicFact["kind"], is: (fact: any) => boolean = () => true): number | undefined {
    return this.facts.find(({ atMs, fact }) => atMs >= sinceMs && fact.kind === kind && is(fact))?.atMs
  }

  line(sinceMs: number, text: RegExp): number | undefined {
    return this.service.lines.find((line) => line.atMs >= sinceMs && text.test(line.text))?.atMs
  }

  /** The text of the record's last segment, as far as it is written. */
  record(): string {
    const directory = `${this.service.state}/log`
    try {
      const last = fs.readdirSync(directory).filter((name) => name.endsWith(".ndjson")).sort().at(-1) ?? ""
      return fs.readFileSync(`${directory}/${last}`, "utf8")
    } catch {
      return ""
    }
  }

  /** When the first client that came after `sinceMs` and was served by the best arrived. */
  onBest(sinceMs: number): number | undefined {
    const served = this.clients.filter(({ arrivedMs, by }) => arrivedMs >= sinceMs && by === BEST_INDEX)
    return served.length === 0 ? undefined : Math.min(...served.map(({ arrivedMs }) => arrivedMs))
  }

  /** Waits until clients are on the best address. Gives the time at which those that are began to come; undefined: it takes too long. */
  async calm(withinMs: number, sinceMs = nowMs()): Promise<number | undefined> {
    for (const giveUpMs = nowMs() + withinMs; nowMs() < giveUpMs;) {
      const from = Math.max(sinceMs, nowMs() - CALM_MS)
      const recent = this.clients.filter(({ arrivedMs }) => arrivedMs >= from)
      const onBest = recent.filter(({ by, outcome }) => by === BEST_INDEX && outcome === "served").length
      // Clients that are still on their way are not among them yet.
      const isEnough = recent.length >= ENOUGH * CALM_MS / 1000 * PER_SECOND
      if (nowMs() - sinceMs >= CALM_MS && isEnough && onBest >= ON_BEST * recent.length) return from
      await pause(100)
    }
    return undefined
  }
}
