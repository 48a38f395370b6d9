/** The service as one layer: the only place where layers are provided to layers. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as path from "node:path"
import * as AdminServer from "../adapters/admin/AdminServer.ts"
import * as FileRecorder from "../adapters/file/FileRecorder.ts"
import { hold } from "../adapters/file/lock.ts"
import * as NoRecorder from "../adapters/memory/NoRecorder.ts"
import { newRun } from "../adapters/node/entropy.ts"
import * as NodeResolver from "../adapters/node/NodeResolver.ts"
import * as NodeTransport from "../adapters/node/NodeTransport.ts"
import { stateDirectory } from "../adapters/node/stateDirectory.ts"
import { Acceptor } from "../shell/Acceptor.ts"
import { Engine } from "../shell/Engine.ts"
import { RecordError } from "../shell/errors.ts"
import type { Transport } from "../shell/Transport.ts"
import type { Settings } from "./config/Settings.ts"

/** `transport` carries the bytes; the demo has one of its own, with distance. */
export const live = (settings: Settings, transport: Layer.Layer<Transport> = NodeTransport.layer) => {
  const run = newRun()
  const { limits, listeners, core, admin } = settings
  const engine = Engine.layer({
    config: core,
    seed: run.seed,
    mailbox: limits.mailbox,
    turnMs: limits.turn,
    gatherMs: limits.gather,
    restartDelayMs: limits.restartDelay
  })
  const service = Acceptor.layer(listeners).pipe(
    Layer.provideMerge(engine),
    Layer.provideMerge(
      Layer.mergeAll(transport, NodeResolver.layer({ servers: settings.dnsServers }), recorder(settings, run))
    )
  )
  return admin === null ? service : Layer.provideMerge(AdminServer.layer(admin), service)
}

function recorder({ eventLog }: Settings, run: ReturnType<typeof newRun>) {
  if (eventLog.path === "none") return NoRecorder.layer
  const wanted = eventLog.path === "auto" ? path.join(stateDirectory(), "log") : path.resolve(eventLog.path)
  return Layer.unwrap(Effect.gen(function* () {
    const { directory, owner } = yield* Effect.catchDefect(
      hold(wanted),
      (cause) => Effect.fail(new RecordError({ path: wanted, code: codeOf(cause), doing: "open" }))
    )
    if (owner !== undefined) {
      yield* Effect.logWarning(`process ${owner} records in ${wanted}; this one writes its own series in ${directory}`)
    }
    return FileRecorder.layer({
      directory,
      run,
      segmentBytes: eventLog.segmentBytes,
      segments: eventLog.segments,
      maxAgeMs: eventLog.maxAge,
      bufferBytes: eventLog.buffer,
      flushIntervalMs: eventLog.flushInterval
    })
  }))
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? String(cause)
}
