/**
 * Runs the program in this process: exit codes, and the two signals that ask it to stop.
 *
 * The first signal interrupts, and every finalizer finishes. A second one at least a second later stops at once. Within a
 * second it counts as the same request, because npm repeats a signal that the terminal has delivered already. The end of the
 * launcher counts as a first signal.
 */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as fs from "node:fs"
import process from "node:process"
import { nowUs } from "./clock.ts"
import { end } from "./end.ts"
import { whenLauncherEnds } from "./launcher.ts"

const ECHO_US = 1_000_000

/**
 * `codeOf` gives the exit code of a failure. An interruption by a signal is a graceful end, with code 0 or with the one that the
 * program has put into `process.exitCode`.
 */
export function runMain<A, E>(program: Effect.Effect<A, E>, codeOf: (error: unknown) => number): void {
  const run = Runtime.makeRunMain(({ fiber, teardown }) => {
    let stoppedAtUs = -1
    const stop = () => {
      if (stoppedAtUs < 0) {
        stoppedAtUs = nowUs()
        fiber.interruptUnsafe(fiber.id)
      } else if (nowUs() - stoppedAtUs >= ECHO_US) end(1)
    }
    process.on("SIGINT", stop)
    process.on("SIGTERM", stop)
    whenLauncherEnds(() => {
      if (stoppedAtUs >= 0) return
      // The terminal may be gone with the launcher. Then this message is lost, and nothing else changes.
      fs.write(2, "fairlead: the launcher of this process is gone: stopping as on SIGTERM\n", () => {})
      stop()
    })
    fiber.addObserver((exit) => teardown(exit, end))
  })
  run(program, {
    disableErrorReporting: true,
    teardown: (exit, done) => {
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return done(Number(process.exitCode ?? 0))
      const error = Cause.squash(exit.cause)
      const code = codeOf(error)
      if (!isShown(error)) process.stderr.write(`fairlead: ${error instanceof Error ? error.message : String(error)}\n`)
      done(code)
    }
  })
}

/** Errors that the user has already seen. */
function isShown(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false
  return ("wasShown" in error && error.wasShown === true) || ("_tag" in error && error._tag === "ShowHelp")
}
