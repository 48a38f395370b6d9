/** The made-up network of the soak: three groups of addresses, each a local server with a distance. */
import * as Effect from "effect/Effect"
import type { Origin } from "../../adapters/soak/Origin.ts"
import * as Origins from "../../adapters/soak/Origin.ts"
import type { Address } from "../../core/model/Config.ts"

export type GroupName = "web" | "names" | "crowd"
export const GROUP_NAMES: ReadonlyArray<GroupName> = ["web", "names", "crowd"]

interface GroupPlan {
  /** Round trips in ms in the order of the list: the worst address comes first. */
  readonly rttsMs: ReadonlyArray<number>
  readonly jitter: number
  /** The first three numbers of its addresses. They are dialled nowhere but in this process. */
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
  crowd: { rttsMs: [34, 34, 33, 33, 32, 32, 31, 30], jitter: 0.6, network: "198.51.100" }
}

export const PORT = 8443
export const HOSTS = ["alpha.soak.test", "beta.soak.test", "gamma.soak.test", "delta.soak.test"] as const

export type World = Readonly<Record<GroupName, ReadonlyArray<Origin>>>

/** `draw` gives uniform numbers in [0, 1). */
export const openWorld = Effect.fnUntraced(function* (draw: () => number) {
  let index = 0
  const open = (name: GroupName) => {
    const { rttsMs, jitter, network } = PLANS[name]
    return Effect.forEach(rttsMs, (rttMs, i) => {
      const address: Address = { host: `${network}.${i + 1}`, port: PORT }
      return Origins.open({ index: index++, address, rttMs, jitter, draw })
    })
  }
  const world: World = { web: yield* open("web"), names: yield* open("names"), crowd: yield* open("crowd") }
  return world
})

export function allOf(world: World): ReadonlyArray<Origin> {
  return GROUP_NAMES.flatMap((name) => world[name])
}

/** The position of the nearest address. */
export function nearestOf(name: GroupName): number {
  const { rttsMs } = PLANS[name]
  return rttsMs.indexOf(Math.min(...rttsMs))
}
