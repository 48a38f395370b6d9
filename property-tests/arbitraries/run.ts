/** Whole runs: moves played against the core, which yields the entries that a shell would have posted. */
import fc from "fast-check"
import type { DialFailure } from "../../src/core/model/Event.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { config, protecting, provenReloads, reloads } from "./config.ts"
import type { Move } from "./moves.ts"
import { move, ruledMove, seed } from "./moves.ts"
import type { Played, Watch } from "./MovePlayer.ts"
import { MovePlayer } from "./MovePlayer.ts"

export type { Played, Watch } from "./MovePlayer.ts"

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

/** A run with an operator: the configuration changes, everything is turned off and on, and upstreams are refreshed. */
export function ruledScript(mostMoves = 80): fc.Arbitrary<Script> {
  const moves = fc.array(ruledMove, { maxLength: mostMoves, size: "max" })
  return fc.record({ reloads, seed, moves }).map((it) => ({ ...it, config: it.reloads[0]! }))
}

/** The same where upstreams ask for proofs of identity. */
export function provenScript(mostMoves = 80): fc.Arbitrary<Script> {
  const moves = fc.array(ruledMove, { maxLength: mostMoves, size: "max" })
  return fc.record({ reloads: provenReloads, seed, moves }).map((it) => ({ ...it, config: it.reloads[0]! }))
}

/** Either of them with addresses that are far apart, so local outages and auto-disable may occur. */
export function farScript(mostMoves = 80): fc.Arbitrary<Script> {
  return fc.tuple(fc.oneof(script(mostMoves), ruledScript(mostMoves), provenScript(mostMoves)), protecting).map(
    ([it, changes]) => {
      const reloads = it.reloads?.map((config) => ({ ...config, ...changes }))
      const whole: Script = { ...it, config: { ...it.config, ...changes }, ...(reloads === undefined ? {} : { reloads }) }
      return JSON.parse(JSON.stringify(whole).replaceAll(/127\.0\.0\.(\d)/g, (_, i: string) => farHost(Number(i)))) as Script
    }
  )
}

/** One upstream of a few addresses, of which one or two are members, and nothing but their costs decides which. */
const rivals: fc.Arbitrary<Config> = fc.tuple(config, fc.integer({ min: 3, max: 6 })).map(([all, count]) => {
  const [one] = all.upstreams
  const candidates = Array.from({ length: count }, (_, i) => ({ host: `127.0.0.${i + 1}`, port: 443 }))
  const switching = { ...one!.selector.switching, holdMs: Math.min(one!.selector.switching.holdMs, 1_000) }
  const selector = { ...one!.selector, activeSetSize: 1 + (count % 2), minScore: 0, evaluationIntervalMs: 100, switching }
  const probing = { ...one!.probing, intervalMs: 1_000, challengers: 3, candidatesPerRound: 4, idle: "always" as const }
  const upstream = {
    ...one!,
    host: "",
    candidates,
    selector,
    probing,
    scoreTtlMs: 300_000,
    pool: { ...one!.pool, mode: "off" as const }
  }
  return { ...all, upstreams: [upstream], probing: { maxParallel: 6, perHost: 2, ratePerSecond: 1_000 } }
})

/** Runs of many answers: all candidates are measured, costs go up and down, and the set moves. */
export function measuredScript(mostMoves = 120): fc.Arbitrary<Script> {
  return script(mostMoves, rivals).map((it) => ({
    ...it,
    moves: it.moves.map((one, i): Move => ({
      ...one,
      kind: one.pick % 12 === 0 ? one.kind : i % 3 === 0 ? "tick" : "answer",
      failure: one.pick % 9 === 0 ? one.failure : null,
      gapUs: i % 3 === 0 ? one.gapUs % 1_500_000 : one.tookUs % 300_000,
      // Near or far, by turns of its own.
      tookUs: one.pick % 5 < 2 ? 1_000 + one.tookUs % 9_000 : one.tookUs % 200_000
    }))
  }))
}

/** Runs in which the resolver names other addresses time and again: candidates leave and return. */
export function wanderingScript(mostMoves = 120, configs: fc.Arbitrary<Config> = config): fc.Arbitrary<Script> {
  return script(mostMoves, configs).map((it) => ({
    ...it,
    config: {
      ...it.config,
      upstreams: it.config.upstreams.map((one) => ({
        ...{ ...one, host: "web.example", candidates: one.candidates.slice(0, 1) },
        dns: { ...one.dns, refreshMs: 1_000 }
      }))
    },
    moves: it.moves.map((one, i): Move =>
      i % 4 === 0
        ? {
          ...one,
          kind: "resolveAnswer",
          failure: null,
          hosts: [3, 4, 5].map((n) => `127.0.0.${1 + one.pick % n}`),
          pick: 12 * one.pick
        }
        : one
    )
  }))
}

const TOLD: ReadonlyArray<Move["kind"]> = ["accept", "accept", "close", "close", "silent", "stalled", "spoke"]

/** Runs of many sessions with candidates that were measured before: they connect, and anything may happen after that. */
export function sessionScript(mostMoves = 120, configs: fc.Arbitrary<Config> = config): fc.Arbitrary<Script> {
  return script(mostMoves, configs).map((it) => ({
    ...it,
    moves: it.moves.map((one, i): Move =>
      i < 20 ? { ...one, kind: i % 3 === 0 ? "tick" : "answer", failure: null, gapUs: Math.min(one.gapUs, 300_000) } : {
        ...one,
        kind: one.pick % 12 === 0 ? one.kind : TOLD[one.pick % TOLD.length]!,
        outcomes: ["connected", ...one.outcomes],
        gapUs: Math.min(one.gapUs, 3_000_000)
      }
    )
  }))
}

/** How the network falls silent: all addresses at once, for so many moves, after so many others. */
const silence = fc.record({
  after: fc.integer({ min: 25, max: 60 }),
  moves: fc.integer({ min: 25, max: 60 }),
  /** Whether the interface itself is gone for these moves. */
  unplugged: fc.boolean(),
  how: fc.constantFrom<DialFailure>("timeout", "unreachable")
})
/** As a move "interfaces" reads it. */
const [NO_FAMILY, BOTH_FAMILIES] = [3, 0]
const IN_SILENCE: ReadonlyArray<Move["kind"]> = ["tick", "answer", "warmAnswer", "accept"]

/** The same with a stretch in which no candidate answers: what is under way fails, and time passes. */
export function darkScript(mostMoves = 120): fc.Arbitrary<Script> {
  return fc.tuple(farScript(mostMoves), silence).map(([it, { after, moves, unplugged, how }]) => ({
    ...it,
    moves: it.moves.map((one, i): Move => {
      if (unplugged && i === after) return { ...one, kind: "interfaces", pick: NO_FAMILY }
      if (unplugged && i === after + moves) return { ...one, kind: "interfaces", pick: BOTH_FAMILIES }
      return i < after || i >= after + moves ? calm(one, i < after) : silenced(one, i, how)
    })
  }))
}

/** Before the silence most dials succeed and the network stays as it is: some candidate has to have answered. */
function calm(move: Move, isBefore: boolean): Move {
  if (!isBefore) return move
  const kind = move.kind === "reload" || move.kind === "override" || move.kind === "interfaces" ? "tick" : move.kind
  return { ...move, kind, failure: move.pick % 8 === 0 ? move.failure : null, gapUs: Math.min(move.gapUs, 300_000) }
}

function silenced(move: Move, i: number, how: DialFailure): Move {
  const kind = move.pick % 16 === 0 ? move.kind : IN_SILENCE[i % IN_SILENCE.length]!
  const gapUs = Math.min(move.gapUs, 700_000)
  return { ...move, kind, gapUs, failure: how, outcomes: move.outcomes.map(() => how), heard: false, tookUs: 2_000_000 }
}

/** Two networks of IPv4, so that all can be far apart, one of IPv6, and loopback. */
function farHost(i: number): string {
  return `${i <= 4 ? "198.18.0." : i <= 7 ? "198.19.0." : i === 8 ? "127.0.0." : "2001:db8::"}${i}`
}

/** Plays a script; the first entry is always `Started`. */
export function play({ config, seed, moves, reloads = [] }: Script, watch: Watch = () => {}): Played {
  const player = new MovePlayer(config, seed, watch, reloads)
  player.post({ _tag: "Started", worker: 0, wallMs: 1_790_000_000_000 })
  for (const one of moves) player.make(one)
  return player.played()
}
