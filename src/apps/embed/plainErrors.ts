/** From the typed errors of the Effect layer to plain ones, and from the end of an effect to that of a promise. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { BindError } from "../../plane/ports/errors.ts"
import { ExposedError, RecordError } from "../../shell/errors.ts"
import { ConfigError } from "./config.ts"
import { ConnectError, TlsError, UnknownUpstreamError } from "./errors.ts"
import { FairleadConfigError, FairleadConnectError, FairleadError, FairleadTlsError } from "./FairleadError.ts"

/** The value; or the error is thrown. Where the signal has ended the effect, its reason is thrown. */
export function valueOf<A>(exit: Exit.Exit<A, unknown>, signal: AbortSignal | undefined): A {
  if (Exit.isSuccess(exit)) return exit.value
  if (signal?.aborted === true && Cause.hasInterruptsOnly(exit.cause)) throw signal.reason
  throw plain(Cause.squash(exit.cause))
}

function plain(cause: unknown): unknown {
  if (cause instanceof ConfigError) return new FairleadConfigError(cause.message, cause.problems, { cause })
  if (cause instanceof ConnectError) return new FairleadConnectError(cause.message, cause, { cause })
  if (cause instanceof TlsError) return new FairleadTlsError(cause.message, cause, { cause })
  const code = cause instanceof BindError
    ? "ERR_FAIRLEAD_BIND"
    : cause instanceof ExposedError
    ? "ERR_FAIRLEAD_EXPOSED"
    : cause instanceof RecordError
    ? "ERR_FAIRLEAD_RECORD"
    : cause instanceof UnknownUpstreamError
    ? "ERR_FAIRLEAD_UNKNOWN_UPSTREAM"
    : undefined
  // Anything else is a fault of Fairlead itself, and is passed on as it is.
  return code === undefined ? cause : new FairleadError(code, (cause as Error).message, { cause })
}
