import { assert, describe, it } from "vitest"
import { protocolOf } from "../../src/ingress/protocolOf.ts"
import { ascii } from "../support/handshakes.ts"

describe("the first byte of a client tells its protocol", () => {
  it.each([
    ["SOCKS5", Uint8Array.of(5, 1, 0), "socks5"],
    ["SOCKS4", Uint8Array.of(4, 1, 0, 80), "socks4"],
    ["CONNECT", ascii("CONNECT example.com:443 HTTP/1.1\r\n"), "http"],
    ["GET", ascii("GET http://example.com/ HTTP/1.1\r\n"), "http"],
    ["a method of its own", ascii("!do"), "http"],
    ["TLS", Uint8Array.of(22, 3, 1), "tls"],
    ["a PROXY header of version 2", Uint8Array.of(13, 10, 13, 10, 0), "unknown"],
    ["a zero byte", Uint8Array.of(0), "unknown"],
    ["a byte above ASCII", Uint8Array.of(0x80, 0x2e), "unknown"],
    ["nothing", Uint8Array.of(), undefined]
  ])("%s", (_what, bytes, wanted) => assert.strictEqual(protocolOf(bytes), wanted))
})
