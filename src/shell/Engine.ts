/**
 * Engine: the one place where time becomes data. It stamps events as they enter, and folds them through the core in turns of
 * at most `turnMs`. It gives each entry to the recorder before its decisions take effect, and publishes the routes.
 *
 * If the core itself fails, the last routes stay in force and clients go on. The record stores the entry that caused the
 * failure. A fresh state takes over, with ids that were never used, and its routes are published once it is ready.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type * as PubSub from "effect/PubSub"
import type { Advance } from "../core/advance.ts"
import { advance as coreAdvance } from "../core/advance.ts"
import { nextDeadline } from "../core/deadline.ts"
import { historyOf } from "../core/history.ts"
import { cheapFault } from "../core/invariants.ts"
import type { Config } from "../core/model/Config.ts"
import type { Fact } from "../core/model/Decision.ts"
import type { ControlEvent, Entry, Event, InterfacesChanged } from "../core/model/Event.ts"
import type { Routes } from "../core/model/Routes.ts"
import type { State } from "../core/model/State.ts"
import { isReady } from "../core/ready.ts"
import { initial } from "../core/state.ts"
import * as Candidates from "../core/candidates.ts"
import * as Upstreams from "../core/upstreams.ts"
import { entryBody } from "../record/codec.ts"
import { Alarm } from "./Alarm.ts"
import * as Interpreter from "./Interpreter.ts"
import { afterAnswers } from "./lateTick.ts"
import { LoadedHistory } from "./LoadedHistory.ts"
import { Mailbox } from "./Mailbox.ts"
import { NameTroubles } from "./NameTroubles.ts"
import { Observers, together } from "./Observer.ts"
import { Recorder } from "./Recorder.ts"
import { ControlPort } from "../plane/ports/ControlPort.ts"
import { PlanePort } from "../plane/ports/PlanePort.ts"
import { Resolver } from "../plane/ports/Resolver.ts"
import { Transport } from "../plane/ports/Transport.ts"
import * as WallClock from "./WallClock.ts"

/**
 * A client waits for the result of these events, so they do not gather with others. They are rare: first uses of names, and
 * answers of the resolver.
 */
const AWAITED: ReadonlySet<Event["_tag"]> = new Set(["DomainRequested", "Resolved", "ResolveFailed", "Raced"])

export interface EngineOptions {
  readonly config: Config
  readonly seed: number
  /** Limit of events on their way into the core. */
  readonly mailbox: number
  /** How long one turn may keep the thread, in ms. */
  readonly turnMs: number
  /**
   * How long events gather before the turn that handles them, in ms; 0: the turn comes as soon as what has arrived is on its
   * way.
   */
  readonly gatherMs: number
  /** Pause before a failed core starts again, in ms. */
  readonly restartDelayMs: number
  readonly advance?: Advance
  /** Called after each turn with its length in µs. */
  readonly onTurn?: (tookUs: number) => void
}

export class Engine extends Context.Service<Engine, {
  /** Promises permits of the mailbox; false: it is full. */
  readonly reserveUnsafe: (permits: number) => boolean
  /** Uses a promised permit. It never waits and never fails. */
  readonly postUnsafe: (event: Event) => void
  /**
   * Commands of an operator, and changes of the machine's network. They need no permit, because there are never more than a
   * few.
   */
  readonly controlUnsafe: (event: ControlEvent | InterfacesChanged) => void
  readonly routesUnsafe: () => Routes
  /** Troubles of names. */
  readonly names: NameTroubles
  readonly stateUnsafe: () => State
  /** Microseconds since the engine started. */
  readonly nowUs: () => number
  readonly facts: PubSub.PubSub<Fact>
  /** How often the core had to start again. */
  readonly restartsUnsafe: () => number
}>()("fairlead/shell/Engine") {
  /** Gives the data plane its port as well. */
  static readonly layer = (options: EngineOptions) => Layer.effectContext(make(options))
}

const make = Effect.fnUntraced(function* (options: EngineOptions) {
  const { config, seed, restartDelayMs } = options
  const advance = options.advance ?? coreAdvance
  const transport = yield* Transport
  const recorder = yield* Recorder
  const observe = together(yield* Observers, (cause) => {
    fork(Effect.logError("an observer failed and may have missed an entry; this is logged once for each observer", cause))
  })
  const history = yield* LoadedHistory
  const mailbox = new Mailbox(options.mailbox, 0)
  const epochUs = transport.nowUs()
  const nowUs = () => transport.nowUs() - epochUs

  let state = initial(config, seed)
  let routes = state.routes
  /** The history with which a state begins. */
  let remembered = history.records
  let published: (routes: Routes) => void = () => {}
  let restarts = 0
  let failed = false
  /** A round of turns is under way or scheduled. */
  let awake = false
  /** The turn is scheduled, but events still gather. A call stops the gathering. */
  let stopGathering: (() => void) | undefined
  /** The last turn did not empty the mailbox. */
  let more = false
  let stopped = false

  const postUnsafe = (event: Event) => {
    mailbox.post(nowUs(), event)
    wake(AWAITED.has(event._tag))
  }
  const postOwn = (event: Event) => {
    mailbox.postOwn(nowUs(), event)
    wake(AWAITED.has(event._tag))
  }
  const plane = yield* PlanePort
  plane.connectUnsafe(postOwn)
  const names = new NameTroubles({
    nowUs,
    ownersOf: (host) => ownersOf(state, host),
    hosts: () => state.config.upstreams.map(({ host }) => host)
  })
  const resolver = names.watching(yield* Resolver)
  const interpreter = yield* Interpreter.make(plane, resolver, postOwn, () => state)

  let ticking = false
  const alarm = new Alarm({ timerUnsafe: transport.timerUnsafe, nowUs }, (lateUs) => {
    if (ticking) return
    ticking = true
    afterAnswers(transport, lateUs, () => postOwn({ _tag: "Ticked", worker: 0 }))
  })

  const fold = (entry: Entry) => {
    if (entry.event._tag === "Ticked") ticking = false
    try {
      const advanced = advance(state, entry)
      const fault = cheapFault(state, advanced.state)
      if (fault !== null) throw new Error(`broken invariant: ${fault}`)
      state = advanced.state
      recorder.appendUnsafe(entryBody(entry, advanced), state)
      for (const decision of advanced.decisions) interpreter.runUnsafe(decision)
      if (routes !== state.routes && (restarts === 0 || isReady(state))) {
        routes = state.routes
        published(routes)
      }
      observe?.(entry, advanced.decisions, state)
    } catch (cause) {
      fail(entry, cause)
    }
  }

  const fail = (entry: Entry, cause: unknown) => {
    failed = true
    recorder.dumpUnsafe(state, JSON.stringify(entry).slice(0, -1), cause instanceof Error ? cause.message : String(cause))
    const minted = { ...state.minted, generation: state.minted.generation + 1 }
    remembered = remains(state, entry)
    // With the configuration of the last reload, and the last command of the operator.
    const fresh = initial(state.config, seed + ++restarts, minted)
    state = {
      ...fresh,
      override: state.override,
      outage: { ...fresh.outage, families: state.outage.families },
      seq: entry.seq,
      at: entry.at,
      routes: { ...fresh.routes, version: state.routes.version }
    }
  }

  const restart = Effect.gen(function* () {
    yield* Effect.logError("the core failed and starts again; clients use the last routes", { restarts })
    yield* Effect.sleep(restartDelayMs)
    failed = false
    recorder.beginUnsafe(state, "core-restarted")
    yield* started
    // Events that came meanwhile wait in the mailbox.
    wake()
  })

  /** The knowledge of a failed core is the history of the next one, unless the core failed on that history. */
  const remains = (last: State, { event }: Entry) => {
    try {
      return event._tag === "HistoryLoaded" ? [] : historyOf(last, history.network())
    } catch {
      // A state that broke the core may break this too. Then the next one begins with nothing, and its failure has been
      // reported.
      return []
    }
  }

  const started = Effect.map(WallClock.nowMs, (wallMs) => {
    postOwn({ _tag: "Started", worker: 0, wallMs })
    if (remembered.length === 0) return
    postOwn({ _tag: "HistoryLoaded", worker: 0, network: history.network(), records: remembered })
  })

  /** One turn; true: there is more. */
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
    if (deadline !== undefined && !ticking) alarm.arm(deadline)
    options.onTurn?.(nowUs() - beganUs)
    return !mailbox.isEmpty
  }

  /**
   * The event loop starts turns, not a fiber. That saves some microseconds for each client. A fiber that lives on and waits
   * keeps some 400 bytes for each of its waits on Deno 2.9. Turns come a little later than their events. So a client's first
   * bytes leave before the core hears of the client (a millisecond less to its first byte). Under load the same work costs a
   * third less in few long turns than in many short ones, because the caches are cold between turns.
   */
  const wake = (isAwaited = false) => {
    if (awake && (!isAwaited || stopGathering === undefined)) return
    stopGathering?.()
    awake = true
    const gathers = options.gatherMs > 0 && !more && !isAwaited
    if (gathers) stopGathering = transport.timerUnsafe(options.gatherMs, turns)
    else {
      stopGathering = undefined
      transport.soonUnsafe(turns)
    }
  }
  const turns = () => {
    awake = false
    stopGathering = undefined
    if (stopped || failed) return
    more = turn()
    if (failed) fork(restart)
    else if (more) wake()
  }

  recorder.beginUnsafe(state, null)
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      plane.closeUnsafe()
      // The data plane's last events are the last entries of the record.
      while (!failed && turn()) continue
      alarm.stop()
      stopped = true
      return recorder.close(state)
    })
  )
  const fork = yield* FiberSet.makeRuntime<never, void>()
  yield* started
  // The first routes, with what history knows about them, exist before a listener can be bound. So no client comes too
  // early, however long the first turn takes.
  do turns()
  while (more && !failed)
  yield* Effect.forkScoped(WallClock.watch(nowUs, (wallMs) => postOwn({ _tag: "WallRead", worker: 0, wallMs })))

  const engine = Engine.of({
    reserveUnsafe: (permits) => mailbox.reserve(permits),
    postUnsafe,
    controlUnsafe: postOwn,
    routesUnsafe: () => routes,
    names,
    stateUnsafe: () => state,
    nowUs,
    facts: interpreter.facts,
    restartsUnsafe: () => restarts
  })
  const port = ControlPort.of({
    routesUnsafe: engine.routesUnsafe,
    watchRoutesUnsafe: (told) => void (published = told),
    reserveUnsafe: engine.reserveUnsafe,
    releaseUnsafe: (permits) => mailbox.release(permits),
    postUnsafe,
    discoveryUnsafe: () => state.config.onDemand,
    labelUnsafe: (upstream, candidate) =>
      candidate === "system" ? `${Upstreams.labelOf(state, upstream)}#system` : Candidates.labelOf(state, candidate),
    resolver,
    epochUs,
    nowUs
  })
  return Context.make(Engine, engine).pipe(Context.add(ControlPort, port))
})

/** The upstreams with this name, as labels name them. */
function ownersOf(state: State, host: string) {
  return state.config.upstreams.flatMap(({ removed, host: own, onDemand }, id) =>
    removed || own !== host ? [] : [{ label: Upstreams.labelOf(state, id), isConfigured: !onDemand }]
  )
}
