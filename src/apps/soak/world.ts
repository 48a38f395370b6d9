/** The made-up network of the soak: three groups of addresses, each a local server with a distance. */
import * as Effect from "effect/Effect"
import type { Upstream, UpstreamOptions } from "../../adapters/soak/Upstream.ts"
import { openUpstreams } from "../../adapters/soak/upstreams.ts"

export type GroupName = "web" | "names" | "crowd"
export const GROUP_NAMES: ReadonlyArray<GroupName> = ["web", "names", "crowd"]

interface GroupPlan {
  /** Round trips in ms in the order of the list: the worst address comes first. */
  readonly rttsMs: ReadonlyArray<number>
  readonly jitter: number
  /** The first three numbers of its addresses, which are set aside for benchmarks. Without the lab, nothing dials them. */
  readonly network: string
}

/**
 * - `web`: a preheated upstream with three addresses, behind a listener of protocol tcp and for programs.
 * - `names`: three addresses that several names lead to, which clients ask a proxy port or the program's `connect` for.
 * - `crowd`: a preheated upstream with more addresses than may serve at once, all about equally far, with much jitter: moves of
 *   its active set bring nothing, and no fault concerns it.
 */
const PLANS: Readonly<Record<GroupName, GroupPlan>> = {
  web: { rttsMs: [60, 35, 15], jitter: 0.05, network: "198.18.1" },
  names: { rttsMs: [80, 45, 25], jitter: 0.05, network: "198.19.1" },
  crowd: { rttsMs: [34, 34, 33, 33, 32, 32, 31, 30], jitter: 0.6, network: "198.19.2" }
}

export const PORT = 8443
export const HOSTS = ["alpha.soak.test", "beta.soak.test", "gamma.soak.test", "delta.soak.test"] as const

export type World = Readonly<Record<GroupName, ReadonlyArray<Upstream>>>

/** Its servers run in one process beside this one. `lost` fails when that ends too early. `lab`: its name, where the soak is in one. */
export const openWorld = Effect.fnUntraced(function* (seed: number, lab: string | undefined) {
  const planned = GROUP_NAMES.flatMap((group) => {
    const { rttsMs, jitter, network } = PLANS[group]
    return rttsMs.map((rttMs, i) => ({ group, rttMs, jitter, address: { host: `${network}.${i + 1}`, port: PORT } }))
  })
  const options = planned.map(({ group: _, ...one }, index): UpstreamOptions => ({ index, ...one }))
  const { upstreams, lost } = yield* openUpstreams(options, seed, lab)
  const of = (group: GroupName) => upstreams.filter((_, i) => planned[i]?.group === group)
  const world: World = { web: of("web"), names: of("names"), crowd: of("crowd") }
  return { world, lost }
})

export function allOf(world: World): ReadonlyArray<Upstream> {
  return GROUP_NAMES.flatMap((name) => world[name])
}

/** The position of the nearest address. */
export function nearestOf(name: GroupName): number {
  const { rttsMs } = PLANS[name]
  return rttsMs.indexOf(Math.min(...rttsMs))
}
