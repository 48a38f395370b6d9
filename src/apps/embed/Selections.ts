/**
 * Selections: choices without a connection. The program dials by itself and reports what it saw. The report counts like a
 * client of ours that was accepted, dialled once, and closed. So the record contains it, and replay judges it.
 */
import * as Candidates from "../../core/candidates.ts"
import type { CandidateId, Endpoint, UpstreamId } from "../../core/model/Candidate.ts"
import type { Attempt, ChoiceReason, Event } from "../../core/model/Event.ts"
import type { DialAttempt } from "../../core/model/Routes.ts"
import { reasonOf } from "../../core/pick.ts"
import type { Acceptor } from "../../plane/Acceptor.ts"
import { INSIDE } from "../../plane/Inside.ts"
import type { Engine } from "../../shell/Engine.ts"
import type { Outcome, Selection } from "./Selection.ts"

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
