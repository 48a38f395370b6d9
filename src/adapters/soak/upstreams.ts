/** Starts the process of the soak's upstreams. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import process from "node:process"
import { createInterface } from "node:readline"
import type { Opened, Order, Plan } from "./orders.ts"
import { draws, UPSTREAMS } from "./orders.ts"
import type { UpstreamOptions } from "./Upstream.ts"
import { Upstream } from "./Upstream.ts"

/** The upstreams of the soak cannot be had, or are lost. */
export class UpstreamsError extends Schema.TaggedError<UpstreamsError>()("UpstreamsError", {
  doing: Schema.Literals(["start", "serve"]),
  /** What happened, such as EACCES, or "ended with 1". */
  code: Schema.String
}) {
  override get message(): string {
    const advice = this.code === "EACCES" || this.code === "EPERM"
      ? "allow this program to start itself (Deno: --allow-run)"
      : "see its messages above, and whether the system ended it (memory, a limit)"
    return this.doing === "start"
      ? `the upstreams of the soak could not be started as a process: ${this.code}: ${advice}`
      : `the process of the soak's upstreams ended while they were needed: ${this.code}: ${advice}`
  }
}

/** They live as long as the scope. `lost` fails when their process ends before. */
export const openUpstreams = Effect.fnUntraced(function* (options: ReadonlyArray<UpstreamOptions>, seed: number) {
  const origins = options.map(({ index, rttMs, jitter }) => ({ index, rttMs, jitter }))
  const lost = yield* Deferred.make<never, UpstreamsError>()
  const { child, opened } = yield* Effect.acquireRelease(started({ seed, origins }, lost), ({ child }) => ended(child))
  const draw = draws(seed)
  const upstreams = options.map((one, place) =>
    new Upstream(one, opened.ports[place] ?? 0, draw, (condition) => {
      const order: Order = { place, ...condition }
      child.stdin?.write(`${JSON.stringify(order)}\n`)
    })
  )
  return { upstreams, lost: Deferred.await(lost) }
})

/** This program once more, with other arguments. */
const started = (plan: Plan, lost: Deferred.Deferred<never, UpstreamsError>) =>
  Effect.callback<{ readonly child: ChildProcess; readonly opened: Opened }, UpstreamsError>((resume) => {
    const fails = (doing: UpstreamsError["doing"], code: string) => {
      const error = new UpstreamsError({ doing, code })
      resume(Effect.fail(error))
      Deferred.doneUnsafe(lost, Effect.fail(error))
    }
    const args = [...process.execArgv, process.argv[1] ?? "", UPSTREAMS, JSON.stringify(plan)]
    let child: ChildProcess
    try {
      child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] })
    } catch (error) {
      return fails("start", codeOf(error))
    }
    child.on("error", (error) => fails("start", codeOf(error)))
    child.stdin?.on("error", () => {})
    let isOpen = false
    child.once("exit", (code, signal) => fails(isOpen ? "serve" : "start", `ended with ${signal ?? code}`))
    createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> }).once("line", (line) => {
      isOpen = true
      resume(Effect.succeed({ child, opened: JSON.parse(line) as Opened }))
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

/** It ends with its input. */
const END_MS = 2_000

function codeOf(error: unknown): string {
  const { code, name } = error as NodeJS.ErrnoException
  // Deno refuses with an error of its own.
  return code ?? (name === "NotCapable" || name === "PermissionDenied" ? "EACCES" : String(error))
}
