/**
 * Targets: the slot in the routes that serves a target. Each client looks it up once, so it costs one look into a map; the maps follow
 * the routes in the control plane's turn.
 */
import { domainOf, ON_DEMAND } from "../core/domain.ts"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { Routes, UpstreamRoutes } from "../core/model/Routes.ts"
import type { Target } from "./Target.ts"

export class Targets {
  /** Of two upstreams with the same name or domain the first one is found. */
  readonly #byName = new Map<string, UpstreamId>()
  readonly #byDomain = new Map<string, UpstreamId>()
  #known: ReadonlyArray<UpstreamRoutes> = []

  constructor(routes: Routes) {
    this.update(routes)
  }

  /** undefined: the routes have no such upstream. */
  slotOf(target: Target): UpstreamId | undefined {
    return target._tag === "Upstream"
      ? this.#byName.get(target.name)
      : this.#byDomain.get(domainOf(target.host, target.port))
  }

  update({ upstreams }: Routes): void {
    const known = this.#known
    this.#known = upstreams
    if (
      upstreams.length === known.length
      && upstreams.every(({ name, domain }, i) => name === known[i]?.name && domain === known[i]?.domain)
    ) return
    this.#byName.clear()
    this.#byDomain.clear()
    upstreams.forEach(({ name, domain }, slot) => {
      // A free slot has no name, and all hosts that are found on first use have the same one.
      if (name !== "" && name !== ON_DEMAND && !this.#byName.has(name)) this.#byName.set(name, slot)
      if (domain !== "" && !this.#byDomain.has(domain)) this.#byDomain.set(domain, slot)
    })
  }
}
