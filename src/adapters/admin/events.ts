/**
 * `/events`: facts as server-sent events, the number of each as its id. Who comes back with `Last-Event-ID` gets what it
 * missed, as far as it is kept.
 *
 * A reader that is too slow is cut off, never waited for: when facts were lost to it, so that it may come back for them, or
 * when it has taken nothing at all between two signs of life.
 */
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import * as Sse from "effect/encoding/Sse"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { ServerResponse } from "node:http"
import type { Facts } from "../../shell/facts/Facts.ts"
import type { PublicFact } from "../../shell/facts/PublicFact.ts"
import type { Handler } from "./Handler.ts"

/** How soon a reader that was cut off comes back, in ms. */
const RETRY_MS = 2_000
const BEGINNING = `retry: ${RETRY_MS}\n\n`
const HEARTBEAT = ": alive\n\n"

export const events = (facts: Facts["Service"], heartbeatMs: number): Handler => (request) =>
  Effect.sync(() => {
    const response = NodeHttpServerRequest.toServerResponse(request) as ServerResponse
    const asked = lastSeen(request)
    const after = asked ?? facts.latestUnsafe()
    // Who was away for long has a gap at the beginning, and knows it.
    const lines = Stream.map(unbroken(facts.streamAfter(after), asked === undefined ? after : undefined), textOf)
    const heartbeats = Stream.fromSchedule(Schedule.spaced(heartbeatMs)).pipe(Stream.map(() => HEARTBEAT))
    const body = Stream.unwrap(Effect.as(
      Effect.forkScoped(cutOffWhenStuck(response, heartbeatMs)),
      Stream.concat(Stream.succeed(BEGINNING), Stream.merge(lines, heartbeats, { haltStrategy: "left" }))
    ))
    return HttpServerResponse.stream(Stream.encodeText(body), {
      contentType: "text/event-stream",
      headers: { "cache-control": "no-store", "x-accel-buffering": "no" }
    })
  })

/** Ends where facts are missing. */
function unbroken(facts: Stream.Stream<PublicFact>, after: number | undefined): Stream.Stream<PublicFact> {
  return Stream.suspend(() => {
    let last = after
    return Stream.takeWhile(facts, ({ seq }) => {
      const follows = last === undefined || seq === last + 1
      last = seq
      return follows
    })
  })
}

/** Resets the connection of a reader whose buffers have been full, and the same, for a whole interval. */
const cutOffWhenStuck = Effect.fnUntraced(function* (response: ServerResponse, everyMs: number) {
  let stuckAt = -1
  while (true) {
    yield* Effect.sleep(everyMs)
    const written = response.socket?.bytesWritten ?? 0
    if (response.writableNeedDrain && written === stuckAt) return void response.socket?.destroy()
    stuckAt = response.writableNeedDrain ? written : -1
  }
})

function textOf(fact: PublicFact): string {
  return Sse.encoder.write({ _tag: "Event", event: "message", id: String(fact.seq), data: JSON.stringify(fact) })
}

/** undefined for a new reader: it gets what happens from now on. */
function lastSeen({ headers }: HttpServerRequest): number | undefined {
  const id = headers["last-event-id"] ?? ""
  return /^\d{1,15}$/.test(id) ? Number(id) : undefined
}
