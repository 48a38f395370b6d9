/**
 * The course of a record: what each address did, what names resolved to, and which clients came. It is all that the world contributed,
 * whatever the settings were.
 */
import * as Candidates from "../../core/candidates.ts"
import type { CandidateRef, UpstreamId } from "../../core/model/Candidate.ts"
import type { Attempt, ClientAccepted, ClientClosed, Entry, Event } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import type { Reply } from "../session.ts"
import { lastBy, Samples } from "./Samples.ts"

/** A client that came. */
export interface Came {
  readonly atUs: number
  /** The name of the upstream: slots may differ under other settings. */
  readonly upstream: string
  readonly worker: number
  readonly session: number
  readonly client: number
  /** The address that served it, by number; -1: none that the record names. */
  readonly address: number
  /** What became of its session, and how long it stayed; undefined and 0: the record ends before. */
  reply: Reply | undefined
  holdMs: number
}

/** What the world or an operator did. */
export interface Stimulus {
  readonly atUs: number
  readonly event: Event
  /** The name of the upstream that it is about; empty: none, or all. */
  readonly upstream: string
}

interface Answered {
  readonly atUs: number
  readonly addresses: ReadonlyArray<string> | undefined
}

export class Course {
  readonly samples: Array<Samples> = []
  /** Addresses by number: `host:port`. */
  readonly addresses: Array<string> = []
  /** The addresses of each upstream. */
  readonly ofUpstream = new Map<string, Set<number>>()
  readonly clients: Array<Came> = []
  /** What the world did beside that, in order. */
  readonly stimuli: Array<Stimulus> = []
  /** Changes of the configuration in the record. */
  reloads = 0
  firstUs = -1
  lastUs = -1
  /** By host and port: a text of both for each sample would cost more than all else here. */
  readonly #numbers = new Map<string, Map<number, number>>()
  readonly #resolved = new Map<string, Array<Answered>>()
  readonly #open = new Map<number, Came>()

  /** The number of an address. */
  numberOf(host: string, port: number): number {
    const known = this.#numbers.get(host)?.get(port)
    if (known !== undefined) return known
    const number = this.addresses.push(`${host}:${port}`) - 1
    this.samples.push(new Samples())
    const ports = this.#numbers.get(host)
    if (ports === undefined) this.#numbers.set(host, new Map([[port, number]]))
    else ports.set(port, number)
    return number
  }

  samplesOf(host: string, port: number): Samples | undefined {
    const number = this.#numbers.get(host)?.get(port)
    return number === undefined ? undefined : this.samples[number]
  }

  /** The number of a candidate's address; -1: it is none. */
  addressOf(state: State, id: CandidateRef): number {
    const candidate = Candidates.find(state, id)
    return candidate === undefined ? -1 : this.numberOf(candidate.host, candidate.port)
  }

  /** What a name resolved to at a moment, or what it first resolved to after it. undefined: it had no addresses. */
  addressesAt(host: string, atUs: number): ReadonlyArray<string> | undefined {
    const all = this.#resolved.get(host) ?? []
    return (all[lastBy(all, atUs)] ?? all[0])?.addresses
  }

  /** An entry of the record. `state`: after it. */
  note({ at, event }: Entry, state: State): void {
    if (this.firstUs < 0) this.firstUs = at
    this.lastUs = at
    switch (event._tag) {
      case "ProbeSucceeded":
      case "WarmConnected":
        return this.#sample(state, event.candidate, at, event.tookUs, null)
      case "ProbeFailed":
      case "WarmFailed":
        return event.reason === "local" ? undefined : this.#sample(state, event.candidate, at, event.tookUs, event.reason)
      case "Raced":
        return this.#tried(state, event.tried, at)
      case "ClientAccepted":
        this.#tried(state, event.tried, at)
        return this.#came(state, event, at)
      case "ClientClosed":
        return this.#left(state, event, at)
      case "Resolved":
        return event.more === true ? undefined : this.#named(state, event.upstream, at, event.addresses)
      case "ResolveFailed":
        return this.#named(state, event.upstream, at, undefined)
      case "ConfigChanged":
        this.reloads++
        return
      case "WallRead":
      case "InterfacesChanged":
      case "EnabledOverridden":
      case "WorkerLost":
      case "HistoryLoaded":
        this.stimuli.push({ atUs: at, event, upstream: "" })
        return
      case "RefreshRequested": {
        const upstream = event.upstream === "all" ? "" : state.config.upstreams[event.upstream]?.name ?? ""
        this.stimuli.push({ atUs: at, event, upstream })
      }
    }
  }

  /** The record is over. */
  close(): void {
    for (const one of this.samples) one.close()
    this.clients.sort((a, b) => a.atUs - b.atUs)
  }

  #sample(state: State, id: CandidateRef, atUs: number, tookUs: number, failure: Attempt["outcome"] | null): void {
    const candidate = Candidates.find(state, id)
    if (candidate === undefined) return
    const number = this.numberOf(candidate.host, candidate.port)
    const { name } = Candidates.configOf(state, candidate)
    let all = this.ofUpstream.get(name)
    if (all === undefined) this.ofUpstream.set(name, all = new Set())
    all.add(number)
    const isFailure = failure !== null && failure !== "connected"
    if (failure === "cancelled" || failure === "unresolved" || failure === "denied" || failure === "local") return
    this.samples[number]!.handshake({ atUs, tookMs: tookUs / 1000, failure: isFailure ? failure : null })
  }

  #tried(state: State, tried: ReadonlyArray<Attempt>, atUs: number): void {
    for (const { candidate, outcome, tookUs } of tried) this.#sample(state, candidate, atUs, tookUs, outcome)
  }

  #came(state: State, event: ClientAccepted, at: number): void {
    const { upstream, worker, session, client, candidate, tried } = event
    const dialledUs = tried.reduce((longest, { tookUs }) => tookUs > longest ? tookUs : longest, 0)
    const address = this.addressOf(state, candidate)
    const name = state.config.upstreams[upstream]?.name ?? ""
    const atUs = at - dialledUs
    const came: Came = { atUs, upstream: name, worker, session, client, address, reply: undefined, holdMs: 0 }
    this.clients.push(came)
    this.#open.set(session, came)
  }

  #left(state: State, event: ClientClosed, at: number): void {
    const came = this.#open.get(event.session)
    this.#open.delete(event.session)
    if (came === undefined) return
    came.reply = replyOf(event)
    came.holdMs = event.durationUs / 1000
    const address = this.addressOf(state, event.candidate)
    const { reply, holdMs } = came
    if (address >= 0) this.samples[address]!.session(at - event.durationUs, { reply, holdMs })
  }

  #named(state: State, upstream: UpstreamId, atUs: number, addresses: ReadonlyArray<string> | undefined): void {
    const host = state.config.upstreams[upstream]?.host ?? ""
    const all = this.#resolved.get(host)
    if (all === undefined) this.#resolved.set(host, [{ atUs, addresses }])
    else all.push({ atUs, addresses })
  }
}

/** How the upstream replied to a session. */
function replyOf({ firstByteUs, answerUs, cause, silence }: ClientClosed): Reply {
  if (firstByteUs >= 0) return (answerUs >= 0 ? answerUs : firstByteUs) / 1000
  switch (cause) {
    case "upstream-reset":
      return "reset"
    case "upstream-closed":
      return "closed"
    case "upstream-alert":
      return "alert"
    default:
      return silence === "none" ? "one-way" : "silent"
  }
}
