/** The clients of a record, at their moments, with the choices of another run. */
import * as Candidates from "../../core/candidates.ts"
import { parsedDomain } from "./parsedDomain.ts"
import type { UpstreamId } from "../../core/model/Candidate.ts"
import type { Chance } from "../../core/pick.ts"
import { choose } from "../choose.ts"
import { runPlan } from "../dialPlan.ts"
import { sessionEvents } from "../session.ts"
import type { SimShell } from "../SimShell.ts"
import type { Came, Course } from "./Course.ts"
import type { RecordedNetwork } from "./RecordedNetwork.ts"
import type { TimeLine } from "./TimeLine.ts"

/** A client that waits for a discovery looks again after so many ms. */
const LOOK_AGAIN_MS = 5

export interface Place {
  readonly shell: SimShell
  readonly network: RecordedNetwork
  readonly course: Course
  readonly line: TimeLine
  readonly chance: Chance
}

export class Visitors {
  readonly #place: Place

  constructor(place: Place) {
    this.#place = place
  }

  arrive(came: Came): void {
    const { shell } = this.#place
    this.#look(came, shell.clock.nowUs + shell.state.config.onDemand.singleFlightTimeoutMs * 1000, true)
  }

  /** Serves the client once its upstream has a candidate to try, or it has waited for long enough. */
  #look(came: Came, untilUs: number, isFirst: boolean): void {
    const { shell, line } = this.#place
    const slot = this.#slotOf(came.upstream)
    const routes = slot === undefined ? undefined : shell.state.routes.upstreams[slot]
    if (routes !== undefined && (!routes.needsDiscovery || shell.clock.nowUs >= untilUs)) return this.#serve(came, routes.id)
    const domain = parsedDomain(came.upstream)
    if ((routes === undefined && domain === undefined) || shell.clock.nowUs >= untilUs) {
      return line.client({ atUs: came.atUs, upstream: came.upstream, address: -1, served: false })
    }
    if (isFirst) {
      const asked = slot === undefined && domain !== undefined
        ? { upstream: "none" as const, ...domain }
        : { upstream: slot as UpstreamId, host: "", port: 0 }
      shell.post({ _tag: "DomainRequested", worker: came.worker, ...asked })
    }
    shell.later(LOOK_AGAIN_MS, () => {
      this.#look(came, untilUs, false)
      return undefined
    })
  }

  #serve(came: Came, slot: UpstreamId): void {
    const { shell, network, course, line, chance } = this.#place
    const { routes } = shell.state
    const wanted = routes.upstreams[slot]!
    const { told, taken, plan } = choose(shell, routes, wanted, chance, came.client === 0 ? came.session : came.client)
    const { candidate, tried, tookMs, pending } = taken === undefined
      ? runPlan(plan, network)
      : { candidate: taken.candidate, tried: [], tookMs: 0, pending: [] }
    const first = told.chosen === "none" ? plan.attempts[0]?.candidate ?? "none" : told.chosen
    const address = course.addressOf(shell.state, first)
    line.client({ atUs: came.atUs, upstream: came.upstream, address, served: candidate !== "none" })
    for (const { candidate, afterMs, pendingMs } of pending) {
      const pendingUs = Math.round(pendingMs * 1000)
      shell.later(afterMs, () => ({ _tag: "DialPending", worker: came.worker, candidate, pendingUs }))
    }
    const { worker, session, client } = came
    shell.later(tookMs, () => ({ _tag: "ClientAccepted", worker, session, client, candidate, ...told, tried }))
    if (candidate === "none") return
    const served = Candidates.find(shell.state, candidate)
    const { reply, holdMs } = network.sessionOf(came, served?.host ?? "", served?.port ?? 0)
    const { silentAfterMs, session: { stallMs } } = wanted
    const timing = { tookMs, holdMs, silentAfterMs, stallMs }
    for (const { afterMs, event } of sessionEvents({ worker, session, client, candidate }, reply, timing)) {
      shell.later(afterMs, () => event)
    }
  }

  #slotOf(name: string): UpstreamId | undefined {
    const slot = this.#place.shell.state.config.upstreams.findIndex((one) => one.name === name && !one.removed)
    return slot < 0 ? undefined : slot
  }
}
