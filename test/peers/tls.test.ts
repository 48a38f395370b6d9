/** `openssl s_client` through the proxy port, with a ClientHello that takes several segments. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { Peers } from "../support/peers/peers.ts"
import { NAME, peers } from "../support/peers/peers.ts"
import { lacksTool, runTool } from "../support/peers/tools.ts"

/** Protocols that no server has, so that the ClientHello has about 12 KiB. */
const PROTOCOLS = Array.from({ length: 60 }, (_, i) => `${i}${"x".repeat(200)}`.slice(0, 200))

describe.skipIf(lacksTool("openssl", "openssl", "openssl"))("openssl s_client", () => {
  let world: Peers
  beforeAll(async () => void (world = await peers()), 90_000)
  afterAll(() => world?.stop())

  it("completes a handshake with a ClientHello of 12 KiB, and gets an answer", async () => {
    const { stdout, stderr } = await runTool("openssl", [
      ...["s_client", "-proxy", world.proxy, "-connect", `${NAME}:${world.site.https}`, "-servername", NAME],
      ...["-CAfile", world.authority, "-verify_return_error", "-quiet", "-ign_eof"],
      ...["-alpn", [...PROTOCOLS, "http/1.1"].join(",")]
    ], { input: `GET / HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n` })
    assert.include(stdout, `hello from ${NAME}`, stderr)
  })
})
