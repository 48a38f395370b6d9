/** The service of a program, on a running engine. */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import type * as net from "node:net"
import { domainOf } from "../../core/domain.ts"
import type { OwnTls } from "../../adapters/node/secure.ts"
import type { UpstreamId } from "../../core/model/Candidate.ts"
import type { Config } from "../../core/model/Config.ts"
import { asksByRules } from "../../core/tlsChain.ts"
import { Acceptor } from "../../plane/Acceptor.ts"
import type { Target } from "../../plane/Target.ts"
import { Control } from "../../shell/Control.ts"
import { Engine } from "../../shell/Engine.ts"
import { Facts } from "../../shell/facts/Facts.ts"
import { PoolTakes } from "../../shell/PoolTakes.ts"
import { Recorder } from "../../shell/Recorder.ts"
import { Traces } from "../../shell/Traces.ts"
import { statusOf } from "../../shell/status.ts"
import { TlsStageCounts } from "../../shell/TlsStageCounts.ts"
import { tellCore } from "../control.ts"
import type { InForce } from "../Reload.ts"
import { afterwards, ownAdminPort, putInForce, tracedReload } from "../Reload.ts"
import { firstAnswers } from "../firstAnswers.ts"
import { rehearsal } from "../rehearsal.ts"
import type { FairleadConfig } from "./FairleadConfig.ts"
import { ConfigError, decode } from "./config.ts"
import { connecting, connectingIn } from "./connecting.ts"
import { Connections } from "./Connections.ts"
import { ConnectError, UnknownUpstreamError } from "./errors.ts"
import type { Avoiding, FairleadService } from "./FairleadService.ts"
import { LearnedLimits } from "./LearnedLimits.ts"
import type { Outcome, Selection, SocketOutcome } from "./Selection.ts"
import { Selections } from "./Selections.ts"
import { stagedTls, StageTrials } from "./stagedTls.ts"
import { configOf, targetOf } from "./target.ts"

/** Candidates of each upstream in `status`: its set and the best of the others. */
const CANDIDATES_SHOWN = 256
const STOPPED = { path: "", expected: "a running Fairlead", message: "Fairlead has stopped: build its layer anew" }

export const running = Effect.fnUntraced(function* (started: InForce) {
  const engine = yield* Engine
  const acceptor = yield* Acceptor
  const recorder = yield* Recorder
  const takes = yield* PoolTakes
  const tls = yield* TlsStageCounts
  const facts = yield* Facts
  const control = yield* Control
  const tracing = yield* Traces
  const selections = new Selections(engine, acceptor)
  const trials = new StageTrials()
  const oneAtATime = yield* Semaphore.make(1)
  let stopped = false
  const connections = new Connections(engine)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      stopped = true
      connections.close()
    })
  )
  yield* Effect.forkScoped(Effect.andThen(firstAnswers, rehearsal(started.settings.core, true)))
  const ports = { engine, acceptor, connections, hasStopped: () => stopped }

  const targeted = (host: string, port: number | undefined): Effect.Effect<Target, UnknownUpstreamError> =>
    Effect.suspend(() => {
      const found = targetOf(engine.stateUnsafe().config, host, port)
      return found instanceof UnknownUpstreamError ? Effect.fail(found) : Effect.succeed(found)
    })
  const nameOf = (target: Target) => target._tag === "Upstream" ? target.name : domainOf(target.host, target.port)

  const stoppedFor = (target: Target) => new ConnectError({ upstream: nameOf(target), reason: "stopped", tried: [] })

  /** Waits until a candidate is found, where none is known. */
  const found = (target: Target) =>
    Effect.callback<UpstreamId | undefined>((resume) => {
      const ready = (id: UpstreamId | undefined) => resume(Effect.succeed(id))
      return Effect.sync(acceptor.discovery.find(target, ready))
    })

  const reload = Effect.fnUntraced(function* (config: FairleadConfig) {
    if (stopped) return yield* new ConfigError({ problems: [STOPPED] })
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

  const connect = (host: string, port?: number, { avoid = [] }: Avoiding = {}) =>
    Effect.flatMap(targeted(host, port), (target) => connecting(ports, target, nameOf(target), avoid))

  const connectTls = Effect.fnUntraced(function* (host: string, port?: number, own: OwnTls = {}) {
    const target = yield* targeted(host, port)
    const id = stopped ? undefined : yield* found(target)
    if (stopped) return yield* stoppedFor(target)
    if (id === undefined) return yield* unknown(host, port)
    return yield* stagedTls(ports, trials, target, id, nameOf(target), own)
  })

  const service: FairleadService = {
    connect,
    connectTls,
    connectTlsScoped: (host, port, own) => connectingIn(connectTls(host, port, own)),
    hasTlsRules: (host, port) => {
      const config = configOf(engine.stateUnsafe().config, host, port)
      return config !== undefined && asksByRules(config.tls)
    },
    connectScoped: (host, port, options) => connectingIn(connect(host, port, options)),
    servedBy: connections.servedBy,
    kept: new LearnedLimits(engine),
    pick: Effect.fnUntraced(function* (host, port) {
      const target = yield* targeted(host, port)
      const id = stopped ? undefined : yield* found(target)
      if (stopped) return yield* stoppedFor(target)
      return (id === undefined ? undefined : selections.pick(id)) ?? (yield* unknown(host, port))
    }),
    report: (about: Selection | net.Socket, outcome: Outcome | SocketOutcome) =>
      Effect.sync(() =>
        outcome === "failed" ? connections.fail(about as net.Socket) : selections.report(about as Selection, outcome)
      ),
    status: Effect.sync(() =>
      statusOf({
        state: engine.stateUnsafe(),
        nowUs: engine.nowUs(),
        restarts: engine.restartsUnsafe(),
        listeners: acceptor.statusUnsafe(),
        record: recorder.statusUnsafe(),
        names: engine.names,
        takes,
        tls
      }, { addresses: "full", candidates: CANDIDATES_SHOWN })
    ),
    facts: facts.streamAfter(0),
    refresh: Effect.fnUntraced(function* (host, port) {
      const name = host === undefined ? undefined : nameOf(yield* targeted(host, port))
      if (yield* control.refresh(name)) return
      yield* unknown(host ?? "", port)
    }),
    reload
  }
  return service
})

function unknown(host: string, port: number | undefined): UnknownUpstreamError {
  return new UnknownUpstreamError({ host, port: port ?? null, known: [] })
}
