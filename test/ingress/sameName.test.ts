/**
 * Altered ClientHellos, read here and by the runtime's own TLS server (Node and Deno have different ones). Where the server sees a name, this reader sees the same one, or
 * refuses: no client is routed by another name than its upstream sees.
 */
import { once } from "node:events"
import * as net from "node:net"
import * as tls from "node:tls"
import { assert, it } from "vitest"
import { canonicalHost } from "../../src/ingress/canonicalHost.ts"
import { clientHello } from "../../src/ingress/clientHello.ts"
import { cert, key } from "../support/certificate.ts"
import { Fuzz } from "../support/fuzz.ts"
import { hex, whole } from "../support/handshakes.ts"
import { runtimesHello } from "../support/realHellos.ts"

const HELLOS = process.env["FAIRLEAD_DEEP"] === "1" ? 20_000 : 400

it(
  `${HELLOS} altered ClientHellos have the name that a TLS server sees`,
  { timeout: 3_600_000 },
  async () => {
    let seen: string | undefined
    const server = tls.createServer({
      cert,
      key,
      SNICallback: (name, done) => {
        seen = name
        done(null)
      }
    })
    server.on("tlsClientError", () => {})
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as net.AddressInfo
    const right = await runtimesHello({ servername: "www.example.com" })
    const at = Buffer.from(right).indexOf("www.example.com")
    const fuzz = new Fuzz(15, [right])
    let [agreed, refused] = [0, 0]
    for (let i = 0; i < HELLOS; i++) {
      const hello = right.slice()
      // In and around the name, and anywhere.
      for (let left = fuzz.below(3); left >= 0; left--) {
        const place = fuzz.below(2) === 0 ? at - 12 + fuzz.below(30) : fuzz.below(right.length)
        hello[place] = fuzz.below(2) === 0 ? fuzz.below(256) : hello[place]! ^ (1 << fuzz.below(8))
      }
      seen = undefined
      const client = net.connect(port, "127.0.0.1")
      client.on("error", () => {})
      client.end(hello)
      client.resume()
      await once(client, "close")
      const { result } = whole(clientHello({ maxBytes: 65_536 }), hello)
      if (seen === undefined) continue
      if (result["_tag"] === "Hello") {
        assert.strictEqual(result["name"], canonicalHost(seen), hex(hello))
        agreed += 1
      } else {
        assert.strictEqual(result["_tag"], "Refusal", hex(hello))
        refused += 1
      }
    }
    server.close()
    assert.isAbove(agreed, HELLOS / 10)
    assert.isAbove(refused, 0)
  }
)
