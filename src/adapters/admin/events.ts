/**
 * `/events`: facts as server-sent events, each with its number as its id. A reader that reconnects with `Last-Event-ID` gets
 * the facts that it missed, as far as they are kept. So does one that names a fact as `?after=`; 0 means all that are kept.
 *
 * A reader that is too slow is cut off, and the service never waits for it. That happens when facts were lost to the reader, so
 * that it reconnects for them, and when it has taken nothing between two signs of life.
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
import type { AdminOptions } from "./AdminOptions.ts"
import type { Handler } from "./Handler.ts"
import { lastsMs } from "./session.ts"

/** Time in ms after which a reader that was cut off reconnects. */
const RETRY_MS = 2_000
/** Some 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1
const BEGINNING = `retry: ${RETRY_MS}\n\n`
const HEARTBEAT = ": alive\n\n"

type Options = Pick<AdminOptions, "heartbeatMs" | "token">

export const events = (facts: Facts["Service"], { heartbeatMs, token }: Options): Handler => (request) =>
  Effect.sync(() => {
    const response = NodeHttpServerRequest.toServerResponse(request) as ServerResponse
    const seen = lastSeen(request)
    const after = seen ?? facts.latestUnsafe()
    // A reader that was away for long starts with a gap, and sees that in the ids.
    const lines = Stream.map(unbroken(facts.streamAfter(after), seen === undefined ? after : undefined), textOf)
    const heartbeats = Stream.fromSchedule(Schedule.spaced(heartbeatMs)).pipe(Stream.map(() => HEARTBEAT))
    const body = Stream.unwrap(Effect.as(
      Effect.forkScoped(cutOffWhenStuck(response, heartbeatMs)),
      Stream.concat(Stream.succeed(BEGINNING), Stream.merge(lines, heartbeats, { haltStrategy: "left" }))
    ))
    // A stream ends with the session of its reader. Timers of the runtime take no longer times.
    const leftMs = Math.min(lastsMs(request, token, Date.now()), LONGEST_TIMER_MS)
    const lasting = Stream.interruptWhen(body, Effect.sleep(leftMs))
    return HttpServerResponse.stream(Stream.encodeText(lasting), {
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

/** Resets the connection of a reader that took nothing from full buffers for a whole interval. */
function cutOffWhenStuck(response: ServerResponse, everyMs: number): Effect.Effect<unknown> {
  let stuckAt = -1
  const look = Effect.sync(() => {
    const written = response.socket?.bytesWritten ?? 0
    if (response.writableNeedDrain && written === stuckAt) response.socket?.destroy()
    stuckAt = response.writableNeedDrain ? written : -1
  })
  return Effect.schedule(look, Schedule.spaced(everyMs))
}

function textOf(fact: PublicFact): string {
  return Sse.encoder.write({ _tag: "Event", event: "message", id: String(fact.seq), data: JSON.stringify(fact) })
}

/**
 * The id of the last fact that the reader got; undefined: it is a new reader, which gets the facts from now on. A browser sends
 * the header only when it reconnects by itself, and keeps the query of the first time.
 */
function lastSeen({ headers, url }: HttpServerRequest): number | undefined {
  const id = headers["last-event-id"] ?? new URL(url, "http://admin").searchParams.get("after") ?? ""
  return /^\d{1,15}$/.test(id) ? Number(id) : undefined
}
