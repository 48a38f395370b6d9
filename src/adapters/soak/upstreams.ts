/** Starts the process of the soak's upstreams: on loopback, or at the far side of the lab. */
import * as Effect from "effect/Effect"
import { commandOn, openNetwork } from "./labNetwork.ts"
import { openProcess } from "./lineProcess.ts"
import type { Condition, Opened, Order, OriginOptions, Plan } from "./orders.ts"
import { draws, UPSTREAMS } from "./orders.ts"
import { thisProgram, wholeCommand } from "./thisProgram.ts"
import type { UpstreamOptions } from "./Upstream.ts"
import { Upstream } from "./Upstream.ts"

const WHAT = "the upstreams of the soak"

/** They live as long as the scope. `lost` fails when their process ends before. `lab`: its name; undefined: on loopback. */
export const openUpstreams = Effect.fnUntraced(function* (
  options: ReadonlyArray<UpstreamOptions>,
  seed: number,
  lab: string | undefined
) {
  const far = options.map(({ address, rttMs, jitter }) => ({ host: address.host, rttMs, jitter }))
  const network = lab === undefined ? undefined : yield* openNetwork(lab, far)
  const origins = options.map(({ index, rttMs, jitter, address }): OriginOptions =>
    lab === undefined ? { index, rttMs, jitter } : { index, rttMs: 0, jitter: 0, at: address }
  )
  const plan: Plan = { seed, origins }
  const args = [UPSTREAMS, JSON.stringify(plan)]
  const { first, tell, lost } = yield* openProcess(
    WHAT,
    lab === undefined ? thisProgram(args) : commandOn(lab, "far", wholeCommand(args))
  )
  const { ports }: Opened = JSON.parse(first)
  const draw = draws(seed)
  const upstreams = options.map((one, place) =>
    new Upstream(one, ports[place] ?? 0, draw, (condition) => {
      const order: Order = { place, ...(network === undefined ? condition : ofServer(condition)) }
      tell(JSON.stringify(order))
      const way = far[place]
      if (way !== undefined) network?.set(way, condition)
    })
  )
  return { upstreams, lost: network === undefined ? lost : Effect.raceFirst(lost, network.lost) }
})

/** What is left of a condition where the network brings distance and darkness. */
function ofServer({ fault }: Condition): Condition {
  return { fault: fault === "dark" ? "none" : fault, slowness: 1 }
}
