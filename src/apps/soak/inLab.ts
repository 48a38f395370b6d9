/** `fairlead soak --lab`: this command makes the two sides of a network, and runs itself once more on the near one. */
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import process from "node:process"
import { commandOn, openSides, whyNoLab } from "../../adapters/soak/labNetwork.ts"
import { wholeCommand } from "../../adapters/soak/thisProgram.ts"
import { Ended, UsageError } from "../exit.ts"

/** What is printed and the exit code are those of the run in the lab. */
export const inLab = Effect.gen(function* () {
  const why = whyNoLab()
  if (why !== undefined) return yield* new UsageError({ message: `--lab: ${why}` })
  const name = `fairlead${process.pid}`
  const command = commandOn(name, "near", wholeCommand([...process.argv.slice(2), "--inside", name]))
  const code = yield* Effect.scoped(Effect.andThen(openSides(name), codeOf(command)))
  if (code !== 0) return yield* new Ended({ code })
})

/** A signal is passed on, and then the command has its time to write a report. */
const codeOf = ([program = "", ...args]: ReadonlyArray<string>) =>
  Effect.callback<number>((resume) => {
    const child = spawn(program, args, { stdio: "inherit" })
    const ended = new Promise<number>((resolve) => {
      child.once("error", () => resolve(1))
      child.once("exit", (code) => resolve(code ?? 1))
    })
    void ended.then((code) => resume(Effect.succeed(code)))
    return Effect.promise(async () => {
      // Deno takes the end of a child for the signal's, whatever its exit code, after `child.kill`.
      if (child.pid !== undefined && child.exitCode === null) process.kill(child.pid, "SIGTERM")
      process.exitCode = await ended
    })
  })
