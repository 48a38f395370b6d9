/** Fairlead inside a program: the service without listeners. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type * as Stream from "effect/Stream"
import type * as net from "node:net"
import { domainOf } from "../../core/domain.ts"
import type { UpstreamId } from "../../core/model/Candidate.ts"
import type { Config } from "../../core/model/Config.ts"
import { Acceptor } from "../../plane/Acceptor.ts"
import type { Target } from "../../plane/Target.ts"
import { Control } from "../../shell/Control.ts"
import { Engine } from "../../shell/Engine.ts"
import type { BindError } from "../../plane/ports/errors.ts"
import type { ExposedError, RecordError } from "../../shell/errors.ts"
import { Facts } from "../../shell/facts/Facts.ts"
import type { PublicFact } from "../../shell/facts/PublicFact.ts"
import { Recorder } from "../../shell/Recorder.ts"
import { Traces } from "../../shell/Traces.ts"
import type { Status } from "../../shell/status.ts"
import { statusOf } from "../../shell/status.ts"
import { actsOn, tellCore } from "../control.ts"
import { embedded } from "../Live.ts"
import type { InForce } from "../Reload.ts"
import { rehearsal } from "../rehearsal.ts"
import { afterwards, ownAdminPort, putInForce, tracedReload } from "../Reload.ts"
import type { ConfigError } from "./config.ts"
import { decode } from "./config.ts"
import type { FairleadConfig } from "./FairleadConfig.ts"
import { connecting, connectingIn } from "./connecting.ts"
import type { ConnectError } from "./errors.ts"
import { UnknownUpstreamError } from "./errors.ts"
import type { Outcome, Selection } from "./Selections.ts"
import { Selections } from "./Selections.ts"
import { targetOf } from "./target.ts"

/** Candidates of each upstream in `status`: its set and the best of the others. */
const CANDIDATES_SHOWN = 256

export class Fairlead extends Context.Service<Fairlead, {
  /**
   * A connection to the best address now: a warm socket where one waits, else a new dial as `dial` and the ladder say.
   *
   * `host` and `port` are those of an upstream. Or `host` is the name of an upstream, and the port is its own or left out. Or
   * no configuration names them, and an address is found on first use (`onDemand`).
   *
   * The caller owns the socket (`connectScoped` closes it with a scope). The end of the layer resets it, and `session.idle`
   * ends it.
   *
   * Interruption and time limits end the wait at once. Inside `Effect.acquireRelease` they do so only with `{ interruptible:
   * true }`; without it the wait lasts until `dial.deadline`.
   */
  readonly connect: (host: string, port?: number) => Effect.Effect<net.Socket, UnknownUpstreamError | ConnectError>
  /** The same with a socket that the scope closes: after its written bytes have left, or at once where the scope fails. */
  readonly connectScoped: (
    host: string,
    port?: number
  ) => Effect.Effect<net.Socket, UnknownUpstreamError | ConnectError, Scope.Scope>
  /** The choice that `connect` would make now, for programs that dial by themselves. */
  readonly pick: (host: string, port?: number) => Effect.Effect<Selection, UnknownUpstreamError>
  /** Reports the outcome of a selection, once. false: the report does not count (see `Selections.report`). */
  readonly report: (selection: Selection, outcome: Outcome) => Effect.Effect<boolean>
  /** As `/status`, with addresses in full. */
  readonly status: Effect.Effect<Status>
  /**
   * The last `limits.factsKept` facts, then all that follow, without an end. A jump in `seq` means that the reader was too
   * slow.
   */
  readonly facts: Stream.Stream<PublicFact>
  /** Measures and resolves one upstream anew, or all of them. */
  readonly refresh: (host?: string, port?: number) => Effect.Effect<void, UnknownUpstreamError>
  /**
   * Puts another configuration in force without closing connections. On failure nothing changes. Gives warnings about changes
   * that need a new start.
   */
  readonly reload: (config: FairleadConfig) => Effect.Effect<ReadonlyArray<string>, ConfigError | BindError>
}>()("fairlead/Fairlead") {
  /**
   * Starts to probe at once. Binds and opens `listeners`, `admin` and `eventLog` where the configuration has them. All
   * connections end with the layer.
   */
  static readonly layer = (
    config: FairleadConfig
  ): Layer.Layer<Fairlead, ConfigError | BindError | ExposedError | RecordError> =>
    Layer.unwrap(Effect.gen(function* () {
      const { warnings, ...started } = yield* decode(config)
      yield* Effect.forEach(warnings, (warning) => Effect.logWarning(warning), { discard: true })
      return Layer.effect(Fairlead, make(started)).pipe(Layer.provide(embedded(started.settings, orders)))
    }))
}

/** The orders that the admin port may give. A program has no file that could be read anew. */
const orders = Layer.effect(
  Control,
  Effect.map(Engine, (engine) =>
    Control.of({
      ...actsOn(engine),
      reload: Effect.succeed({
        applied: false,
        problems: ["there is no file to read: the program that embeds Fairlead holds the configuration and can call reload"],
        warnings: []
      })
    }))
)

const make = Effect.fnUntraced(function* (started: InForce) {
  const engine = yield* Engine
  const acceptor = yield* Acceptor
  const recorder = yield* Recorder
  const facts = yield* Facts
  const control = yield* Control
  const tracing = yield* Traces
  const selections = new Selections(engine, acceptor)
  const oneAtATime = yield* Semaphore.make(1)
  let stopped = false
  yield* Effect.addFinalizer(() => Effect.sync(() => void (stopped = true)))
  yield* Effect.forkScoped(rehearsal(started.settings.core, true))
  const ports = { engine, acceptor, hasStopped: () => stopped }

  const targeted = (host: string, port: number | undefined): Effect.Effect<Target, UnknownUpstreamError> =>
    Effect.suspend(() => {
      const found = targetOf(engine.stateUnsafe().config, host, port)
      return found instanceof UnknownUpstreamError ? Effect.fail(found) : Effect.succeed(found)
    })
  const nameOf = (target: Target) => target._tag === "Upstream" ? target.name : domainOf(target.host, target.port)

  /** Waits until a candidate is found, where none is known. */
  const picked = (target: Target) =>
    Effect.callback<Selection | undefined>((resume) => {
      const ready = (id: UpstreamId | undefined) =>
        resume(Effect.sync(() => id === undefined ? undefined : selections.pick(id)))
      return Effect.sync(acceptor.discovery.find(target, ready))
    })

  const reload = Effect.fnUntraced(function* (config: FairleadConfig) {
    const { warnings, ...next } = yield* Effect.tapError(
      decode(config),
      ({ problems }) => facts.tell("IpPoolConfigUpdate", { upstream: null, applied: false, problems: problems.length })
    )
    const target = {
      rebind: acceptor.rebind,
      tellCore: (core: Config) => tellCore(engine, core),
      setLogLevelUnsafe: () => {},
      rehearse: (settings: typeof next.settings) => rehearsal(settings.core, true)
    }
    const confirmed = yield* tracedReload(
      tracing,
      Effect.mapError(putInForce(target, next.settings), ownAdminPort(started.settings)),
      () => true,
      () => next.settings
    )
    return [...warnings, ...afterwards(started, next, confirmed)]
  }, oneAtATime.withPermits(1))

  const connect = (host: string, port: number | undefined) =>
    Effect.flatMap(targeted(host, port), (target) => connecting(ports, target, nameOf(target)))

  return Fairlead.of({
    connect,
    connectScoped: (host, port) => connectingIn(connect(host, port)),
    pick: Effect.fnUntraced(function* (host, port) {
      const found = yield* picked(yield* targeted(host, port))
      return found ?? (yield* new UnknownUpstreamError({ host, port: port ?? null, known: [] }))
    }),
    report: (selection, outcome) => Effect.sync(() => selections.report(selection, outcome)),
    status: Effect.sync(() =>
      statusOf({
        state: engine.stateUnsafe(),
        nowUs: engine.nowUs(),
        restarts: engine.restartsUnsafe(),
        listeners: acceptor.statusUnsafe(),
        record: recorder.statusUnsafe(),
        names: engine.names
      }, { addresses: "full", candidates: CANDIDATES_SHOWN })
    ),
    facts: facts.streamAfter(0),
    refresh: Effect.fnUntraced(function* (host, port) {
      const name = host === undefined ? undefined : nameOf(yield* targeted(host, port))
      if (yield* control.refresh(name)) return
      yield* new UnknownUpstreamError({ host: host ?? "", port: port ?? null, known: [] })
    }),
    reload
  })
})
