/** What is told while a soak runs: a line with an estimate on a terminal, the story alone elsewhere. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { isTerminal } from "../../adapters/demo/Screen.ts"
import { progressLine } from "../terminal.ts"
import type { Played } from "./play.ts"

export interface Teller {
  /** Tells until the scope closes. */
  readonly start: Effect.Effect<void, never, Scope.Scope>
  /** A line of the story. */
  readonly tell: (text: string) => void
}

const EVERY_MS = 200

export function tellerOf(json: boolean, durationMs: number, played: () => Played | undefined): Teller {
  if (json) return { start: Effect.void, tell: () => {} }
  const line = progressLine("soak")
  let latest = "the first round of probes"
  const show = Effect.sync(() => {
    const now = played()
    if (now !== undefined) line.show(`${progressText(now, durationMs)}; ${latest}`)
  })
  return {
    start: Effect.gen(function* () {
      yield* Effect.addFinalizer(() => Effect.sync(() => line.clear()))
      yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(EVERY_MS), show)))
    }),
    tell: (text) => {
      latest = text
      const atMs = played()?.nowMs() ?? 0
      if (!isTerminal()) console.log(`${clock(atMs)}  ${text}`)
    }
  }
}

function progressText({ nowMs, tallies }: Played, durationMs: number): string {
  const atMs = Math.min(nowMs(), durationMs)
  const { fairlead, control } = tallies
  const share = Math.floor(100 * atMs / durationMs)
  return `${share} %, ${clock(durationMs - atMs)} left; served ${fairlead.all.served} of ${fairlead.all.clients}, `
    + `control ${control.all.served} of ${control.all.clients}`
}

/** Such as 1:02:03 or 02:03. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const two = (value: number) => String(value).padStart(2, "0")
  const hours = Math.floor(seconds / 3600)
  return `${hours > 0 ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}
