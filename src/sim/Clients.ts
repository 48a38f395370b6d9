/** Clients in virtual time: each chooses as the data plane does, dials by its plan, and stays for a while. */
import * as Candidates from "../core/candidates.ts"
import type { UpstreamRoutes } from "../core/model/Routes.ts"
import type { Chance } from "../core/pick.ts"
import { choose } from "./choose.ts"
import { runPlan } from "./dialPlan.ts"
import type { Network } from "./Network.ts"
import type { SessionOf } from "./session.ts"
import { sessionEvents } from "./session.ts"
import type { SimShell } from "./SimShell.ts"

export class Clients {
  /** Sessions that ended without a connection. */
  readonly unserved: Array<number> = []
  readonly #shell: SimShell
  readonly #network: Network
  readonly #chance: Chance
  #sessions = 0

  constructor(shell: SimShell, network: Network, chance: Chance) {
    this.#shell = shell
    this.#network = network
    this.#chance = chance
  }

  /** One client of the upstream in this slot; without a number it has an address of its own. */
  arrive(holdMs: number, upstream: number, client?: number): void {
    const { routes } = this.#shell.state
    const wanted = routes.upstreams[upstream]
    if (wanted === undefined) return
    const session = ++this.#sessions
    const number = client ?? session
    const { told, taken, plan } = choose(this.#shell, routes, wanted, this.#chance, number)
    const { candidate, tried, tookMs, pending } = taken === undefined
      ? runPlan(plan, this.#network)
      : { candidate: taken.candidate, tried: [], tookMs: 0, pending: [] }
    for (const { candidate, afterMs, pendingMs } of pending) {
      const pendingUs = Math.round(pendingMs * 1000)
      this.#shell.later(afterMs, () => ({ _tag: "DialPending", worker: 0, candidate, pendingUs }))
    }
    const of = { worker: 0, session, client: number }
    this.#shell.later(tookMs, () => ({ _tag: "ClientAccepted", ...of, candidate, ...told, tried }))
    if (candidate === "none") this.unserved.push(session)
    else this.#session({ ...of, candidate }, tookMs, holdMs, wanted)
  }

  #session(of: SessionOf, tookMs: number, holdMs: number, { silentAfterMs, session }: UpstreamRoutes): void {
    const host = Candidates.find(this.#shell.state, of.candidate)?.host ?? ""
    const timing = { tookMs, holdMs, silentAfterMs, stallMs: session.stallMs }
    const reply = this.#network.replyOf(host, this.#shell.clock.nowMs + tookMs)
    for (const { afterMs, event } of sessionEvents(of, reply, timing)) this.#shell.later(afterMs, () => event)
  }
}
