/** Sends one line to the best of some addresses: `node examples/embed.ts 192.0.2.10:7 192.0.2.11:7` */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import process from "node:process"
import { text } from "node:stream/consumers"
import { Fairlead } from "fairlead"

const program = Effect.gen(function* () {
  const fairlead = yield* Fairlead
  // `connect` works at once. The facts show what happens until the first choice.
  yield* fairlead.facts.pipe(
    Stream.takeUntil(({ kind }) => kind === "SelectionMoved"),
    Stream.runForEach(({ kind, upstream }) => Console.log(`fact ${kind} ${upstream}`))
  )
  const socket = yield* fairlead.connect("echo")
  const answer = yield* Effect.promise(() => text(socket.end("hello\n")))
  yield* Console.log(`answer ${answer.trim()}`)

  const { upstreams } = yield* fairlead.status
  for (const { id, address, costMs, active } of upstreams.flatMap(({ candidates }) => candidates)) {
    yield* Console.log(`${id} ${address} cost ${costMs} ms${active ? ", active" : ""}`)
  }
})

const config = { upstreams: { echo: { candidates: process.argv.slice(2) } } }
await Effect.runPromise(Effect.provide(program, Fairlead.layer(config)))
