/** Starts a process that the soak talks to in lines: it is ready with its first line, and ends when its input does. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

/** A process that the soak needs cannot be had, or is lost. */
export class ProcessError extends Schema.TaggedError<ProcessError>()("ProcessError", {
  /** What it is, such as "the upstreams of the soak". */
  what: Schema.String,
  doing: Schema.Literals(["start", "serve"]),
  /** What happened, such as EACCES, or "ended with 1". */
  code: Schema.String
}) {
  override get message(): string {
    const advice = this.code === "EACCES" || this.code === "EPERM"
      ? "allow this program to start processes (Deno: --allow-run)"
      : "see its messages above, and whether the system ended it (memory, a limit)"
    return this.doing === "start"
      ? `${this.what} could not be started as a process: ${this.code}: ${advice}`
      : `the process of ${this.what} ended while it was needed: ${this.code}: ${advice}`
  }
}

export interface LineProcess {
  readonly first: string
  readonly tell: (line: string) => void
  /** Fails when the process ends before the scope. */
  readonly lost: Effect.Effect<never, ProcessError>
}

/** It lives as long as the scope. */
export const openProcess = Effect.fnUntraced(function* (what: string, command: ReadonlyArray<string>) {
  const lost = yield* Deferred.make<never, ProcessError>()
  const { child, first } = yield* Effect.acquireRelease(started(what, command, lost), ({ child }) => ended(child))
  const opened: LineProcess = {
    first,
    tell: (line) => void child.stdin?.write(`${line}\n`),
    lost: Deferred.await(lost)
  }
  return opened
})

const started = (
  what: string,
  [program = "", ...args]: ReadonlyArray<string>,
  lost: Deferred.Deferred<never, ProcessError>
) =>
  Effect.callback<{ readonly child: ChildProcess; readonly first: string }, ProcessError>((resume) => {
    const fails = (doing: ProcessError["doing"], code: string) => {
      const error = new ProcessError({ what, doing, code })
      resume(Effect.fail(error))
      Deferred.doneUnsafe(lost, Effect.fail(error))
    }
    let child: ChildProcess
    try {
      child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] })
    } catch (error) {
      return fails("start", codeOf(error))
    }
    child.on("error", (error) => fails("start", codeOf(error)))
    child.stdin?.on("error", () => {})
    let isOpen = false
    child.once("exit", (code, signal) => fails(isOpen ? "serve" : "start", `ended with ${signal ?? code}`))
    const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> })
    lines.once("line", (first) => {
      isOpen = true
      resume(Effect.succeed({ child, first }))
    })
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

const ended = (child: ChildProcess) =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.stdin?.end()
  }).pipe(Effect.timeoutOrElse({
    duration: END_MS,
    orElse: () => Effect.sync(() => void child.kill("SIGKILL"))
  }))

const END_MS = 2_000

function codeOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException
  // Deno refuses with an error of its own.
  return code ?? (name === "NotCapable" || name === "PermissionDenied" ? "EACCES" : String(error))
}
