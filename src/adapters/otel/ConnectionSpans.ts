/**
 * The trace of one client, written when the client has left: `fairlead.connection` with its query for a name, its dials and its
 * relay. The client's arrival decides whether it is traced; nothing is kept for the others. No span carries an address.
 */
import type { Attributes, Context } from "@opentelemetry/api"
import * as Candidates from "../../core/candidates.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { AttemptOutcome, ClientAccepted, ClientClosed, CloseCause } from "../../core/model/Event.ts"
import type { DialPlan, Routes } from "../../core/model/Routes.ts"
import type { State } from "../../core/model/State.ts"
import * as Upstreams from "../../core/upstreams.ts"
import type { Timed } from "./dialTimes.ts"
import { dialTimes } from "./dialTimes.ts"
import { RecentRoutes } from "./RecentRoutes.ts"
import { isQuestion, resolution } from "./resolution.ts"
import { sourceOf } from "./served.ts"
import type { SpanWriter } from "./SpanWriter.ts"

/** A sampled session under way. */
interface OpenConnection {
  readonly acceptedUs: number
  readonly dials: ReadonlyArray<Timed>
  /** Labels of the candidates that were dialled, as they were then; undefined: the address is no candidate. */
  readonly labels: ReadonlyArray<string | undefined>
  readonly attributes: Attributes
}

/** Sampled sessions under way at most: as many as four listeners serve by default. */
const MOST_KEPT = 40_000

const POLITE: ReadonlySet<CloseCause> = new Set(["done", "idle", "stopped"])

export class ConnectionSpans {
  /** The observer that sees the entries keeps this up to date. */
  readonly routes = new RecentRoutes()
  readonly #writer: SpanWriter
  readonly #isSampled: (session: number) => boolean
  readonly #drop: () => void
  readonly #connections = new Map<number, OpenConnection>()

  constructor(writer: SpanWriter, isSampled: (session: number) => boolean, drop: () => void) {
    this.#writer = writer
    this.#isSampled = isSampled
    this.#drop = drop
  }

  get size(): number {
    return this.#connections.size
  }

  accepted(at: number, event: ClientAccepted, state: State): void {
    if (!this.#isSampled(event.session)) return
    const connection = connectionOf(at, event, state, this.routes.of(event.routes))
    if (event.candidate === "none") return this.#failed(connection, state)
    if (this.#connections.size >= MOST_KEPT) return this.#drop()
    this.#connections.set(event.session, connection)
  }

  closed(at: number, event: ClientClosed, state: State): void {
    const connection = this.#connections.get(event.session)
    if (connection === undefined) return
    this.#connections.delete(event.session)
    const { cause, bytesUp, bytesDown, firstByteUs, durationUs } = event
    const error = POLITE.has(cause) ? undefined : cause
    const startUs = at - durationUs
    const bytes = { "fairlead.bytes.up": bytesUp, "fairlead.bytes.down": bytesDown }
    const attributes: Attributes = { ...connection.attributes, ...bytes, "fairlead.outcome": cause }
    if (firstByteUs >= 0) attributes["fairlead.first_byte_ms"] = firstByteUs / 1000
    const parent = this.#parent(state, connection, startUs, at, attributes, error)
    const relay = { ...bytes, "fairlead.outcome": cause }
    this.#writer.write(
      state,
      { name: "fairlead.relay", startUs: Math.max(startUs, connection.acceptedUs), endUs: at, attributes: relay, error },
      parent
    )
  }

  /** The worker with these sessions is gone and reports nothing more. */
  forget(): void {
    this.#connections.clear()
  }

  /** No address served the client, so its trace ends when that is known. */
  #failed(connection: OpenConnection, state: State): void {
    const startUs = connection.acceptedUs - connection.dials.reduce((longest, { endUs }) => Math.max(longest, endUs), 0)
    const attributes = { ...connection.attributes, "fairlead.outcome": "failed" }
    this.#parent(state, connection, startUs, connection.acceptedUs, attributes, "no address could be reached")
  }

  #parent(
    state: State,
    { acceptedUs, dials, labels }: OpenConnection,
    startUs: number,
    endUs: number,
    attributes: Attributes,
    error: string | undefined
  ): Context {
    const written = { name: "fairlead.connection", startUs, endUs, attributes, kind: "server", error } as const
    const parent = this.#writer.write(state, written)
    // The event comes a moment after the socket, so a dial is cut to end before the relay begins.
    const within = (one: { readonly startUs: number; readonly endUs: number }) => ({
      startUs: Math.min(startUs + one.startUs, acceptedUs),
      endUs: Math.min(startUs + one.endUs, acceptedUs)
    })
    const found = resolution(dials, acceptedUs - startUs)
    if (found.resolved !== undefined) {
      const attributes = { "fairlead.outcome": "resolved" }
      this.#writer.write(state, { name: "fairlead.resolve", ...within(found.resolved), attributes, kind: "client" }, parent)
    }
    found.dials.forEach(({ attempt, ...dial }, i) => {
      const { outcome } = attempt
      const label = labels[i]
      this.#writer.write(state, {
        name: isQuestion(attempt) ? "fairlead.resolve" : "fairlead.dial",
        kind: "client",
        ...within(dial),
        attributes: { "fairlead.outcome": outcome, ...(label === undefined ? {} : { "fairlead.candidate": label }) },
        error: isFine(outcome) ? undefined : outcome
      }, parent)
    })
    return parent
  }
}

function isFine(outcome: AttemptOutcome): boolean {
  return outcome === "connected" || outcome === "cancelled"
}

function connectionOf(at: number, event: ClientAccepted, state: State, from: Routes | undefined): OpenConnection {
  const { upstream, listener, candidate, chosen, warm, routes, tried, why } = event
  const config = state.config.upstreams[upstream]
  // A denied address was not dialled.
  const attempts = tried.filter(({ outcome }) => outcome !== "denied")
  const dials = dialTimes(attempts, planOf(from, event), config?.dial.raceDelayMs ?? 0)
  const label = (id: CandidateId) => Candidates.labelOf(state, id)
  const labelOf = ({ attempt }: Timed) => attempt.candidate === "system" ? undefined : label(attempt.candidate)
  const attributes: Attributes = {
    "fairlead.session": event.session,
    "fairlead.listener": listener,
    "fairlead.upstream": Upstreams.labelOf(state, upstream) || "unknown",
    "fairlead.warm": warm > 0,
    "fairlead.choice": chosen === "none" ? "last-resort" : why,
    "fairlead.routes.version": routes
  }
  const source = sourceOf(state, candidate)
  if (typeof candidate === "number") attributes["fairlead.candidate"] = label(candidate)
  if (source !== undefined) attributes["fairlead.source"] = source
  return { acceptedUs: at, dials, labels: dials.map(labelOf), attributes }
}

/** The plan that the client was dialled by. */
function planOf(routes: Routes | undefined, event: ClientAccepted): DialPlan | undefined {
  const upstream = routes?.upstreams[event.upstream]
  if (event.chosen === "none") return upstream?.lastResort
  return upstream?.members.find(({ candidate }) => candidate === event.chosen)?.plan
}
