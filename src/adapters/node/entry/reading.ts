/** Feeds a parser what a socket gives, until it has a result. A client that leaves before costs nothing more. */
import type * as net from "node:net"
import type { Parser } from "../../../ingress/Handshake.ts"
import type { Cancel } from "../../../plane/ports/Transport.ts"

/** Calls back once: with the result, or with nothing when the client has left. The cancel leaves the socket as it is. */
export function reading<State, Result extends { readonly _tag: string }>(
  socket: net.Socket,
  { initial, feed }: Parser<State, Result>,
  done: (result: Result | undefined) => void
): Cancel {
  let state = initial
  const stop = () => {
    socket.off("readable", read)
    socket.off("end", gone)
    socket.off("close", gone)
  }
  const gone = () => {
    stop()
    done(undefined)
  }
  const read = () => {
    for (;;) {
      const chunk: Uint8Array | null = socket.read()
      if (chunk === null) return
      const outcome = feed(state, chunk)
      if (isMore(outcome)) {
        state = outcome.state
        if (outcome.reply.length > 0) socket.write(outcome.reply)
        continue
      }
      stop()
      return done(outcome)
    }
  }
  socket.on("readable", read)
  socket.on("end", gone)
  socket.on("close", gone)
  return stop
}

function isMore<State>(
  outcome: { readonly _tag: string }
): outcome is { readonly _tag: "More"; readonly state: State; readonly reply: Uint8Array } {
  return outcome._tag === "More"
}
