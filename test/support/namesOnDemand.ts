/**
 * A program that connects to names that are not configured, prints only the outcome of each, and runs until it is stopped:
 * `namesOnDemand.ts CONFIG NAME...`, each name as `host:port`.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import process from "node:process"
import { text } from "node:stream/consumers"
import { Fairlead } from "../../src/mod.ts"

const [config = "{}", ...names] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const { connect, reload } = yield* Fairlead
  for (const name of names) {
    const colon = name.lastIndexOf(":")
    const outcome = yield* connect(name.slice(0, colon), Number(name.slice(colon + 1))).pipe(
      Effect.flatMap((socket) => Effect.promise(() => text(socket.end("hello")))),
      Effect.catch(({ _tag }) => Effect.succeed(_tag))
    )
    yield* Console.log(`asked: ${outcome}`)
  }
  yield* reload(JSON.parse(config))
  yield* Console.log("all asked")
  yield* Effect.callback<void>((resume) => void process.once("SIGTERM", () => resume(Effect.void)))
})

const everything = Layer.merge(
  Logger.layer([Logger.consoleLogFmt]),
  Layer.succeed(References.MinimumLogLevel, "Trace")
)
await Effect.runPromise(
  Effect.provide(program, Layer.provide(Fairlead.layer(JSON.parse(config)), everything)).pipe(Effect.provide(everything))
)
