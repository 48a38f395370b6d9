/**
 * The cost of a fiber where a callback would do: CPU in µs for each piece of work, taken in turns in one run. The work itself is empty:
 * a transport that answers at once. The figures decide what stays a callback (docs/architecture.md, "Fibers and callbacks").
 */
import "../src/apps/denoFirst.ts"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberHandle from "effect/FiberHandle"
import * as FiberSet from "effect/FiberSet"
import * as Scope from "effect/Scope"
import process from "node:process"
import { timerWheel } from "../src/adapters/node/timerWheel.ts"

type Cancel = () => void
type Answer = (result: number) => void

const BATCH = 1_000
const ROUNDS = 60
const WARM_UP = 20
const LIMIT_MS = 3_000

let pending: Array<Answer> = []
const none: Cancel = () => {}
const dial = (answer: Answer): Cancel => {
  pending.push(answer)
  return none
}
const answerAll = () => {
  const all = pending
  pending = []
  for (const answer of all) answer(1)
}

let done = 0
const ended = () => void done++

const scope = Scope.makeUnsafe()
const fork = await Effect.runPromise(Scope.provide(FiberSet.makeRuntime<never, unknown, unknown>(), scope))
const rearm = await Effect.runPromise(Scope.provide(FiberHandle.makeRuntime<never, unknown, unknown>(), scope))

/** A dial with a time limit, as callbacks with their cancel in a set. */
const cancels = new Set<Cancel>()
const byCallbacks = (timer: (ms: number, fire: () => void) => Cancel) => {
  const cancel = () => {
    stopTimer()
    stopDial()
  }
  const stopTimer = timer(LIMIT_MS, cancel)
  const stopDial = dial(() => {
    stopTimer()
    cancels.delete(cancel)
    ended()
  })
  cancels.add(cancel)
}

/** The same as one fiber whose only step is a callback. */
const timed = (timer: (ms: number, fire: () => void) => Cancel) =>
  Effect.callback<number, "timeout">((resume) => {
    const stopTimer = timer(LIMIT_MS, () => {
      stopDial()
      resume(Effect.fail("timeout"))
    })
    const stopDial = dial((result) => {
      stopTimer()
      resume(Effect.succeed(result))
    })
    return Effect.sync(() => {
      stopTimer()
      stopDial()
    })
  })

const dialling = Effect.callback<number>((resume) => Effect.sync(dial((result) => resume(Effect.succeed(result)))))
const inTime = Effect.timeoutOption(dialling, LIMIT_MS)
const runtimeTimer = (ms: number, fire: () => void): Cancel => {
  const timer = setTimeout(fire, ms)
  return () => clearTimeout(timer)
}

const works: Readonly<Record<string, () => void>> = {
  "warm dial: callbacks, cancel in a set": () => byCallbacks(timerWheel),
  "warm dial: one fiber in a FiberSet": () => void fork(Effect.map(timed(timerWheel), ended)),
  "warm dial: fiber, Effect.timeout": () => void fork(Effect.map(inTime, ended)),
  "probe: callbacks": () => byCallbacks(runtimeTimer),
  "probe: one fiber in a FiberSet": () => void fork(Effect.map(timed(runtimeTimer), ended)),
  "probe: fiber with a span, no tracer": () =>
    void fork(Effect.map(Effect.withSpan(timed(runtimeTimer), "fairlead.probe", { captureStackTrace: false }), ended)),
  "deadline: timer set again": () => {
    stopAlarm()
    stopAlarm = runtimeTimer(LIMIT_MS, ended)
    done++
  },
  "deadline: fiber that sleeps, forked again": () => {
    rearm(Effect.andThen(Effect.sleep(LIMIT_MS), Effect.sync(ended)))
    done++
  },
  "waiting client: callback in a set": () => void dial(ended),
  "waiting client: fiber on a Deferred": () => void fork(Effect.map(Deferred.await(gate), ended))
}
let stopAlarm: Cancel = none
let gate = Deferred.makeUnsafe<void>()

async function round(work: () => void): Promise<number> {
  gate = Deferred.makeUnsafe()
  done = 0
  const began = process.cpuUsage()
  for (let i = 0; i < BATCH; i++) work()
  answerAll()
  Deferred.doneUnsafe(gate, Effect.void)
  while (done < BATCH) await new Promise((resolve) => setImmediate(resolve))
  const { user, system } = process.cpuUsage(began)
  return (user + system) / BATCH
}

const median = (values: ReadonlyArray<number>) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const took = new Map(Object.keys(works).map((name) => [name, [] as Array<number>]))
for (let i = 0; i < WARM_UP + ROUNDS; i++) {
  // All kinds of work take turns, so that a busy moment of the machine meets each of them.
  for (const [name, work] of Object.entries(works)) {
    const us = await round(work)
    if (i >= WARM_UP) took.get(name)?.push(us)
  }
}
for (const [name, us] of took) console.log(`${name.padEnd(44)} ${median(us).toFixed(2)} µs`)
stopAlarm()
await Effect.runPromise(Scope.close(scope, Exit.void))
