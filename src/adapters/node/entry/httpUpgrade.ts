/** Requests that ask for another protocol on the same connection, such as WebSocket. From the 101 on both sides are joined. */
import type { Buffer } from "node:buffer"
import * as http from "node:http"
import type { Connection } from "./Connection.ts"
import { headText, passedOn, VIA, withValue } from "./headers.ts"
import { closingAnswer, FAILURES, proxyStatus } from "./httpAnswers.ts"
import { pass } from "./httpRequest.ts"
import { lastWords } from "./lastWords.ts"
import type { RequestTarget } from "./requestTarget.ts"

/** The socket is read by nothing else any more. `head` is what came behind the request. */
export function upgrade(connection: Connection, request: http.IncomingMessage, head: Buffer, target: RequestTarget): void {
  const { socket, left } = connection
  const own = { Connection: "Upgrade", Upgrade: request.headers.upgrade ?? "" }
  const { outgoing, client, leave } = pass(connection, request, target, () => left(), own)
  let isAnswered = false
  socket.on("close", () => {
    leave()
    outgoing.destroy()
  })
  outgoing.on("upgrade", (incoming, far, farHead) => {
    isAnswered = true
    const { servedBy: by = "" } = client
    const passed = withValue(withValue(passedOn(incoming.rawHeaders), "Via", VIA), "Proxy-Status", proxyStatus({ by }))
    const wanted = incoming.headers.upgrade ?? ""
    const headers = [...passed, ["Connection", ["Upgrade"]], ["Upgrade", [wanted]]] as const
    socket.write(headText(incoming.statusCode ?? 101, incoming.statusMessage ?? "", headers))
    if (farHead.length > 0) socket.write(farHead)
    if (head.length > 0) far.write(head)
    far.on("error", () => socket.destroy())
    far.pipe(socket)
    socket.pipe(far)
  })
  outgoing.on("response", (incoming) => {
    isAnswered = true
    const { servedBy: by = "" } = client
    const passed = withValue(withValue(passedOn(incoming.rawHeaders), "Via", VIA), "Proxy-Status", proxyStatus({ by }))
    // The connection ends with the answer, which says where the body ends.
    socket.write(headText(incoming.statusCode ?? 502, incoming.statusMessage ?? "", [...passed, ["Connection", ["close"]]]))
    incoming.on("data", (chunk) => {
      if (!socket.write(chunk)) incoming.pause()
    })
    socket.on("drain", () => incoming.resume())
    incoming.on("end", () => lastWords(socket, ""))
    incoming.on("error", () => socket.destroy())
  })
  outgoing.on("close", () => {
    if (!isAnswered) lastWords(socket, closingAnswer(FAILURES[client.failure ?? "proxyError"]))
  })
  outgoing.end()
}
