/**
 * Engine: the one place where time becomes data. It stamps events as they enter, folds them through the core in turns of at
 * most `turnMs`, gives each entry to the recorder before its decisions are acted upon, and publishes the routes.
 *
 * If the core itself fails, the last routes stay in force and clients go on; the record keeps the culprit; a fresh state
 * takes over under ids that were never used, and its routes are published once it has something to say.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as PubSub from "effect/PubSub"
import type { Advance } from "../core/advance.ts"
import { advance as coreAdvance } from "../core/advance.ts"
import { nextDeadline } from "../core/deadline.ts"
import { cheapFault } from "../core/invariants.ts"
import type { Config } from "../core/model/Config.ts"
import type { Fact } from "../core/model/Decision.ts"
import type { Entry, Event } from "../core/model/Event.ts"
import type { Routes } from "../core/model/Routes.ts"
import type { State } from "../core/model/State.ts"
import { isReady } from "../core/ready.ts"
import { initial } from "../core/state.ts"
import { entryBody } from "../log/codec.ts"
import * as Alarm from "./Alarm.ts"
import * as Interpreter from "./Interpreter.ts"
import { Mailbox } from "./Mailbox.ts"
import { Recorder } from "./Recorder.ts"
import { Transport } from "./Transport.ts"
import * as WallClock from "./WallClock.ts"

export interface EngineOptions {
  readonly config: Config
  readonly seed: number
  /** Events on their way into the core at most. */
  readonly mailbox: number
  /** How long one turn may keep the thread, in ms. */
  readonly turnMs: number
  /** Pause before a failed core starts afresh, in ms. */
  readonly restartDelayMs: number
  readonly advance?: Advance
  /** Told how long each turn took, in µs. */
  readonly onTurn?: (tookUs: number) => void
}

export class Engine extends Context.Service<Engine, {
  /** Promises places in the mailbox; false when it is full. */
  readonly reserveUnsafe: (places: number) => boolean
  readonly releaseUnsafe: (places: number) => void
  /** Takes a promised place; never waits, never fails. */
  readonly postUnsafe: (event: Event) => void
  readonly routesUnsafe: () => Routes
  readonly stateUnsafe: () => State
  /** The moment of the transport's clock at which the engine started, in µs. */
  readonly epochUs: number
  /** Microseconds since the engine started. */
  readonly nowUs: () => number
  readonly facts: PubSub.PubSub<Fact>
  /** How often the core had to start afresh. */
  readonly restartsUnsafe: () => number
}>()("fairlead/shell/Engine") {
  static readonly layer = (options: EngineOptions) => Layer.effect(Engine, make(options))
}

const make = Effect.fnUntraced(function* (options: EngineOptions) {
  const { config, seed, restartDelayMs } = options
  const advance = options.advance ?? coreAdvance
  const transport = yield* Transport
  const recorder = yield* Recorder
  const interpreter = yield* Interpreter.make
  const mailbox = new Mailbox(options.mailbox, 0)
  const epochUs = transport.nowUs()
  const nowUs = () => transport.nowUs() - epochUs

  let state = initial(config, seed)
  let routes = state.routes
  let restarts = 0
  let failed = false
  let awake = false

  const postUnsafe = (event: Event) => {
    mailbox.post(nowUs(), event)
    if (awake) return
    awake = true
    fork(turns)
  }
  const postUninvited = (event: Event) => {
    // Ticks and the wall clock are at most one each on their way, so they need no promise.
    mailbox.release(-1)
    postUnsafe(event)
  }

  let ticking = false
  const alarm = yield* Alarm.make(nowUs, () => {
    if (ticking) return
    ticking = true
    postUninvited({ _tag: "Ticked", worker: 0 })
  })

  const fold = (entry: Entry) => {
    if (entry.event._tag === "Ticked") ticking = false
    try {
      const advanced = advance(state, entry)
      const fault = cheapFault(state, advanced.state)
      if (fault !== null) throw new Error(`broken invariant: ${fault}`)
      state = advanced.state
      recorder.appendUnsafe(entryBody(entry, advanced), state)
      for (const decision of advanced.decisions) {
        if (Interpreter.awaitsAnswer(decision)) mailbox.release(-1)
        interpreter.runUnsafe(decision, postUnsafe)
      }
      if (routes !== state.routes && (restarts === 0 || isReady(state))) routes = state.routes
    } catch (cause) {
      fail(entry, cause)
    }
  }

  const fail = (entry: Entry, cause: unknown) => {
    failed = true
    recorder.dumpUnsafe(state, JSON.stringify(entry).slice(0, -1), cause instanceof Error ? cause.message : String(cause))
    const { probe, generation } = state.minted
    const fresh = initial(config, seed + ++restarts, { probe, generation: generation + 1 })
    state = { ...fresh, seq: entry.seq, at: entry.at, routes: { ...fresh.routes, version: state.routes.version } }
  }

  const restart = Effect.gen(function* () {
    yield* Effect.logError("the core failed and starts afresh; clients keep the last routes", { restarts })
    yield* Effect.sleep(restartDelayMs)
    failed = false
    recorder.beginUnsafe(state, "core-restarted")
    yield* started
  })

  const started = Effect.map(WallClock.nowMs, (wallMs) => postUninvited({ _tag: "Started", worker: 0, wallMs }))

  /** One turn; true when there is more. */
  const turn = (): boolean => {
    const beganUs = nowUs()
    const untilUs = beganUs + options.turnMs * 1000
    let entry = mailbox.take()
    while (entry !== undefined) {
      fold(entry)
      if (failed || nowUs() >= untilUs) break
      entry = mailbox.take()
    }
    const deadline = nextDeadline(state)
    if (deadline !== undefined && !ticking) alarm.armUnsafe(deadline)
    options.onTurn?.(nowUs() - beganUs)
    return !mailbox.isEmpty
  }

  /**
   * Turns until the mailbox is empty, then this fiber ends. One that lived on and waited for mail would keep some 400 bytes
   * for each time it waited on Deno 2.9, where the AsyncResource that Effect makes then holds on to the one before it.
   */
  const turns = Effect.gen(function* () {
    while (true) {
      const more = turn()
      if (failed) yield* restart
      else if (more) yield* Effect.yieldNow
      else break
    }
    awake = false
  })

  recorder.beginUnsafe(state, null)
  yield* Effect.addFinalizer(() => Effect.suspend(() => recorder.close(state)))
  // After the finalizer: turns end before the record is closed.
  const fork = yield* FiberSet.makeRuntime<never, void>()
  yield* started
  yield* Effect.forkScoped(WallClock.watch(nowUs, (wallMs) => postUninvited({ _tag: "WallRead", worker: 0, wallMs })))

  return Engine.of({
    reserveUnsafe: (places) => mailbox.reserve(places),
    releaseUnsafe: (places) => mailbox.release(places),
    postUnsafe,
    routesUnsafe: () => routes,
    stateUnsafe: () => state,
    epochUs,
    nowUs,
    facts: interpreter.facts,
    restartsUnsafe: () => restarts
  })
})
