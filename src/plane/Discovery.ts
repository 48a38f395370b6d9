/**
 * Discovery: clients wait here until the upstream of their target has a candidate that serves.
 *
 * Clients with the same target share one wait. The control plane gets one report that a client came (`DomainRequested`). All
 * clients go on when published routes say that the upstream needs no discovery any more, or when `singleFlightTimeout` is
 * over. Then the last resort of the routes serves. A client that comes while others wait leaves with them.
 *
 * The waits are callbacks, because they are on the client's own path: a fiber on a `Deferred` costs forty times as much for each
 * client (bench/fibers.ts). The control plane's work for the discovery, its query and its race, is fibers.
 */
import { domainOf } from "../core/domain.ts"
import { isHost } from "../core/hostName.ts"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { DomainRequested } from "../core/model/Event.ts"
import type { Routes } from "../core/model/Routes.ts"
import type { ControlPort } from "./ports/ControlPort.ts"
import type { Cancel, Transport } from "./ports/Transport.ts"
import type { HostTarget, Target } from "./Target.ts"
import type { Targets } from "./Targets.ts"

type Ready = (upstream: UpstreamId | undefined) => void

interface Wait {
  readonly ready: Set<{ readonly ready: Ready }>
  readonly stopTimer: Cancel
  /** The slot that serves the target now; undefined: none does yet. */
  readonly slot: () => UpstreamId | undefined
}

export class Discovery {
  readonly #control: ControlPort["Service"]
  readonly #transport: Transport["Service"]
  readonly #targets: Targets
  /** By slot where the routes have one, else by domain. */
  readonly #waits = new Map<string | UpstreamId, Wait>()

  constructor(control: ControlPort["Service"], transport: Transport["Service"], targets: Targets) {
    this.#control = control
    this.#transport = transport
    this.#targets = targets
    control.watchRoutesUnsafe((routes) => this.#published(routes))
  }

  /** How many domains and upstreams clients wait for. */
  get waiting(): number {
    return this.#waits.size
  }

  /**
   * Calls back once with the slot that serves a target: at once where its routes need no discovery, else when that is settled.
   * undefined: there is none, or it was not known in time. The cancel ends the wait.
   */
  find(target: Target, ready: Ready): Cancel {
    const slot = this.#targets.slotOf(target)
    if (slot !== undefined) return this.#settled(slot, ready)
    if (target._tag === "Host" && isHost(target.host) && this.#control.discoveryUnsafe().enabled) {
      return this.#found(target, ready)
    }
    ready(undefined)
    return () => {}
  }

  /** Ends all waits. */
  stop(): void {
    for (const key of this.#waits.keys()) this.#end(key)
  }

  #found(target: HostTarget, ready: Ready): Cancel {
    const domain = domainOf(target.host, target.port)
    const host = domain.slice(0, domain.lastIndexOf(":")).replace(/^\[|\]$/g, "")
    return this.#wait(domain, () => this.#targets.slotOf(target), { upstream: "none", host, port: target.port }, ready)
  }

  #settled(upstream: UpstreamId, ready: Ready): Cancel {
    const routes = () => this.#control.routesUnsafe().upstreams[upstream]
    const asked = routes()
    if (asked?.needsDiscovery !== true) {
      ready(upstream)
      return () => {}
    }
    // Another upstream may have the slot by then.
    const isSame = () => routes()?.domain === asked.domain && routes()?.name === asked.name
    return this.#wait(upstream, () => isSame() ? upstream : undefined, { upstream, host: "", port: 0 }, ready)
  }

  #wait(key: string | UpstreamId, slot: Wait["slot"], asked: Asked, ready: Ready): Cancel {
    const wait = this.#waits.get(key) ?? this.#begin(key, slot, asked)
    if (wait === undefined) {
      ready(slot())
      return () => {}
    }
    const one = { ready }
    wait.ready.add(one)
    return () => {
      if (!wait.ready.delete(one) || wait.ready.size > 0 || this.#waits.get(key) !== wait) return
      wait.stopTimer()
      this.#waits.delete(key)
    }
  }

  /** undefined: the control plane has no permits now. */
  #begin(key: string | UpstreamId, slot: Wait["slot"], asked: Asked): Wait | undefined {
    const control = this.#control
    if (!control.reserveUnsafe(1)) return undefined
    const { singleFlightTimeoutMs } = control.discoveryUnsafe()
    const stopTimer = this.#transport.timerUnsafe(singleFlightTimeoutMs, () => this.#end(key))
    const wait: Wait = { ready: new Set(), stopTimer, slot }
    this.#waits.set(key, wait)
    control.postUnsafe({ _tag: "DomainRequested", worker: 0, ...asked })
    return wait
  }

  #published(routes: Routes): void {
    this.#targets.update(routes)
    for (const [key, { slot }] of this.#waits) {
      const id = slot()
      const isOver = id === undefined ? typeof key === "number" : routes.upstreams[id]?.needsDiscovery !== true
      if (isOver) this.#end(key)
    }
  }

  /** Waiting clients go on after the control plane's turn. */
  #end(key: string | UpstreamId): void {
    const wait = this.#waits.get(key)
    if (wait === undefined) return
    this.#waits.delete(key)
    wait.stopTimer()
    this.#transport.soonUnsafe(() => {
      const id = wait.slot()
      for (const one of wait.ready) if (wait.ready.delete(one)) one.ready(id)
    })
  }
}

type Asked = Pick<DomainRequested, "upstream" | "host" | "port">
