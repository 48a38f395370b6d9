/**
 * The service of a configuration file, with distance: a dial to an address takes as long as the argument says. Everything else
 * is real: sockets, record, history and their locks. Arguments: the file, and the distances as JSON, ms by `host:port`.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs"
import process from "node:process"
import * as Log from "../../src/adapters/logging/Log.ts"
import * as NodeTransport from "../../src/adapters/node/NodeTransport.ts"
import { runMain } from "../../src/adapters/node/runMain.ts"
import { parse } from "../../src/apps/config/parse.ts"
import { serving } from "../../src/apps/Live.ts"
import { LogThreshold } from "../../src/apps/LogThreshold.ts"
import { Acceptor } from "../../src/plane/Acceptor.ts"
import type { Cancel } from "../../src/plane/ports/Transport.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"

const [file = "", distances = "{}"] = process.argv.slice(2)
const tripMs: Readonly<Record<string, number>> = JSON.parse(distances)

const far = (near: Transport["Service"]): Transport["Service"] => ({
  ...near,
  dialUnsafe: (address, keepAliveMs, answer) => {
    let undo: Cancel = near.timerUnsafe(tripMs[`${address.host}:${address.port}`] ?? 0, () => {
      undo = near.dialUnsafe(address, keepAliveMs, answer)
    })
    return () => undo()
  }
})

const { settings, problems } = parse(fs.readFileSync(file, "utf8"))
if (settings === undefined) throw new Error(JSON.stringify(problems))
const threshold = new LogThreshold("warn")
const transport = Layer.provide(Layer.effect(Transport, Effect.map(Transport, far)), NodeTransport.layer)
const service = Effect.gen(function* () {
  const acceptor = yield* Acceptor
  console.log(acceptor.statusUnsafe()[0]?.listen.port)
  return yield* Effect.never
}).pipe(
  Effect.provide(serving(settings, threshold, transport)),
  Effect.provide(Log.layer({ ...settings.log, threshold, secrets: [] }))
)
runMain(service, () => 1)
