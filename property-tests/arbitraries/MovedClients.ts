/** Moves of clients: they come by the newest routes or by old ones, are silent, speak and leave; some events are of unknown sessions. */
import type { Endpoint } from "../../src/core/model/Candidate.ts"
import type { ClientAccepted, ClientClosed } from "../../src/core/model/Event.ts"
import type { Routes } from "../../src/core/model/Routes.ts"
import { choose } from "../../src/sim/choose.ts"
import type { Session } from "../../src/sim/Sessions.ts"
import type { SimShell } from "../../src/sim/SimShell.ts"
import { attemptsOf } from "./attemptsOf.ts"
import type { Move } from "./moves.ts"
import { one, within } from "./moves.ts"

export class MovedClients {
  readonly #shell: SimShell
  readonly #routes: Array<Routes> = []
  #minted = 0
  #turn = 0

  constructor(shell: SimShell) {
    this.#shell = shell
  }

  published(routes: Routes): void {
    this.#routes.push(routes)
  }

  make(move: Move): void {
    const { routes } = this.#shell.state
    switch (move.kind) {
      case "accept":
        return this.#accept(routes, move)
      case "acceptByOldRoutes":
        return this.#accept(one(this.#routes, move) ?? routes, move)
      case "close":
        return this.#close(one(this.#shell.sessions.all, move), move)
      case "closeUnknown":
        return this.#close({ ...unknown(move), spoke: move.heard }, move)
      case "pending": {
        const plans = routes.upstreams.flatMap(({ lastResort }) => lastResort.attempts)
        return this.#pending(one(plans, move)?.candidate, move)
      }
      case "pendingUnknown":
        return this.#pending(move.pick, move)
      case "silent":
        return this.#silent(this.#told("none", move), move)
      case "silentUnknown":
        return this.#silent(unknown(move), move)
      case "spoke": {
        const session = this.#told("silent", move) ?? this.#told("stalled", move)
        return session === undefined ? undefined : this.#shell.post({ _tag: "SessionSpoke", ...of(session) })
      }
      case "stalled": {
        const session = this.#told("silent", move)
        if (session === undefined) return
        return this.#shell.post({ _tag: "SessionStalled", ...of(session), client: session.client })
      }
    }
  }

  /** A client that takes the oldest warm socket, or follows the plan as far as the move's outcomes go. */
  #accept(routes: Routes, move: Move): void {
    const upstream = routes.upstreams[move.pick % Math.max(1, routes.upstreams.length)]
    if (upstream === undefined) return
    let drawn = 0
    const chance = { draw: () => move.draws[drawn++ % move.draws.length]!, turn: () => this.#turn++ }
    const { told, taken, plan } = choose(this.#shell, routes, upstream, chance, move.client)
    const thereWasUs = this.#shell.clock.nowUs
    const tried = taken === undefined
      ? attemptsOf(plan.attempts, move, (nth) => Math.floor(within(thereWasUs, move) / (nth + 1)))
      : []
    const dialled = tried.find(({ outcome }) => outcome === "connected")?.candidate
    const candidate: ClientAccepted["candidate"] = taken?.candidate ?? dialled ?? "none"
    const session = { worker: move.pick % 7 === 0 ? 1 : 0, session: ++this.#minted, candidate, client: move.client }
    this.#shell.post({ _tag: "ClientAccepted", ...session, ...told, tried })
  }

  #close(session: Session | undefined, { tookUs, cause, heard, pick }: Move): void {
    if (session === undefined) return
    const { fromUs, silence, spoke, ...of } = session
    const durationUs = this.#shell.clock.nowUs - fromUs
    const firstByteUs = spoke || (heard && silence === "none") ? Math.min(tookUs, durationUs) : -1
    const answerUs = firstByteUs >= 0 && pick % 3 > 0 ? Math.floor(firstByteUs / 2) : -1
    const bytes = { bytesUp: pick % 5 > 0 ? 10 : 0, bytesDown: firstByteUs < 0 ? 0 : 20 }
    this.#shell.post({ _tag: "ClientClosed", ...of, ...bytes, firstByteUs, answerUs, durationUs, silence, cause })
  }

  /** A session that waits for its first byte, with this last report. */
  #told(silence: ClientClosed["silence"], move: Move): Session | undefined {
    return one(this.#shell.sessions.all.filter((one) => one.silence === silence && !one.spoke), move)
  }

  #silent(session: Session | undefined, move: Move): void {
    if (session === undefined) return
    const waitedUs = within(this.#shell.clock.nowUs - session.fromUs, move)
    this.#shell.post({ _tag: "SessionSilent", ...of(session), waitedUs })
  }

  #pending(candidate: Endpoint | undefined, move: Move): void {
    if (candidate === undefined || candidate === "system") return
    const pendingUs = within(this.#shell.clock.nowUs, move)
    this.#shell.post({ _tag: "DialPending", worker: 0, candidate, pendingUs })
  }
}

const of = ({ session, candidate }: Session) => ({ worker: 0, session, candidate })

/** A session that the core never heard of, perhaps with a candidate that there is. */
function unknown({ pick, client }: Move): Session {
  const id = { session: -1 - pick, candidate: (1 << 20) + (pick % 12), worker: pick % 2, client }
  return { ...id, fromUs: 0, silence: "none", spoke: false }
}
