/** What a shell holds between moves. */
import type { ClientClosed } from "../../src/core/model/Event.ts"

export type Asked<A> = A & { readonly atUs: number }
export interface Parked {
  readonly warm: number
  readonly candidate: number
  readonly sinceUs: number
}
export interface Session {
  readonly session: number
  readonly candidate: number
  readonly worker: number
  readonly client: number
  readonly fromUs: number
  silence: ClientClosed["silence"]
  spoke: boolean
}
