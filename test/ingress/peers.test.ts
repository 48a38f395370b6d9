/** PROXY headers that HAProxy and nginx send, and headers of ours that they read. */
import { once } from "node:events"
import * as net from "node:net"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "vitest"
import type { Found } from "../support/parserServer.ts"
import { proxyHeader } from "../../src/ingress/proxyHeader.ts"
import { writeV1 } from "../../src/ingress/proxyV1.ts"
import { writeV2, writeV2Local } from "../../src/ingress/proxyV2.ts"
import { parserServer } from "../support/parserServer.ts"
import { haproxy, nginx, noHaproxy, noNginx } from "../support/peers.ts"

const serve = () => parserServer(() => proxyHeader({ maxBytes: 65_536 }))

/** Sends bytes; what came back, and the port that it came to. */
async function exchange(port: number, ...sent: ReadonlyArray<Uint8Array | string>) {
  const socket = net.connect(port, "127.0.0.1")
  await once(socket, "connect")
  const localPort = socket.localPort as number
  for (const part of sent) socket.write(part)
  return { answer: await text(socket), localPort }
}

const GET = "GET / HTTP/1.0\r\n\r\n"

/** The header that reached the server for a client of the peer is the client's own. */
async function relays(port: number, found: () => ReadonlyArray<{ readonly found: Found }>): Promise<void> {
  const { answer, localPort } = await exchange(port, GET)
  assert.match(answer, /hello$/)
  const sources = found().map((one) => one.found._tag === "ProxyHeader" ? one.found : undefined)
  const mine = sources.find((one) => one?.source?.port === localPort)
  assert.deepInclude(mine, { local: false, source: { host: "127.0.0.1", port: localPort } })
  assert.deepInclude(mine, { destination: { host: "127.0.0.1", port } })
}

describe.skipIf(noHaproxy)("HAProxy", () => {
  it.each(["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,ssl,unique-id"])(
    "sends a header that is understood: %s",
    async (option) => {
      await using server = await serve()
      await using peer = await haproxy((port) =>
        `listen l\n  mode tcp\n  unique-id-format %[uuid()]\n  bind 127.0.0.1:${port}\n  server s 127.0.0.1:${server.port} ${option}`
      )
      await relays(peer.port, () => server.clients)
    }
  )

  it("sends LOCAL with its checks", async () => {
    await using server = await serve()
    await using _peer = await haproxy((port) =>
      `listen l\n  mode tcp\n  bind 127.0.0.1:${port}\n  server s 127.0.0.1:${server.port} send-proxy-v2 check inter 50ms`
    )
    const local = await server.next(({ found }) => found._tag === "ProxyHeader" && found.local)
    assert.deepInclude(local.found, { source: undefined, destination: undefined })
  })

  it("reads the headers that are written here", async () => {
    const said = '"%[src] %[src_port] %[dst] %[dst_port]"'
    await using peer = await haproxy((port) =>
      `listen l\n  mode http\n  bind 127.0.0.1:${port} accept-proxy\n  http-request return status 200 content-type text/plain lf-string ${said}`
    )
    for (const write of [writeV1, writeV2]) {
      const v4 = write({ host: "192.0.2.1", port: 5_000 }, { host: "198.51.100.7", port: 443 })
      assert.match((await exchange(peer.port, v4, GET)).answer, /192\.0\.2\.1 5000 198\.51\.100\.7 443$/)
      const v6 = write({ host: "2001:db8::1", port: 5_000 }, { host: "2001:db8::7", port: 443 })
      assert.match((await exchange(peer.port, v6, GET)).answer, /2001:db8::1 5000 2001:db8::7 443$/)
    }
    for (const own of [writeV1(), writeV2(), writeV2Local()]) {
      const { answer, localPort } = await exchange(peer.port, own, GET)
      assert.match(answer, new RegExp(`127\\.0\\.0\\.1 ${localPort} 127\\.0\\.0\\.1 ${peer.port}$`))
    }
  })
})

/** nginx makes these folders even if nothing is written to them. */
const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${name};`).join(" ")

describe.skipIf(noNginx)("nginx", () => {
  it("sends a header that is understood", async () => {
    await using server = await serve()
    await using peer = await nginx((port) =>
      `stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${server.port}; proxy_protocol on; } }`
    )
    await relays(peer.port, () => server.clients)
  })

  it("reads the headers that are written here", async () => {
    const names = ["addr", "port", "server_addr", "server_port"].map((name) => `$proxy_protocol_${name}`).join(" ")
    await using peer = await nginx((port) =>
      `http { access_log off; ${TEMPORARY}  server { listen 127.0.0.1:${port} proxy_protocol; location / { return 200 "${names}"; } } }`
    )
    for (const write of [writeV1, writeV2]) {
      const v4 = write({ host: "192.0.2.1", port: 5_000 }, { host: "198.51.100.7", port: 443 })
      assert.match((await exchange(peer.port, v4, GET)).answer, /192\.0\.2\.1 5000 198\.51\.100\.7 443$/)
      // Two families in one header.
      const mixed = write({ host: "192.0.2.1", port: 5_000 }, { host: "2001:db8::7", port: 443 })
      assert.match((await exchange(peer.port, mixed, GET)).answer, /::ffff:192\.0\.2\.1 5000 2001:db8::7 443$/)
    }
    for (const own of [writeV1(), writeV2(), writeV2Local()]) {
      assert.match((await exchange(peer.port, own, GET)).answer, /200 OK[^]* {3}$/)
    }
  })
})
