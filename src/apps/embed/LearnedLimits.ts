/** How long each upstream lets HTTP connections be idle, as the core has learned it. */
import * as Candidates from "../../core/candidates.ts"
import type { UpstreamConfig } from "../../core/model/Config.ts"
import type { UpstreamRoutes } from "../../core/model/Routes.ts"
import { rulesOf } from "../../core/tlsChain.ts"
import * as Upstreams from "../../core/upstreams.ts"
import { Targets } from "../../plane/Targets.ts"
import type { Engine } from "../../shell/Engine.ts"
import { UnknownUpstreamError } from "./errors.ts"
import type { KeptConnections, SawIdle } from "./KeptConnections.ts"
import { configOf, targetOf } from "./target.ts"

/** What a server announces may be any number. */
const MOST_IDLE_MS = 86_400_000

export class LearnedLimits implements KeptConnections {
  readonly #engine: Engine["Service"]
  readonly #targets: Targets
  readonly #rules = new WeakMap<UpstreamConfig, string>()
  #routes

  constructor(engine: Engine["Service"]) {
    this.#engine = engine
    this.#routes = engine.routesUnsafe()
    this.#targets = new Targets(this.#routes)
  }

  readonly limitMs = (host: string, port?: number): number | undefined => this.#find(host, port)?.reuseWithinMs

  readonly isServing = (host: string, port: number | undefined, candidate: string | null): boolean => {
    const members = this.#find(host, port)?.members ?? []
    if (members.length === 0 || candidate === null) return members.length === 0
    const state = this.#engine.stateUnsafe()
    return members.some((member) => Candidates.labelOf(state, member.candidate) === candidate)
  }

  readonly isShut = (host: string, port: number | undefined, candidate: string | null): boolean => {
    const routes = candidate === null ? undefined : this.#find(host, port)
    const state = this.#engine.stateUnsafe()
    const upstream = Upstreams.find(state, routes?.id)
    // Each request asks, and a list may be long.
    if (upstream === undefined || upstream.shut === 0 || this.isServing(host, port, candidate)) return false
    const id = upstream.listed.find((one) => Candidates.labelOf(state, one) === candidate)
    const breaker = Candidates.find(state, id)?.breaker.state
    return breaker !== undefined && breaker !== "closed"
  }

  readonly rules = (host: string, port?: number): string => {
    const config = configOf(this.#engine.stateUnsafe().config, host, port)
    if (config === undefined) return ""
    // Each request asks.
    let rules = this.#rules.get(config)
    if (rules === undefined) this.#rules.set(config, rules = rulesOf(config))
    return rules
  }

  readonly report = (host: string, port: number | undefined, saw: SawIdle, idleMs: number, outlived = 0): boolean => {
    const upstream = this.#find(host, port)?.id
    if (upstream === undefined || !(idleMs >= 0) || idleMs > MOST_IDLE_MS || !this.#engine.reserveUnsafe(1)) return false
    this.#engine.postUnsafe({
      _tag: "ConnectionKept",
      worker: 0,
      upstream,
      idleUs: Math.round(idleMs * 1000),
      saw,
      outlived
    })
    return true
  }

  #find(host: string, port: number | undefined): UpstreamRoutes | undefined {
    const target = targetOf(this.#engine.stateUnsafe().config, host, port)
    if (target instanceof UnknownUpstreamError) return undefined
    const routes = this.#engine.routesUnsafe()
    if (routes !== this.#routes) this.#targets.update(routes)
    this.#routes = routes
    const id = this.#targets.slotOf(target)
    return id === undefined ? undefined : routes.upstreams[id]
  }
}
