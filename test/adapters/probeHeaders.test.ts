/** What an upstream that wants PROXY headers gets of probes and of clients, as a server on a socket reads it. */
import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { assert, describe, it } from "vitest"
import type { ProxyHeader, Refusal } from "../../src/ingress/Handshake.ts"
import { proxyHeader } from "../../src/ingress/proxyHeader.ts"
import type { Json } from "../apps/keys/Row.ts"
import { serving } from "../apps/keys/service.ts"
import { authority, good } from "../support/certificates.ts"
import { inScratch } from "../support/command.ts"
import { fileWith, said } from "../support/entries.ts"
import { serve, until } from "../support/servers.ts"
import { serveTls } from "../support/tlsServers.ts"

/** The header of a connection that is no client's, as the standard has it. */
const OWN = {
  v1: Buffer.from("PROXY UNKNOWN\r\n"),
  v2: Buffer.from([13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 0x20, 0, 0, 0])
}
const PARSER = proxyHeader({ maxBytes: 1_024 })
const V1V2 = ["v1", "v2"] as const

interface Heard {
  readonly header: ProxyHeader | Refusal
  /** The bytes of the header. */
  readonly bytes: Buffer
}

/** A server that takes no connection without a header, and the headers that came. `serves` gets each connection behind it. */
async function demanding(serves: (socket: net.Socket) => void) {
  const heard: Array<Heard> = []
  /** Connections that ended without a whole header, although they had sent something. */
  let broken = 0
  const server = await serve((socket) => {
    let all = Buffer.alloc(0)
    const isOver = () => {
      if (all.length > 0) broken++
    }
    socket.on("close", isOver)
    socket.on("data", function take(chunk: Buffer) {
      all = Buffer.concat([all, chunk])
      const outcome = PARSER.feed(PARSER.initial, all)
      if (outcome._tag === "More") return
      socket.off("data", take).off("close", isOver)
      const early = outcome._tag === "ProxyHeader" ? outcome.early : new Uint8Array()
      heard.push({ header: outcome, bytes: all.subarray(0, all.length - early.length) })
      if (early.length > 0) socket.unshift(Buffer.from(early))
      serves(socket)
    })
  })
  return { ...server, heard: () => heard, broken: () => broken }
}

const upstream = (port: number, own: Json): Json => ({
  upstreams: { web: { candidates: [`127.0.0.1:${port}`], ...own } },
  probing: { interval: "100ms" },
  pool: { mode: "off" }
})

describe.each(V1V2)("an upstream with proxyProtocol %s", (version) => {
  it("gets the header for no client with each probe, and a client's own with a client", async () => {
    const server = await demanding((socket) => {
      socket.on("end", () => socket.end()).on("data", (chunk) => socket.write(chunk))
    })
    const isOwn = ({ bytes }: Heard) => bytes.equals(OWN[version])
    await serving(
      fileWith([{ upstream: "web" }], upstream(server.port, { proxyProtocol: version })),
      async ({ port }) => {
        await until("there were three probes", () => server.heard().filter(isOwn).length >= 3)
        assert.isTrue(server.heard().every(isOwn), "before there is a client all headers are the service's own")
        assert.strictEqual(await said(port, "hello", /hello/), "hello")
      }
    )
    const others = server.heard().filter((one) => !isOwn(one)).map(({ header }) => header)
    assert.lengthOf(others, 1)
    assert.deepInclude(others[0], { _tag: "ProxyHeader", local: false })
    assert.strictEqual(server.broken(), 0)
    await server.stop()
  })

  it("gets it before the TLS of a probe that asks for a certificate, and the address passes", () =>
    inScratch(async (directory) => {
      const caFile = path.join(directory, "ca.pem")
      fs.writeFileSync(caFile, authority)
      const secure = await serveTls(good)
      const server = await demanding((socket) => {
        const inner = net.connect(secure.port, "127.0.0.1")
        inner.on("error", () => {}).pipe(socket)
        socket.pipe(inner)
      })
      const own = { proxyProtocol: version, host: "web.example", caFile, probing: { mode: "tls" } }
      await serving(fileWith([{ upstream: "web" }], upstream(server.port, own)), () =>
        // An address that has proven its identity is probed without TLS for a while.
        until("a probe has shaken hands, and more came", () => secure.shaken() >= 1 && server.heard().length >= 3))
      assert.isTrue(server.heard().every(({ bytes }) => bytes.equals(OWN[version])))
      assert.strictEqual(server.broken(), 0)
      await Promise.all([server.stop(), secure.stop()])
    }))
})
