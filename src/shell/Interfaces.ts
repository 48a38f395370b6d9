/** Port: the addresses that this machine has. */
import * as Context from "effect/Context"
import type { Family } from "../core/model/Outage.ts"

export interface Attached {
  /** Of the addresses that lead off the machine. */
  readonly families: ReadonlyArray<Family>
  /** Another text as soon as one of these addresses is another. */
  readonly print: string
}

export class Interfaces extends Context.Service<Interfaces, {
  /** undefined: the system does not say. */
  readonly attachedUnsafe: () => Attached | undefined
}>()("fairlead/shell/Interfaces") {}
