/** The addresses that could have served a client, by the truth of the world and not by what the service believes. */
import { accessFor, admits } from "../../src/core/access.ts"
import type { UpstreamConfig } from "../../src/core/model/Config.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Seen } from "./Checker.ts"
import { CALM_NAMES_MS } from "./calm.ts"

/** The upstream of this name, as it is configured. */
export function configured(state: State, name: string): UpstreamConfig | undefined {
  return state.config.upstreams.find((one) => one.name === name && !one.removed)
}

/**
 * Addresses of the upstream's list and, once the resolver has told the truth for a while, of its name that were well from `fromMs` to
 * `toMs`, and that access admits. The nearest comes first.
 */
export function wellOf({ truth, resolver }: Seen, state: State, config: UpstreamConfig, fromMs: number, toMs: number) {
  const access = accessFor(state.config, config)
  const named = toMs >= truth.runMs + CALM_NAMES_MS ? resolver.names.get(config.host) ?? [] : []
  const hosts = new Set([...config.candidates.map(({ host }) => host), ...named])
  return [...hosts]
    .filter((host) => admits(access, host) && truth.isWell(host, fromMs, toMs))
    .map((host) => ({ host, rttMs: truth.rttMs(host, toMs) }))
    .sort((a, b) => a.rttMs - b.rttMs)
}
