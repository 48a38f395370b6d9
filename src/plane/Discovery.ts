/**
 * Domains: clients that wait until somebody is known who serves them, and which upstream has a host and port.
 *
 * Whoever wants the same domain at the same time shares one wait: the core is told once that somebody came (`DomainRequested`), and
 * all go on when routes are published in which its upstream does not ask any more, or when `singleFlightTimeout` is over; then the
 * routes' last resort serves. Who comes while others wait leaves with them.
 */
import { domainOf } from "../core/domain.ts"
import { isHost } from "../core/hostName.ts"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { DomainRequested } from "../core/model/Event.ts"
import type { Routes } from "../core/model/Routes.ts"
import type { ControlPort } from "./ports/ControlPort.ts"
import type { Cancel, Transport } from "./ports/Transport.ts"

type Ready = (upstream: UpstreamId | undefined) => void

interface Wait {
  readonly ready: Set<{ readonly ready: Ready }>
  readonly stopTimer: Cancel
  /** Who has the place now; undefined: nobody yet. */
  readonly slot: () => UpstreamId | undefined
}

export class Discovery {
  readonly #control: ControlPort["Service"]
  readonly #transport: Transport["Service"]
  /** By domain; of two upstreams with the same one the first has it. */
  readonly #slots = new Map<string, UpstreamId>()
  #known: ReadonlyArray<string> = []
  readonly #waits = new Map<string | UpstreamId, Wait>()

  constructor(control: ControlPort["Service"], transport: Transport["Service"]) {
    this.#control = control
    this.#transport = transport
    this.#published(control.routesUnsafe())
    control.watchRoutesUnsafe((routes) => this.#published(routes))
  }

  /** How many domains and upstreams somebody waits for. */
  get waiting(): number {
    return this.#waits.size
  }

  /**
   * Calls back once with the upstream that serves a host and port: at once when it is known, else when that is settled. undefined:
   * there is none, or it was not known in time. The cancel takes that back.
   */
  find(host: string, port: number, ready: Ready): Cancel {
    const domain = domainOf(host, port)
    const known = this.#slots.get(domain)
    if (known !== undefined) return this.settled(known, ready)
    if (!isHost(host) || !this.#control.discoveryUnsafe().enabled) {
      ready(undefined)
      return () => {}
    }
    const bare = domain.slice(0, domain.lastIndexOf(":")).replace(/^\[|\]$/g, "")
    return this.#wait(domain, () => this.#slots.get(domain), { upstream: -1, host: bare, port }, ready)
  }

  /** The same for an upstream that is known: at once, unless its routes say that clients should ask. */
  settled(upstream: UpstreamId, ready: Ready): Cancel {
    const routes = () => this.#control.routesUnsafe().upstreams[upstream]
    const asked = routes()
    if (asked?.needsDiscovery !== true) {
      ready(upstream)
      return () => {}
    }
    // Its place may be another one's by then.
    const isSame = () => routes()?.domain === asked.domain && routes()?.name === asked.name
    return this.#wait(upstream, () => isSame() ? upstream : undefined, { upstream, host: "", port: 0 }, ready)
  }

  /** Lets everybody go who still waits. */
  stop(): void {
    for (const key of this.#waits.keys()) this.#end(key)
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

  /** undefined: the core cannot be told now. */
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

  #published({ upstreams }: Routes): void {
    if (upstreams.length !== this.#known.length || upstreams.some(({ domain }, i) => domain !== this.#known[i])) {
      this.#known = upstreams.map(({ domain }) => domain)
      this.#slots.clear()
      this.#known.forEach((domain, id) => {
        if (domain !== "" && !this.#slots.has(domain)) this.#slots.set(domain, id)
      })
    }
    for (const [key, { slot }] of this.#waits) {
      const id = slot()
      const isOver = id === undefined ? typeof key === "number" : upstreams[id]?.needsDiscovery !== true
      if (isOver) this.#end(key)
    }
  }

  /** Who waits goes on after the engine's turn. */
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
