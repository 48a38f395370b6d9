/** Control: the commands of an operator to the running service, by admin port, signal or file watch. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/**
 * The outcome of a reload. `problems` are whole sentences with file, line and path. If there are any, the old configuration
 * stays.
 */
export interface ReloadOutcome {
  readonly applied: boolean
  readonly problems: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<string>
}

export class Control extends Context.Service<Control, {
  /**
   * Reads the configuration again and applies it, or changes nothing at all. When it is applied, it ends an override of
   * `enabled`.
   */
  readonly reload: Effect.Effect<ReloadOutcome>
  /** Overrides `enabled` until a restart or reload. */
  readonly setEnabled: (enabled: boolean) => Effect.Effect<void>
  /** Measures and resolves again, for one upstream by name or for all; false: there is no such upstream. */
  readonly refresh: (upstream: string | undefined) => Effect.Effect<boolean>
}>()("fairlead/shell/Control") {}
