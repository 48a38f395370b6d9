/** Port: the addresses that this machine has. */
import * as Context from "effect/Context"
import type { Family } from "../core/model/Outage.ts"

export interface Attached {
  /** Families of the addresses that lead off the machine. */
  readonly families: ReadonlyArray<Family>
  /** A text that changes as soon as one of these addresses changes. */
  readonly print: string
}

export class Interfaces extends Context.Service<Interfaces, {
  /** undefined: the system does not report it. */
  readonly attachedUnsafe: () => Attached | undefined
}>()("fairlead/shell/Interfaces") {}
