/** A moment of the engine's clock as wall time. */
import type { State } from "../core/model/State.ts"

/** In ISO 8601; null for -1: there is none. */
export function wallTime(state: State, atUs: number): string | null {
  if (atUs < 0) return null
  return new Date(Math.floor(state.wall.ms + (atUs - state.wall.atUs) / 1000)).toISOString()
}
