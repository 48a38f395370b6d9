/** The service as one layer. All layers are put together here and nowhere else. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as path from "node:path"
import * as AdminServer from "../adapters/admin/AdminServer.ts"
import * as FileRecorder from "../adapters/file/FileRecorder.ts"
import * as HistoryFile from "../adapters/file/HistoryFile.ts"
import { Disk } from "../adapters/file/Disk.ts"
import type { Location } from "../adapters/file/location.ts"
import { guestLocation, lockDirectory } from "../adapters/file/location.ts"
import * as NoHistory from "../adapters/memory/NoHistory.ts"
import * as NoRecorder from "../adapters/memory/NoRecorder.ts"
import { newRun } from "../adapters/node/entropy.ts"
import * as NodeInterfaces from "../adapters/node/NodeInterfaces.ts"
import * as NodeResolver from "../adapters/node/NodeResolver.ts"
import * as NodeTransport from "../adapters/node/NodeTransport.ts"
import { networkTag } from "../adapters/node/networkTag.ts"
import { stateDirectory } from "../adapters/node/stateDirectory.ts"
import * as Telemetry from "../adapters/otel/Telemetry.ts"
import { Acceptor } from "../plane/Acceptor.ts"
import { Plane } from "../plane/Plane.ts"
import { Engine } from "../shell/Engine.ts"
import { Explanations } from "../shell/explain/Explanations.ts"
import { LatencyCourse } from "../shell/LatencyCourse.ts"
import type { Folded } from "../shell/Observer.ts"
import * as Observer from "../shell/Observer.ts"
import { PoolTakes } from "../shell/PoolTakes.ts"
import { TlsStageCounts } from "../shell/TlsStageCounts.ts"
import * as ClientLog from "../shell/ClientLog.ts"
import { RecordError } from "../shell/errors.ts"
import * as FactLog from "../shell/facts/FactLog.ts"
import { Facts } from "../shell/facts/Facts.ts"
import * as NameFacts from "../shell/facts/NameFacts.ts"
import { HistoryKeeper } from "../shell/HistoryKeeper.ts"
import * as InterfaceWatch from "../shell/InterfaceWatch.ts"
import type { Control } from "../shell/Control.ts"
import type { Recorder } from "../shell/Recorder.ts"
import type { Run } from "../record/Segment.ts"
import type { Resolver } from "../plane/ports/Resolver.ts"
import type { Transport } from "../plane/ports/Transport.ts"
import type { layer as controlLayer } from "./control.ts"
import { dialsLeave, firstAnswers } from "./firstAnswers.ts"
import { LogThreshold } from "./LogThreshold.ts"
import type { Settings } from "./config/Settings.ts"
import { VERSION } from "./version.ts"

/** What the admin port reads. */
type Administered = Acceptor | Engine | Facts | LatencyCourse | PoolTakes | Recorder | TlsStageCounts

/** What a command that plays a world of its own brings beside the transport. */
export interface Staged {
  readonly resolver?: Layer.Layer<Resolver>
  /** Sees each entry after it was folded. */
  readonly seen?: Folded
}

/**
 * The engine, its listeners and its observers. `transport` carries the bytes; the demo and the soak have their own, with
 * distance.
 */
export const serving = (
  settings: Settings,
  threshold: LogThreshold,
  transport: Layer.Layer<Transport> = NodeTransport.layer,
  { resolver, seen }: Staged = {}
) => {
  const run = newRun()
  const own = ownParts(settings, run)
  const parts = Layer.mergeAll(transport, resolver ?? own.resolver, own.recorder, own.history, own.interfaces)
  return Layer.provideMerge(servingNoDeps(settings, threshold, run, seen), parts)
}

/** What this service touches the system with, beside the transport, as the settings say. */
export const ownParts = (settings: Settings, run: Run) => ({
  resolver: NodeResolver.layerWith(settings.names),
  recorder: recorder(settings, run),
  history: historyStore(settings),
  interfaces: NodeInterfaces.layer
})

/** The same without the parts that touch the system. */
const servingNoDeps = (settings: Settings, threshold: LogThreshold, run: Run, seen?: Folded) => {
  const { limits, listeners, core, admin, telemetry } = settings
  // Without an admin port no page would show the counts.
  const measured = { ...telemetry, metrics: telemetry.metrics && admin !== null }
  const engine = Engine.layer({
    config: core,
    seed: run.seed,
    mailbox: limits.mailbox,
    turnMs: limits.turn,
    gatherMs: limits.gather,
    restartDelayMs: limits.restartDelay
  })
  const { addresses } = settings.privacy
  const clientLog = ClientLog.observer(() => threshold.allows("debug"))
  const given = Effect.succeed(seen === undefined ? [] : [seen])
  const observed = Observer.layer(
    Effect.all([
      Facts.observer,
      clientLog,
      Telemetry.observer,
      PoolTakes.observer,
      TlsStageCounts.observer,
      LatencyCourse.observer,
      Explanations.observer,
      given
    ])
  ).pipe(
    Layer.provideMerge(Layer.mergeAll(
      Facts.layer({ perSecond: limits.factsPerSecond, kept: limits.factsKept, addresses }),
      Telemetry.layer(measured, VERSION, run.seed),
      PoolTakes.layer,
      TlsStageCounts.layer,
      LatencyCourse.layer,
      Explanations.layer
    ))
  )
  const { firstWrite: firstWriteMs, flushInterval: flushIntervalMs, timeout: timeoutMs } = settings.history
  const keeping = { enabled: core.enabled, firstWriteMs, flushIntervalMs, timeoutMs, network: networkTag }
  const watch = InterfaceWatch.layer(limits.interfaces)
  return Layer.mergeAll(Acceptor.layer(listeners, limits.reserve), watch, NameFacts.layer(settings.names.tellAgainMs)).pipe(
    Layer.provide(dialsLeave),
    Layer.provideMerge(HistoryKeeper.writing),
    Layer.provideMerge(engine),
    Layer.provideMerge(Plane.layer),
    Layer.provideMerge(HistoryKeeper.layer(keeping)),
    Layer.provideMerge(observed)
  )
}

/** The whole service. `control`: the orders of an operator. `threshold`: the lowest level that is logged. */
export const live = (settings: Settings, control: ReturnType<typeof controlLayer>, threshold: LogThreshold) => {
  const running = Layer.provideMerge(FactLog.layer, serving(settings, threshold))
  const calm = Layer.provideMerge(Layer.effectDiscard(firstAnswers), running)
  return withAdmin(settings, Layer.provideMerge(control, calm))
}

/**
 * The same for a program that embeds Fairlead: its facts are not logged, and the parts that touch the system are its own or
 * `ownParts` with `EmbedTransport`.
 */
export const embedded = (settings: Settings, control: Layer.Layer<Control, never, Engine>, run: Run) =>
  withAdmin(settings, Layer.provideMerge(control, servingNoDeps(settings, new LogThreshold("info"), run)))

const withAdmin = <A, E, R>(settings: Settings, service: Layer.Layer<A | Exclude<Administered, Recorder>, E, R>) => {
  const { admin, privacy } = settings
  if (admin === null) return service
  const server = AdminServer.layer({ ...admin, token: admin.token ?? undefined, addresses: privacy.addresses })
  return Layer.provideMerge(Layer.provide(server, Telemetry.pageLayer), service)
}

function historyStore({ history: { path: wanted, maxEntries, maxBytes, timeout: timeoutMs } }: Settings) {
  if (wanted === "none") return NoHistory.layer
  const file = wanted === "auto" ? path.join(stateDirectory(), "history.json") : path.resolve(wanted)
  return HistoryFile.layer({ path: file, maxEntries, maxBytes, timeoutMs })
}

function recorder({ eventLog }: Settings, run: Run) {
  if (eventLog.path === "none") return NoRecorder.layer
  const wanted = eventLog.path === "auto" ? path.join(stateDirectory(), "log") : path.resolve(eventLog.path)
  return Layer.unwrap(Effect.gen(function* () {
    const disk = new Disk(eventLog.timeout)
    const { directory, holder } = yield* Effect.catch(
      lockDirectory(wanted, run.id, disk),
      (cause) => withoutLock(wanted, run.id, cause)
    )
    if (holder !== undefined) {
      const other = holder.owner === undefined ? "another process" : `process ${holder.owner}`
      yield* Effect.logWarning(`${other} records in ${wanted}; this process writes its own series in ${directory}`)
    }
    return FileRecorder.layer({
      directory,
      disk,
      run,
      segmentBytes: eventLog.segmentBytes,
      segments: eventLog.segments,
      maxAgeMs: eventLog.maxAge,
      bufferBytes: eventLog.buffer,
      flushIntervalMs: eventLog.flushInterval
    })
  }))
}

/** Clients are served without the lock. The record begins when the disk takes it, in a directory that needs no lock. */
function withoutLock(wanted: string, run: string, cause: unknown): Effect.Effect<Location> {
  const error = new RecordError({ path: wanted, code: codeOf(cause), doing: "open" })
  const location = { directory: guestLocation(wanted, run), holder: undefined }
  return Effect.as(
    Effect.logWarning(`${error.message}; Fairlead records in ${location.directory} once it can write there`),
    location
  )
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause)
}
