/** What a listener shows of itself. */
import type { Address } from "../../core/model/Routes.ts"

export interface ListenerStatus {
  readonly name: string
  /** The address as bound. */
  readonly listen: Address
  readonly connections: number
  readonly waiting: number
  /** Descriptors are short: new clients wait in the system's queue. */
  readonly paused: boolean
  /** Clients accepted since start. */
  readonly accepted: number
  readonly refused: number
}
