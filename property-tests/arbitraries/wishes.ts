/** What an operator's move means. */
import type { Config } from "../../src/core/model/Config.ts"
import type { ControlEvent } from "../../src/core/model/Event.ts"
import type { Move } from "./moves.ts"
import { one } from "./moves.ts"

export function wishOf(move: Move, reloads: ReadonlyArray<Config>): ControlEvent | undefined {
  if (move.kind === "override") {
    return { _tag: "EnabledOverridden", worker: 0, enabled: [true, false, null][move.pick % 3]! }
  }
  if (move.kind === "refresh") {
    return { _tag: "RefreshRequested", worker: 0, upstream: move.pick % 5 === 0 ? "all" : (move.pick % 5) - 1 }
  }
  const config = one(reloads, move)
  return config === undefined ? undefined : { _tag: "ConfigChanged", worker: 0, config }
}
