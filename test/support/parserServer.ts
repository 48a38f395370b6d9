/** A server of ways in for clients of SOCKS and PROXY headers: it runs the parsers over sockets, and dials nothing. */
import { EventEmitter, once } from "node:events"
import * as net from "node:net"
import type { FailureReason, Hello, Parser, ProxyHeader, Refusal, Target } from "../../src/ingress/Handshake.ts"

export type Found = Target | Hello | ProxyHeader | Refusal

export interface Client {
  readonly found: Found
  /** All bytes until then. */
  readonly sent: Uint8Array
  /** All bytes after that, so far. */
  readonly later: Array<Uint8Array>
}

export interface ParserServer extends AsyncDisposable {
  readonly port: number
  readonly clients: ReadonlyArray<Client>
  /** The first client of this kind, now or later. */
  readonly next: (is: (client: Client) => boolean) => Promise<Client>
}

const PAGE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

const END_OF_REQUEST = Buffer.from("\r\n\r\n")

/** Answers a target with a page, or with the failure. The parser of a connection is chosen when its first bytes are there. */
export async function parserServer(
  choose: (first: Uint8Array) => Parser<any, Found>,
  failure?: FailureReason
): Promise<ParserServer> {
  const clients: Array<Client> = []
  const came = new EventEmitter()
  const server = net.createServer((socket) => {
    let parser: Parser<any, Found> | undefined
    let state: unknown
    let found: Found | undefined
    const sent: Array<Uint8Array> = []
    const later: Array<Uint8Array> = []
    socket.on("error", () => {})
    /** A proxy that is answered before it has read its client's request may reset the client: the page waits for the request. */
    const answerRequest = () => {
      if (Buffer.concat([...sent, ...later]).subarray(-4).equals(END_OF_REQUEST)) socket.end(PAGE)
    }
    socket.on("data", (chunk) => {
      if (found !== undefined) {
        later.push(Uint8Array.from(chunk))
        return void (found._tag === "ProxyHeader" && answerRequest())
      }
      sent.push(Uint8Array.from(chunk))
      if (parser === undefined) {
        parser = choose(chunk)
        state = parser.initial
      }
      const outcome = parser.feed(state, chunk)
      if (outcome._tag === "Target" || outcome._tag === "Refusal" || outcome._tag === "More") socket.write(outcome.reply)
      if (outcome._tag === "More") {
        state = outcome.state
        return
      }
      found = outcome
      clients.push({ found, sent: Uint8Array.from(Buffer.concat(sent)), later })
      came.emit("client")
      if (found._tag === "Target") {
        socket.write(failure === undefined ? found.answers.success() : found.answers.failure(failure))
      }
      if (found._tag === "ProxyHeader") answerRequest()
      else if (found._tag === "Refusal" || failure !== undefined) socket.end()
      else socket.end(PAGE)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    port: (server.address() as net.AddressInfo).port,
    clients,
    next: async (is) => {
      for (;;) {
        const found = clients.find(is)
        if (found !== undefined) return found
        await once(came, "client")
      }
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, "close")
    }
  }
}
