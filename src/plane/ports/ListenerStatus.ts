/** What a listener shows of itself. */
import type { Address } from "../../core/model/Routes.ts"
import type { Entry, TurnedAway } from "../Entry.ts"

export interface ListenerStatus {
  readonly name: string
  readonly protocol: Entry["protocol"]
  /** Whether a client has to show a name and a password. */
  readonly asksUser: boolean
  /** The address as bound. */
  readonly listen: Address
  readonly connections: number
  readonly waiting: number
  /** Descriptors are short: new clients wait in the system's queue. */
  readonly paused: boolean
  /** Clients accepted since start. */
  readonly accepted: number
  readonly refused: number
  /** Clients that were turned away before they were served, by reason. */
  readonly turnedAway: Readonly<Partial<Record<TurnedAway, number>>>
}
