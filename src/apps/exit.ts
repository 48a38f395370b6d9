/** The ends of commands that did not succeed. */
import * as Data from "effect/Data"

/** Ends the command with an exit code of contract 1. All messages have been printed. */
export class Ended extends Data.TaggedError("Ended")<{ readonly code: number }> {
  readonly wasShown = true
}

/** The exit code for an error that ends a command: 2 for wrong usage, 1 for a failure while running. */
export function codeOf(error: unknown): number {
  if (error instanceof Ended) return error.code
  const tag = typeof error === "object" && error !== null && "_tag" in error ? error._tag : undefined
  return tag === "ShowHelp" || tag === "UsageError" || tag === "ConfigReadError" ? 2 : 1
}

/** Wrong usage that the parser of the command line cannot see. */
export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}
