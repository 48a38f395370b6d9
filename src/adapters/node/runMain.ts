/**
 * Runs the program in this process: exit codes, and the two signals that mean "please stop".
 *
 * The first one interrupts and lets every finalizer finish. A second one at least a second later stops at once; an echo
 * within a second is the same wish, as npm passes on a signal that the terminal has delivered already. The end of the launcher
 * counts as the first one.
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

/** `codeOf` gives the exit code of a failure; an interruption by signal is the graceful end, 0. */
export function runMain<A, E>(program: Effect.Effect<A, E>, codeOf: (error: unknown) => number): void {
  const run = Runtime.makeRunMain(({ fiber, teardown }) => {
    let askedAtUs = -1
    const stop = () => {
      if (askedAtUs < 0) {
        askedAtUs = nowUs()
        fiber.interruptUnsafe(fiber.id)
      } else if (nowUs() - askedAtUs >= ECHO_US) end(1)
    }
    process.on("SIGINT", stop)
    process.on("SIGTERM", stop)
    whenLauncherEnds(() => {
      if (askedAtUs >= 0) return
      // The terminal may be gone with the launcher: whether this can be told changes nothing.
      fs.write(2, "fairlead: the launcher of this process is gone: stopping as on SIGTERM\n", () => {})
      stop()
    })
    fiber.addObserver((exit) => teardown(exit, end))
  })
  run(program, {
    disableErrorReporting: true,
    teardown: (exit, done) => {
      if (Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)) return done(0)
      const error = Cause.squash(exit.cause)
      const code = codeOf(error)
      if (!isTold(error)) process.stderr.write(`fairlead: ${error instanceof Error ? error.message : String(error)}\n`)
      done(code)
    }
  })
}

/** Errors that have already been shown to the user. */
function isTold(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false
  return ("told" in error && error.told === true) || ("_tag" in error && error._tag === "ShowHelp")
}
