/**
 * Selections: choices without a connection. The program dials by itself and reports what it saw. The report counts like a
 * client of ours that was accepted, dialled once, and closed. So the record contains it, and replay judges it.
 */
import * as Candidates from "../../core/candidates.ts"
import type { CandidateId, Endpoint, UpstreamId } from "../../core/model/Candidate.ts"
import type { Address } from "../../core/model/Config.ts"
import type { Attempt, ChoiceReason, Event } from "../../core/model/Event.ts"
import type { DialAttempt, UpstreamState } from "../../core/model/Routes.ts"
import { reasonOf } from "../../core/pick.ts"
import type { Acceptor } from "../../plane/Acceptor.ts"
import { INSIDE } from "../../plane/Inside.ts"
import type { Engine } from "../../shell/Engine.ts"

export interface Selection {
  /** The name of the upstream. */
  readonly upstream: string
  /** The label of the candidate, such as `web#2`; null: the address is no candidate. */
  readonly candidate: string | null
  /**
   * The address to dial, in full. It is a host name where the system's resolver is the last resort. null: no address is known,
   * or none has proven its identity where candidates have to. `connect` asks for that proof as it dials.
   */
  readonly address: Address | null
  /** Why this candidate. `unranked`: the last resort chose. */
  readonly why: ChoiceReason
  /** The rung of the ladder that serves the upstream. `active`: its set. */
  readonly state: UpstreamState
  /** Warm sockets of the candidate. `connect` would take one. */
  readonly warm: number
}

/** After the connection was made. Times are in ms. Counts of bytes are 0 by default. */
interface Connected {
  readonly connectMs: number
  readonly bytesUp?: number
  readonly bytesDown?: number
}

/**
 * What the program saw. A word alone: the connection failed. An object: the connection was made after `connectMs`, the program
 * sent something, and then
 * - `ok`: the first byte came `firstByteMs` after the first byte was sent;
 * - `reset`, `closed`, `stalled`: no byte came, and the connection was reset, ended in order, or was silent for too long.
 */
export type Outcome =
  | "refused"
  | "reset"
  | "timeout"
  | "unreachable"
  | (Connected & { readonly saw: "ok"; readonly firstByteMs: number })
  | (Connected & { readonly saw: "reset" | "closed" | "stalled" })

/** What the program saw of a connection of `connect`: it was of no use. */
export type SocketOutcome = "failed"

interface Picked {
  readonly routes: number
  readonly upstream: UpstreamId
  readonly chosen: CandidateId | "none"
  readonly why: ChoiceReason
  readonly attempt: DialAttempt | undefined
  readonly pickedUs: number
}

export class Selections {
  readonly #engine: Engine["Service"]
  readonly #inside: Acceptor["Service"]["inside"]
  readonly #warmPool: Acceptor["Service"]["warmPool"]
  readonly #picked = new WeakMap<Selection, Picked>()

  constructor(engine: Engine["Service"], { inside, warmPool }: Acceptor["Service"]) {
    this.#engine = engine
    this.#inside = inside
    this.#warmPool = warmPool
  }

  /** undefined: the core does not know the upstream yet. */
  pick(id: UpstreamId): Selection | undefined {
    const engine = this.#engine
    const routes = engine.routesUnsafe()
    const upstream = routes.upstreams[id]
    if (upstream === undefined) return undefined
    const chosen = this.#inside.chooseUnsafe(upstream)
    const attempt = (chosen?.plan ?? upstream.lastResort).attempts.find(({ verify }) => verify === undefined)
    const why = reasonOf(upstream, chosen?.candidate ?? "none")
    const candidate = attempt === undefined || attempt.candidate === "system" ? undefined : attempt.candidate
    const selection: Selection = {
      upstream: engine.stateUnsafe().config.upstreams[id]?.name ?? upstream.name,
      candidate: candidate === undefined ? null : Candidates.labelOf(engine.stateUnsafe(), candidate),
      address: attempt === undefined ? null : { host: attempt.host, port: attempt.port },
      why,
      state: upstream.state,
      warm: candidate === undefined ? 0 : this.#warmPool.countOf(candidate)
    }
    const pickedUs = engine.nowUs()
    this.#picked.set(selection, {
      routes: routes.version,
      upstream: id,
      chosen: chosen?.candidate ?? "none",
      why,
      attempt,
      pickedUs
    })
    return selection
  }

  /**
   * false: the report does not count. It came a second time, no candidate was chosen, a figure is no valid number, or the
   * engine has no room.
   */
  report(selection: Selection, outcome: Outcome): boolean {
    const picked = this.#picked.get(selection)
    if (picked?.attempt === undefined) return false
    const events = this.#eventsOf(picked, picked.attempt, outcome)
    if (events === undefined || !this.#engine.reserveUnsafe(events.length)) return false
    this.#picked.delete(selection)
    for (const event of events) this.#engine.postUnsafe(event)
    return true
  }

  #eventsOf(picked: Picked, attempt: DialAttempt, outcome: Outcome): ReadonlyArray<Event> | undefined {
    const sincePickUs = Math.max(0, this.#engine.nowUs() - picked.pickedUs)
    const { session, client } = this.#inside.sessionUnsafe()
    const accepted = (candidate: Endpoint | "none", how: Attempt["outcome"], tookUs: number): Event => ({
      _tag: "ClientAccepted",
      worker: 0,
      session,
      listener: INSIDE,
      upstream: picked.upstream,
      routes: picked.routes,
      chosen: picked.chosen,
      why: picked.why,
      candidate,
      warm: 0,
      client,
      tried: [
        attempt.candidate === "system"
          ? { candidate: "system", host: attempt.host, outcome: how, tookUs }
          : { candidate: attempt.candidate, outcome: how, tookUs }
      ]
    })
    if (typeof outcome === "string") return [accepted("none", outcome, sincePickUs)]
    const connectUs = toUs(outcome.connectMs)
    const answerUs = outcome.saw === "ok" ? toUs(outcome.firstByteMs) : -1
    if (connectUs === undefined || answerUs === undefined) return undefined
    const { candidate } = attempt
    const common = { worker: 0, session, candidate }
    const stalled = outcome.saw === "stalled"
    const waitedUs = Math.max(0, sincePickUs - connectUs)
    const firstByteUs = answerUs < 0 ? -1 : connectUs + answerUs
    return [
      accepted(candidate, "connected", connectUs),
      ...(stalled
        ? [{ _tag: "SessionSilent", ...common, waitedUs }, { _tag: "SessionStalled", ...common, client }] as const
        : []),
      {
        _tag: "ClientClosed",
        ...common,
        client,
        // An end counts against the candidate only where the program sent something: at least one byte.
        bytesUp: count(outcome.bytesUp, outcome.saw === "ok" ? 0 : 1),
        bytesDown: count(outcome.bytesDown, 0),
        firstByteUs,
        answerUs,
        durationUs: Math.max(sincePickUs, connectUs, firstByteUs),
        silence: stalled ? "stalled" : "none",
        cause: outcome.saw === "reset" ? "upstream-reset" : outcome.saw === "closed" ? "upstream-closed" : "done"
      }
    ]
  }
}

function toUs(ms: number): number | undefined {
  return Number.isFinite(ms) && ms >= 0 ? Math.round(ms * 1000) : undefined
}

function count(bytes: number | undefined, least: number): number {
  return bytes !== undefined && Number.isFinite(bytes) && bytes > least ? Math.floor(bytes) : least
}
