/** Control: what an operator may ask of the running service, by admin port, signal or file watch. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/** What a reload came to. `problems` are whole sentences with file, line and path; the old configuration stays when there are any. */
export interface ReloadOutcome {
  readonly applied: boolean
  readonly problems: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<string>
}

export class Control extends Context.Service<Control, {
  /** Reads the configuration anew and applies it, or changes nothing at all. Ends an override of `enabled` when applied. */
  readonly reload: Effect.Effect<ReloadOutcome>
  /** Overrides `enabled` until restart or reload. */
  readonly setEnabled: (enabled: boolean) => Effect.Effect<void>
  /** Measures and resolves anew, for one upstream by name or for all; false: there is no such upstream. */
  readonly refresh: (upstream: string | undefined) => Effect.Effect<boolean>
}>()("fairlead/shell/Control") {}
