/** Sends one line to the best of some addresses: `node examples/layer.ts 192.0.2.10:7 192.0.2.11:7` */
import * as Effect from "effect/Effect"
import { Fairlead } from "fairlead"
import process from "node:process"
import { text } from "node:stream/consumers"

const program = Effect.gen(function* () {
  const { connect, servedBy } = yield* Fairlead
  const socket = yield* Effect.timeout(connect("echo"), "5 seconds")
  const answer = yield* Effect.promise(() => text(socket.end("hello\n")))
  console.log(`${servedBy(socket)?.candidate} answered ${answer.trim()}`)
})
const config = { upstreams: { echo: { candidates: process.argv.slice(2) } } }
await Effect.runPromise(Effect.provide(program, Fairlead.layer(config)))
