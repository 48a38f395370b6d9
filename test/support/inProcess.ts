/** A command of the program in this process, which saves the start of another one. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { cli } from "../../src/apps/cli.ts"
import { codeOf } from "../../src/apps/exit.ts"
import type { Ended } from "./command.ts"

export async function inProcess(args: ReadonlyArray<string>): Promise<Pick<Ended, "code" | "stdout" | "stderr">> {
  const printed = { stdout: "", stderr: "" }
  const to = (where: keyof typeof printed) => (...texts: ReadonlyArray<unknown>) => {
    printed[where] += `${texts.join(" ")}\n`
  }
  const captured = { ...globalThis.console, log: to("stdout"), error: to("stderr") }
  const program = cli(args).pipe(Effect.provide(NodeServices.layer), Effect.provideService(Console.Console, captured))
  const exit = await Effect.runPromiseExit(program)
  if (Exit.isSuccess(exit)) return { code: 0, ...printed }
  const error = Cause.squash(exit.cause)
  to("stderr")(error instanceof Error ? error.message : String(error))
  return { code: codeOf(error), ...printed }
}
