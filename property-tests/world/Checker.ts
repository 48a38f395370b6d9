/** What watches a world. A checker throws at the first thing that must not happen, and counts how often it had something to watch. */
import type { Decision } from "../../src/core/model/Decision.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import type { Routes } from "../../src/core/model/Routes.ts"
import type { Served } from "../../src/plane/Forward.ts"
import type { Folded } from "../../src/sim/CoreRun.ts"
import type { Arrival, Process } from "./Process.ts"
import type { Resolver } from "./Resolver.ts"
import type { Script } from "./script.ts"
import type { Truth } from "./Truth.ts"

/** What all checkers know of the world. */
export interface Seen {
  readonly script: Script
  readonly truth: Truth
  readonly resolver: Resolver
  /** In ms since the world began. */
  readonly nowMs: () => number
  /** Counts that a premise held once more. */
  readonly met: (premise: string) => void
}

/** A client from its arrival on. */
export interface ClientRun {
  readonly arrival: Arrival
  readonly atMs: number
  readonly process: Process
  /** The event that tells how it was connected; undefined: it has not been. */
  accepted: ClientAccepted | undefined
  acceptedMs: number
}

export interface Checker {
  readonly began?: (process: Process) => void
  readonly folded?: (process: Process, folded: Folded) => void
  readonly decided?: (process: Process, decision: Decision, folded: Folded) => void
  readonly published?: (process: Process, routes: Routes) => void
  readonly dialled?: (process: Process, host: string) => void
  readonly arrived?: (client: ClientRun) => void
  readonly ended?: (client: ClientRun, served: Served) => void
  /** Nothing more is due at this moment, and no event waits. */
  readonly settled?: (process: Process) => void
  /** The process is over; `inOrder`: it was not killed. */
  readonly over?: (process: Process, inOrder: boolean) => void
  readonly end?: () => void
}

export type MakeChecker = (seen: Seen) => Checker

export class Violation extends Error {}

export function mustHold(holds: boolean, what: () => string): void {
  if (!holds) throw new Violation(what())
}
