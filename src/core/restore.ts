/** A state from its snapshot. The derived parts, index and routes, are computed anew. */
import * as Vector from "./data/Vector.ts"
import type { Config } from "./model/Config.ts"
import type { State } from "./model/State.ts"
import { reroute } from "./routes.ts"
import type { Snapshot } from "./state.ts"
import { indexOf } from "./state.ts"

export function restore(config: Config, snapshot: Snapshot): State {
  const { routesVersion, upstreams, candidates, ...head } = snapshot
  const vectors = { upstreams: Vector.fromArray(upstreams), candidates: Vector.fromArray(candidates) }
  const { probing, outage, autoDisable, pruneDueUs } = head
  const index = indexOf({ config, ...vectors, probing, outage, autoDisable, pruneDueUs })
  const bare: State = { ...head, config, ...vectors, index, routes: { version: routesVersion, upstreams: [] } }
  const routed = reroute(bare, upstreams.map(({ id }) => id))
  return { ...routed, routes: { version: routesVersion, upstreams: routed.routes.upstreams } }
}
