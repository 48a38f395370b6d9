/** What a listener shows of itself. */
import type { Address } from "../../core/model/Routes.ts"

export interface ListenerStatus {
  readonly name: string
  /** As bound. */
  readonly listen: Address
  readonly connections: number
  readonly waiting: number
  /** Descriptors are short: new clients wait in the system's queue. */
  readonly paused: boolean
  /** Since start. */
  readonly accepted: number
  readonly refused: number
}
