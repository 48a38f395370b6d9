/** Starts a Fairlead for a program without Effect. */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { FairleadConfig } from "./FairleadConfig.ts"
import { clientOf } from "./clientOf.ts"
import { Fairlead } from "./Fairlead.ts"
import type { FairleadClient } from "./FairleadClient.ts"
import { loggers } from "./loggers.ts"
import type { LogLine } from "./LogLine.ts"
import { valueOf } from "./plainErrors.ts"

export interface CreateOptions {
  /** Gives up the start. The promise is rejected with the signal's reason, and nothing is left open. */
  readonly signal?: AbortSignal
  /** Receives warnings and errors. Without it Fairlead is silent. It is called at once, and should not throw. */
  readonly log?: (line: LogLine) => void
}

/**
 * Resolves when the first routes exist and listeners are bound, not when candidates are measured: `connect` works at once.
 *
 * Starts to probe at once. Binds and opens `listeners`, `admin` and `eventLog` where the configuration has them. It has no
 * signal handlers and no global state, so a process may have several. It keeps the process alive until it is closed.
 *
 * Rejected with a `FairleadConfigError`, or a `FairleadError` with the code `ERR_FAIRLEAD_BIND`, `ERR_FAIRLEAD_EXPOSED` or
 * `ERR_FAIRLEAD_RECORD`.
 */
export async function createFairlead(config: FairleadConfig, options: CreateOptions = {}): Promise<FairleadClient> {
  const { signal, log } = options
  signal?.throwIfAborted()
  const scope = Scope.makeUnsafe()
  const layer = Fairlead.layer(config).pipe(Layer.provide(loggers(log)))
  const starting = Effect.onError(Layer.buildWithScope(layer, scope), () => Scope.close(scope, Exit.void))
  const exit = await Effect.runPromiseExit(starting, signal === undefined ? undefined : { signal })
  const context = valueOf(exit, signal)

  const closed = Deferred.makeUnsafe<void>()
  let closing: Promise<void> | undefined
  const close = (): Promise<void> =>
    closing ??= Effect.runPromise(Effect.ensuring(Scope.close(scope, Exit.void), Deferred.succeed(closed, undefined)))
  return {
    ...clientOf(Context.get(context, Fairlead), Deferred.await(closed)),
    close,
    [Symbol.asyncDispose]: close
  }
}
