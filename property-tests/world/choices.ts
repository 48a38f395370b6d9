/** The addresses that could have served a client, by the truth of the world and not by what the service believes. */
import { accessFor, admits } from "../../src/core/access.ts"
import * as Candidates from "../../src/core/candidates.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { UpstreamConfig } from "../../src/core/model/Config.ts"
import type { State } from "../../src/core/model/State.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import type { Seen } from "./Checker.ts"
import { CALM_NAMES_MS } from "./calm.ts"

/** The upstream of this name, as it is configured. */
export function configured(state: State, name: string): UpstreamConfig | undefined {
  return state.config.upstreams.find((one) => one.name === name && !one.removed)
}

/**
 * Addresses of the upstream's list and, once the resolver has told the truth for a while, of its name that were well from `fromMs` to
 * `toMs`, and that access admits. The nearest comes first, each at the farthest that it was in this time.
 */
export function wellOf({ truth, resolver }: Seen, state: State, config: UpstreamConfig, fromMs: number, toMs: number) {
  const access = accessFor(state.config, config)
  const named = toMs >= truth.runMs + CALM_NAMES_MS ? resolver.names.get(config.host) ?? [] : []
  const hosts = new Set([...config.candidates.map(({ host }) => host), ...named])
  return [...hosts]
    .filter((host) => admits(access, host) && truth.isWell(host, fromMs, toMs))
    .map((host) => ({ host, rttMs: truth.farthestMs(host, fromMs, toMs) }))
    .sort((a, b) => a.rttMs - b.rttMs)
}

export type Well = ReturnType<typeof wellOf>[number]

/**
 * The nearest of these addresses that a choice of `candidate` can be compared with. A server that thinks for long is a suspect beside
 * those that do not, and rightly so; one that thinks as long as a stalled one is no better than that. And where probes are spared, what
 * has used up its probes without a client is not looked at any more.
 */
export function comparable(
  { truth }: Seen,
  state: State,
  config: UpstreamConfig,
  well: ReadonlyArray<Well>,
  { host: chosen }: Pick<Candidate, "host">
): Well | undefined {
  const { probing: { idle, idleProbes }, session: { stallMs } } = config
  const listed = Upstreams.find(state, state.config.upstreams.indexOf(config))?.listed ?? []
  const { thinksMs } = truth.placeOf(chosen)
  return well.find(({ host }) => {
    const thinks = truth.placeOf(host).thinksMs
    if (thinks > thinksMs || thinks >= stallMs) return false
    return idle !== "lazy" || !Candidates.among(state, listed).some((one) => one.host === host && one.unused >= idleProbes)
  })
}
