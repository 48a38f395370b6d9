/**
 * History keeper: brings what earlier runs left to the core before anybody can connect, and writes what this run knows, at most
 * each `flushIntervalMs` and at the end. The disk may be damaged, full, read-only or silent: each is said once, counted, and
 * tried again; nobody waits for it longer than `timeoutMs`.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { historyOf } from "../core/history.ts"
import type { HistoryRecord } from "../core/model/History.ts"
import type { State } from "../core/model/State.ts"
import { Engine } from "./Engine.ts"
import type { HistoryTrouble } from "./errors.ts"
import { HISTORY_TROUBLES, HistoryError } from "./errors.ts"
import { HistoryStore } from "./HistoryStore.ts"
import { LoadedHistory } from "./LoadedHistory.ts"

export interface KeeperOptions {
  readonly flushIntervalMs: number
  readonly timeoutMs: number
  /** Where this machine is now; empty: nobody knows. */
  readonly network: () => string
}

/** How often each thing went wrong. */
export type Troubles = ReadonlyMap<HistoryTrouble, number>

const none: Troubles = new Map()

export class HistoryKeeper extends Context.Service<HistoryKeeper, {
  readonly troublesUnsafe: () => Troubles
  /** Writes what there is to know until the scope ends, and then once more. */
  readonly keep: (stateUnsafe: () => State) => Effect.Effect<void, never, Scope.Scope>
}>()("fairlead/shell/HistoryKeeper") {
  /** Also gives the engine what was found. */
  static readonly layer = (options: KeeperOptions) => Layer.effectContext(make(options))
  /** Writes the history of the engine. */
  static readonly writing = Layer.effectDiscard(Effect.gen(function* () {
    const { stateUnsafe } = yield* Engine
    yield* (yield* HistoryKeeper).keep(stateUnsafe)
  }))
}

/** Counts of trouble where a keeper may be missing. */
export const troubles: Effect.Effect<() => Troubles> = Effect.map(
  Effect.serviceOption(HistoryKeeper),
  (keeper) => keeper._tag === "Some" ? keeper.value.troublesUnsafe : () => none
)

const make = Effect.fnUntraced(function* (options: KeeperOptions) {
  const { flushIntervalMs, timeoutMs, network } = options
  const store = yield* HistoryStore
  const counts = new Map<HistoryTrouble, number>(HISTORY_TROUBLES.map((what) => [what, 0]))
  const count = ({ what }: HistoryError, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times)
  const inTime = <A>(effect: Effect.Effect<A, HistoryError>) =>
    // At the end nothing else may be interrupted.
    Effect.result(Effect.timeoutOrElse(Effect.interruptible(effect), {
      duration: timeoutMs,
      orElse: () => Effect.fail(new HistoryError({ what: "slow", path: "", why: `within ${timeoutMs} ms` }))
    }))
  const told = (error: HistoryError) => {
    count(error)
    return Effect.logWarning(error.message)
  }

  const found = yield* inTime(store.load)
  if (Result.isFailure(found)) yield* told(found.failure)
  else {
    const { problem, dropped } = found.success
    if (problem !== null) yield* told(problem)
    if (dropped > 0) {
      const error = new HistoryError({ what: "record", path: "", why: `${dropped} of them` })
      count(error, dropped)
      yield* Effect.logWarning(error.message)
    }
  }
  const records: ReadonlyArray<HistoryRecord> = Result.isSuccess(found) ? found.success.records : []

  const keep = Effect.fnUntraced(function* (stateUnsafe: () => State) {
    let seen: State | undefined
    let failing = false
    // Nothing known is nothing to write, unless it is the end of something.
    let begun = records.length > 0
    const flush = Effect.gen(function* () {
      const state = stateUnsafe()
      if (state === seen) return
      const known = historyOf(state, network())
      if (known.length === 0 && !begun) return
      begun = true
      const done = yield* inTime(store.save(known))
      if (Result.isSuccess(done)) {
        seen = state
        if (failing) yield* Effect.logInfo("history is written again")
        failing = false
      } else {
        if (failing) count(done.failure)
        else yield* told(done.failure)
        failing = true
      }
    })
    yield* Effect.addFinalizer(() => flush)
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(flushIntervalMs), flush)))
  })

  return Context.make(HistoryKeeper, HistoryKeeper.of({ troublesUnsafe: () => counts, keep })).pipe(
    Context.add(LoadedHistory, { records, network })
  )
})
