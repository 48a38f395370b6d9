/**
 * History keeper: gives the core what earlier runs left, before a client can connect, and writes what this run knows.
 *
 * - It writes at most `firstWriteMs` after the first selection, then after a wait of this length that doubles up to
 *   `flushIntervalMs`, and at the end. So a run that lives for two seconds leaves what it learned in them.
 * - The disk may be damaged, full, read-only or silent. Each fault is reported once, counted, and the work is tried again.
 *   No part of the service waits for the disk longer than `timeoutMs`.
 * - While the operator has everything turned off, it reads and writes nothing.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
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
  /** Whether the service starts enabled. Only then is the earlier history read at the start. */
  readonly enabled: boolean
  readonly firstWriteMs: number
  readonly flushIntervalMs: number
  readonly timeoutMs: number
  /** Where this machine is now; empty: unknown. */
  readonly network: () => string
}

/** How often each fault occurred. */
export type Troubles = ReadonlyMap<HistoryTrouble, number>

const noTroubles: Troubles = new Map()
const none: ReadonlyArray<HistoryRecord> = []

export class HistoryKeeper extends Context.Service<HistoryKeeper, {
  readonly troublesUnsafe: () => Troubles
  /** Writes what is known until the scope ends, and then once more. */
  readonly keep: (stateUnsafe: () => State) => Effect.Effect<void, never, Scope.Scope>
}>()("fairlead/shell/HistoryKeeper") {
  /** Also gives the engine the loaded history. */
  static readonly layer = (options: KeeperOptions) => Layer.effectContext(make(options))
  /** Writes the history of the engine. */
  static readonly writing = Layer.effectDiscard(Effect.gen(function* () {
    const { stateUnsafe } = yield* Engine
    yield* (yield* HistoryKeeper).keep(stateUnsafe)
  }))
}

/** Counts of faults, where a keeper may be missing. */
export const troubles: Effect.Effect<() => Troubles> = Effect.map(
  Effect.serviceOption(HistoryKeeper),
  (keeper) => keeper._tag === "Some" ? keeper.value.troublesUnsafe : () => noTroubles
)

const make = Effect.fnUntraced(function* (options: KeeperOptions) {
  const { enabled, firstWriteMs, flushIntervalMs, timeoutMs, network } = options
  const store = yield* HistoryStore
  const counts = new Map<HistoryTrouble, number>(HISTORY_TROUBLES.map((what) => [what, 0]))
  const count = ({ what }: HistoryError, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times)
  const inTime = <A>(effect: Effect.Effect<A, HistoryError>) =>
    // At the end no other part may be interrupted.
    Effect.result(Effect.timeoutOrElse(Effect.interruptible(effect), {
      duration: timeoutMs,
      orElse: () => Effect.fail(new HistoryError({ what: "slow", path: "", why: `within ${timeoutMs} ms` }))
    }))
  const told = (error: HistoryError) => {
    count(error)
    return Effect.logWarning(error.message)
  }

  const load = Effect.gen(function* () {
    const found = yield* inTime(store.load)
    if (Result.isFailure(found)) {
      yield* told(found.failure)
      return none
    }
    const { records, problem, dropped } = found.success
    if (problem !== null) yield* told(problem)
    if (dropped > 0) {
      const error = new HistoryError({
        what: "record",
        path: "",
        why: `${dropped} invalid record${dropped === 1 ? "" : "s"}`
      })
      count(error, dropped)
      yield* Effect.logWarning(error.message)
    }
    return records
  })
  const records = enabled ? yield* load : none

  const keep = Effect.fnUntraced(function* (stateUnsafe: () => State) {
    let seen: State | undefined
    let failing = false
    // Without any knowledge there is nothing to write, unless the file had records before.
    let begun = records.length > 0
    let isRead = enabled
    // The core takes earlier history at the start alone. What is read later is for the next run.
    let unread = none
    const flush = Effect.gen(function* () {
      const state = stateUnsafe()
      if (state === seen || !(state.override ?? state.config.enabled)) return
      if (!isRead) unread = yield* load
      isRead = true
      const known = withEarlier(historyOf(state, network()), unread)
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
    const each = Effect.schedule(flush, Schedule.spaced(flushIntervalMs))
    const isSelected = Effect.sync(() =>
      stateUnsafe().upstreams.chunks.some((chunk) => chunk.some(({ members }) => members.length > 0))
    )
    const selected = Effect.repeat(Effect.delay(isSelected, Math.min(firstWriteMs, flushIntervalMs)), { until: (is) => is })
    const early = Effect.gen(function* () {
      for (let waitMs = firstWriteMs; waitMs < flushIntervalMs; waitMs *= 2) {
        yield* flush
        yield* Effect.sleep(waitMs)
      }
    })
    yield* Effect.raceFirst(selected, each).pipe(
      Effect.andThen(early),
      Effect.andThen(flush),
      Effect.andThen(each),
      Effect.forkScoped
    )
  })

  return Context.make(HistoryKeeper, HistoryKeeper.of({ troublesUnsafe: () => counts, keep })).pipe(
    Context.add(LoadedHistory, { records, network })
  )
})

/** What this run knows, then what earlier runs knew of other addresses. */
function withEarlier(
  known: ReadonlyArray<HistoryRecord>,
  earlier: ReadonlyArray<HistoryRecord>
): ReadonlyArray<HistoryRecord> {
  if (earlier.length === 0) return known
  const placeOf = ({ host, upstream, address, port }: HistoryRecord) => JSON.stringify([host, upstream, address, port])
  const places = new Set(known.map(placeOf))
  return [...known, ...earlier.filter((one) => !places.has(placeOf(one)))]
}
