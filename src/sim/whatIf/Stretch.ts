/**
 * A stretch: a part of a record without a break. It follows the recorded run, and beside it the same core under other settings.
 *
 * As long as both decide the same, the other run gets the very entries of the record. From the first difference on it goes its own
 * way: its acts are answered as the record knows the addresses (RecordedNetwork.ts), and its clients come when they came. So equal
 * settings change nothing, to the last decision.
 */
import type { Advanced } from "../../core/advance.ts"
import { arrange } from "../../core/arrange.ts"
import { same } from "../../core/data/same.ts"
import { nextDeadline } from "../../core/deadline.ts"
import type { Config } from "../../core/model/Config.ts"
import type { ClientAccepted, Entry, Event } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import { initial } from "../../core/state.ts"
import { step } from "../../core/step.ts"
import { CoreRun } from "../CoreRun.ts"
import type { Folded } from "../CoreRun.ts"
import { Draws } from "../Draws.ts"
import { SimShell } from "../SimShell.ts"
import { TimedActs } from "../TimedActs.ts"
import { VirtualClock } from "../VirtualClock.ts"
import { Course } from "./Course.ts"
import type { Came } from "./Course.ts"
import { RecordedNetwork } from "./RecordedNetwork.ts"
import { TimeLine } from "./TimeLine.ts"
import { Visitors } from "./Visitors.ts"

export interface Divergence {
  readonly seq: number
  readonly atUs: number
}

/** A step without digests, which nothing compares here. */
const bareAdvance = (state: State, entry: Entry): Advanced => ({ ...step(state, entry), digest: null, stateDigest: null })

export class Stretch {
  readonly course = new Course()
  readonly recorded: TimeLine
  /** The run under the other settings. */
  other: TimeLine
  readonly first: State
  /** The wall clock, as the last entry knew it. */
  wall: State["wall"]
  /** The first entry with another decision; null: there is none. */
  divergence: Divergence | null = null
  /** Of the other run from there on. */
  network: RecordedNetwork | undefined
  readonly #core: CoreRun
  readonly #clock = new VirtualClock()
  readonly #shell: SimShell
  #acts: TimedActs | undefined
  readonly #seed: number
  /** When warm sockets expire, by their number. */
  readonly #keptUntilUs = new Map<number, number>()
  #last: Folded | undefined
  /** Where the course stands at the divergence: what comes after it is still to come for the other run. */
  #before = { clients: 0, stimuli: 0 }
  /** What the record says of sessions that both runs had before they parted. */
  readonly #ends: Array<{ readonly atUs: number; readonly event: Event }> = []

  /** `first`: the state before the stretch. `config`: the other settings. */
  constructor(first: State, config: Config, seed: number) {
    this.first = first
    this.wall = first.wall
    this.#seed = seed
    this.recorded = this.other = new TimeLine(this.course)
    this.#core = new CoreRun(config, seed, bareAdvance)
    this.#core.state = stateUnder(first, config, seed)
    this.#clock.jump(first.at)
    this.#shell = new SimShell(this.#core, this.#clock, {
      folded: (folded) => {
        this.#last = folded
        if (this.divergence !== null) this.#told(folded)
      },
      decided: () => {},
      began: (act) => this.#acts?.began(act),
      retired: (socket) => {
        if (this.#acts === undefined) return
        const lost = this.#shell.lossOf(socket, "drained")
        this.#shell.later(0, () => lost)
      }
    })
    if (!same(first.routes.upstreams, this.#core.state.routes.upstreams)) this.#part(first.seq, first.at)
  }

  /** An entry of the record, and the step that it was. */
  entry(entry: Entry, before: State, advanced: Advanced): void {
    const { state, decisions } = advanced
    this.course.note(entry, state)
    this.wall = state.wall
    this.recorded.stepped(before, state, decisions, entry.at)
    if (entry.event._tag === "ClientAccepted") this.#recordedClient(entry.event, state)
    if (this.divergence !== null) return this.#endOf(entry)
    if (entry.event._tag === "ConfigChanged") return this.#part(entry.seq, entry.at)
    this.#clock.jump(entry.at)
    this.#mirror(entry.event)
    this.#shell.post(entry.event)
    const folded = this.#last as Folded
    if (same(folded.advanced.decisions, decisions) && isSameRoutes(before, state, folded)) return
    this.#part(entry.seq, entry.at)
    this.#told(folded)
  }

  /** The record is over: the other run goes to its end. */
  finish(): void {
    this.course.close()
    if (this.divergence === null) return
    const { clients, stimuli, lastUs } = this.course
    const shell = this.#shell
    const network = new RecordedNetwork(this.course, () => this.#clock.nowUs, this.first.config.template.scoreTtlMs * 1000)
    this.network = network
    this.#acts = new TimedActs(shell, network)
    for (const one of [shell.probes, shell.dials, shell.queries, shell.races]) {
      for (const act of one.all) this.#acts.began(act)
    }
    for (const socket of shell.warm.all) {
      const leftUs = (this.#keptUntilUs.get(socket.warm) ?? this.#clock.nowUs) - this.#clock.nowUs
      shell.later(leftUs > 0 ? leftUs / 1000 : 0, () => void shell.lose(socket, "expired"))
    }
    const visitors = new Visitors({ shell, network, course: this.course, line: this.other, chance: new Draws(this.#seed) })
    const { atUs } = this.divergence
    const arrivals = clients.filter((one) => !this.#met.has(one))
    const events = [...stimuli.slice(this.#before.stimuli), ...this.#ends].sort((a, b) => a.atUs - b.atUs)
    this.#run(lastUs, arrivals, events, atUs, visitors)
  }

  /** Clients that both runs had. */
  readonly #met = new Set<Came>()

  #run(
    untilUs: number,
    arrivals: ReadonlyArray<Came>,
    events: ReadonlyArray<{ readonly atUs: number; readonly event: Event; readonly upstream?: string }>,
    fromUs: number,
    visitors: Visitors
  ): void {
    let nextClient = 0
    let nextEvent = 0
    for (;;) {
      const clientUs = arrivals[nextClient]?.atUs ?? Number.POSITIVE_INFINITY
      const eventUs = events[nextEvent]?.atUs ?? Number.POSITIVE_INFINITY
      const deadlineUs = nextDeadline(this.#shell.state) ?? Number.POSITIVE_INFINITY
      const timerUs = this.#clock.nextUs
      const dueUs = Math.min(clientUs, eventUs, deadlineUs, timerUs)
      if (dueUs > untilUs) return
      this.#clock.jump(Math.max(this.#clock.nowUs, dueUs, fromUs))
      // Answers come before what else is due, and ticks last, as live.
      if (timerUs === dueUs) this.#clock.fireNext()
      else if (eventUs === dueUs) this.#world(events[nextEvent++]!)
      else if (clientUs === dueUs) visitors.arrive(arrivals[nextClient++]!)
      else this.#shell.post({ _tag: "Ticked", worker: 0 })
    }
  }

  #world({ event, upstream = "" }: { readonly event: Event; readonly upstream?: string }): void {
    if (event._tag !== "RefreshRequested" || upstream === "") return this.#shell.post(event)
    const slot = this.#shell.state.config.upstreams.findIndex(({ name, removed }) => name === upstream && !removed)
    if (slot >= 0) this.#shell.post({ ...event, upstream: slot })
  }

  /** The two runs part here: all that the record tells from now on is still to come for the other one. */
  #part(seq: number, atUs: number): void {
    this.divergence = { seq, atUs }
    this.#before = { clients: this.course.clients.length, stimuli: this.course.stimuli.length }
    for (const one of this.course.clients) this.#met.add(one)
    this.other = this.recorded.fork()
  }

  #told({ entry, before, advanced }: Folded): void {
    this.other.stepped(before, advanced.state, advanced.decisions, entry.at)
  }

  /** What the shell does with an event that is already in the record. */
  #mirror(event: Event): void {
    switch (event._tag) {
      case "WarmConnected": {
        const dial = this.#shell.dials.get(event.warm)
        return this.#warm(event.warm, event.candidate, dial?.keepForMs ?? 0)
      }
      case "Raced": {
        const race = this.#shell.races.get(event.race)
        return event.candidate === "none" ? undefined : this.#warm(event.race, event.candidate, race?.keepForMs ?? 0)
      }
      case "ClientAccepted":
        return this.#gone(event.warm)
      case "WarmLost":
        return this.#gone(event.warm)
      case "Resolved":
      case "ResolveFailed":
        if (event._tag === "ResolveFailed" || event.more !== true) this.#shell.queries.end(event.resolve)
    }
  }

  #warm(warm: number, candidate: number, keepForMs: number): void {
    this.#shell.keepWarm(warm, candidate)
    this.#keptUntilUs.set(warm, this.#clock.nowUs + keepForMs * 1000)
  }

  #gone(warm: number): void {
    if (warm === 0) return
    const socket = this.#shell.warm.all.find((one) => one.warm === warm)
    if (socket !== undefined) this.#shell.warm.remove(socket)
    this.#keptUntilUs.delete(warm)
  }

  #recordedClient(event: ClientAccepted, state: State): void {
    const came = this.course.clients[this.course.clients.length - 1] as Came
    const first = event.chosen === "none" ? event.tried[0]?.candidate ?? event.candidate : event.chosen
    const address = this.course.addressOf(state, first)
    this.recorded.client({ atUs: came.atUs, upstream: came.upstream, address, served: event.candidate !== "none" })
  }

  /** The other run has the sessions from before the divergence, and they end as they did. */
  #endOf({ at, event }: Entry): void {
    if (!("session" in event) || event._tag === "ClientAccepted") return
    if (this.#shell.sessions.has(event.session)) this.#ends.push({ atUs: at, event })
  }
}

/** The state before the stretch, under other settings. */
function stateUnder(first: State, config: Config, seed: number): State {
  if (same(first.config, arrange(first.config, config))) return first
  if (first.seq < 0 && first.upstreams.length === 0) return initial(config, seed)
  const event: Event = { _tag: "ConfigChanged", worker: 0, config }
  return step(first, { seq: first.seq, at: first.at, event }).state
}

function isSameRoutes(before: State, after: State, { before: was, advanced: { state: is } }: Folded): boolean {
  const [a, b] = [after.routes.upstreams, is.routes.upstreams]
  if (a.length !== b.length) return false
  return a.every((routes, i) =>
    (routes === before.routes.upstreams[i] && b[i] === was.routes.upstreams[i]) || same(routes, b[i])
  )
}
