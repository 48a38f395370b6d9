/** Whole runs: moves played against the core, which yields the entries that a shell would have posted. */
import fc from "fast-check"
import type { Config } from "../../src/core/model/Config.ts"
import { config, protecting, provenReloads, reloads } from "./config.ts"
import type { Move } from "./moves.ts"
import { move, ruledMove, seed } from "./moves.ts"
import type { Played, Watch } from "./PlayedWorld.ts"
import { PlayedWorld } from "./PlayedWorld.ts"

export type { Played, Watch } from "./PlayedWorld.ts"

export interface Script {
  readonly config: Config
  readonly seed: number
  readonly moves: ReadonlyArray<Move>
  /** What a move "reload" may bring. */
  readonly reloads?: ReadonlyArray<Config>
}

export function script(mostMoves = 80, configs: fc.Arbitrary<Config> = config): fc.Arbitrary<Script> {
  return fc.record({ config: configs, seed, moves: fc.array(move, { maxLength: mostMoves, size: "max" }) })
}

/** A run with an operator: its configuration changes, it is turned off and on, and refreshed. */
export function ruledScript(mostMoves = 80): fc.Arbitrary<Script> {
  const moves = fc.array(ruledMove, { maxLength: mostMoves, size: "max" })
  return fc.record({ reloads, seed, moves }).map((it) => ({ ...it, config: it.reloads[0]! }))
}

/** The same where upstreams ask for proofs of identity. */
export function provenScript(mostMoves = 80): fc.Arbitrary<Script> {
  const moves = fc.array(ruledMove, { maxLength: mostMoves, size: "max" })
  return fc.record({ reloads: provenReloads, seed, moves }).map((it) => ({ ...it, config: it.reloads[0]! }))
}

/** Either, in a world in which addresses are far apart: the own network may go down, and everything may turn itself off. */
export function farScript(mostMoves = 80): fc.Arbitrary<Script> {
  return fc.tuple(fc.oneof(script(mostMoves), ruledScript(mostMoves), provenScript(mostMoves)), protecting).map(
    ([it, changes]) => {
      const reloads = it.reloads?.map((config) => ({ ...config, ...changes }))
      const whole: Script = { ...it, config: { ...it.config, ...changes }, ...(reloads === undefined ? {} : { reloads }) }
      return JSON.parse(JSON.stringify(whole).replaceAll(/127\.0\.0\.(\d)/g, (_, i: string) => farHost(Number(i)))) as Script
    }
  )
}

/** Two networks of IPv4, so that all can be far apart, one of IPv6, and loopback. */
function farHost(i: number): string {
  return `${i <= 4 ? "198.18.0." : i <= 7 ? "198.19.0." : i === 8 ? "127.0.0." : "2001:db8::"}${i}`
}

/** Plays a script; the first entry is always `Started`. */
export function play({ config, seed, moves, reloads = [] }: Script, watch: Watch = () => {}): Played {
  const world = new PlayedWorld(config, seed, watch, reloads)
  world.post({ _tag: "Started", worker: 0, wallMs: 1_790_000_000_000 })
  for (const one of moves) world.make(one)
  return world.played()
}
