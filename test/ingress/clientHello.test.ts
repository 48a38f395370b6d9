/** ClientHellos of TLS implementations and of a writer made for the tests. */
import { spawnSync } from "node:child_process"
import { assert, describe, it } from "vitest"
import { clientHello } from "../../src/ingress/clientHello.ts"
import { lacks } from "../support/able.ts"
import { ascii, bytes, hex, oneByOne, pieces, run, unhex, whole } from "../support/handshakes.ts"
import { encryptedHello, extension, helloOf, messageOf, recordsOf, serverName, vector16 } from "../support/helloWriter.ts"
import { manyProtocols, opensslHello, runtimesHello } from "../support/realHellos.ts"

const parser = clientHello({ maxBytes: 65_536 })
const plain = { sessionId: 32, suites: 10, recordBytes: 16_384 }
const hello = (...extensions: ReadonlyArray<Uint8Array>) => helloOf({ ...plain, extensions })
const found = (name: string | undefined, encrypted = false) => ({ _tag: "Hello", name, encrypted })
const refused = (reason: string) => ({ _tag: "Refusal", reason })

describe("a ClientHello", () => {
  it.each([
    ["with a name", hello(serverName("example.com")), found("example.com")],
    ["with a name in capitals", hello(serverName("Example.COM")), found("example.com")],
    [
      "with the name behind others",
      hello(extension(16, ascii("\0\x03\x02h2")), serverName("example.com")),
      found("example.com")
    ],
    ["without a name", hello(extension(43, unhex("020304"))), found(undefined)],
    ["without extensions", helloOf({ ...plain, extensions: undefined }), found(undefined)],
    ["with an outer name", hello(serverName("public.example"), encryptedHello(200)), found("public.example", true)],
    ["with an encrypted name alone", hello(encryptedHello(200)), found(undefined, true)],
    [
      "of 60,000 bytes in four records",
      hello(extension(51, new Uint8Array(60_000)), serverName("example.com")),
      found("example.com")
    ],
    [
      "in records of one byte",
      helloOf({ ...plain, recordBytes: 1, extensions: [serverName("example.com")] }),
      found("example.com")
    ]
  ])("%s is read, and all its bytes go on", (_what, all, wanted) => {
    for (const ended of [whole(parser, bytes(all, "more")), run(parser, oneByOne(bytes(all, "more")))]) {
      assert.deepStrictEqual(ended.result, wanted)
      assert.strictEqual(ended.early, hex(bytes(all, "more")))
      assert.isAtMost(ended.largest, 65_536)
    }
  })

  const message = messageOf({ ...plain, extensions: [serverName("example.com")] })
  it.each([
    ["HTTP", ascii("GET / HTTP/1.1\r\n"), "wrongProtocol", ""],
    ["SSL 2", unhex("802e0100020015"), "wrongProtocol", ""],
    ["another first message", recordsOf(unhex("02000000"), 100), "malformed", "15030100020232"],
    ["an alert amid it", bytes(recordsOf(message.subarray(0, 50), 100), unhex("1503010002")), "malformed", "15030100020232"],
    ["an empty record", unhex("1603010000"), "malformed", "15030100020232"],
    ["a record that is too long", unhex("1603014001"), "malformed", "15030100020232"],
    ["two names", hello(serverName("a.example"), serverName("b.example")), "malformed", "15030100020232"],
    [
      "two names in one list",
      hello(extension(0, vector16(bytes(0, vector16(ascii("a.b")), 0, vector16(ascii("c.d")))))),
      "malformed",
      "15030100020232"
    ],
    ["an empty list of names", hello(extension(0, unhex("0000"))), "malformed", "15030100020232"],
    ["an address as name", hello(serverName("192.0.2.1")), "badHost", "1503010002022f"],
    ["an address in decimal as name", hello(serverName("2130706433")), "badHost", "1503010002022f"],
    ["a name with a zero byte", hello(serverName("a.com\0b")), "badHost", "1503010002022f"],
    [
      "extensions that are cut off",
      recordsOf(message.with(3, message[3]! - 1).subarray(0, -1), 16_384),
      "malformed",
      "15030100020232"
    ],
    [
      "more than the bound",
      hello(extension(51, new Uint8Array(65_000)), extension(51, new Uint8Array(500))),
      "tooLong",
      "15030100020232"
    ]
  ])("is refused: %s", (_what, all, reason, alert) => {
    for (const ended of [whole(parser, all), run(parser, oneByOne(all))]) {
      assert.deepInclude(ended.result, refused(reason))
      assert.strictEqual(ended.replies, alert)
    }
  })

  it("that would be longer than the bound is refused by its length, before its bytes come", () => {
    const small = clientHello({ maxBytes: 1_024 })
    assert.deepInclude(whole(small, unhex("16030103fc")).result, refused("tooLong"))
    assert.deepInclude(whole(small, unhex("16030103fb")).result, { _tag: "More" })
    assert.deepInclude(whole(small, unhex("160301000401ffffff")).result, refused("tooLong"))
  })
})

/** The same result in pieces of any size. */
function inPieces(all: Uint8Array) {
  const cut = pieces(all, [1, 4, 5, 6, 9, 100, 517, 1_460, 16_389, 16_390])
  for (const ended of [whole(parser, all), run(parser, cut), run(parser, oneByOne(all))]) {
    assert.strictEqual(ended.early, hex(all))
    assert.deepStrictEqual(ended.result, whole(parser, all).result)
  }
  return whole(parser, all).result
}

describe("the ClientHello of this runtime", () => {
  it("is read, with a name and without", async () => {
    assert.deepInclude(inPieces(await runtimesHello({ servername: "www.example.com" })), found("www.example.com"))
    assert.deepInclude(inPieces(await runtimesHello({})), { _tag: "Hello", name: undefined })
  })

  it("is read when it fills more than one record", async () => {
    const all = await runtimesHello({ servername: "www.example.com", ALPNProtocols: manyProtocols(20_000) })
    assert.isAbove(all.length, 20_000)
    assert.deepInclude(inPieces(all), { _tag: "Hello", name: "www.example.com" })
  })
})

const SKIPPED = lacks("openssl", spawnSync("openssl", ["version"]).status === 0 ? "" : "there is no openssl")

describe.skipIf(SKIPPED)("the ClientHello of OpenSSL", () => {
  it("is read, with a name and without, of TLS 1.2 and 1.3", async () => {
    for (const version of ["-tls1_2", "-tls1_3"]) {
      assert.deepInclude(inPieces(await opensslHello(version, "-servername", "www.example.com")), found("www.example.com"))
      assert.deepInclude(inPieces(await opensslHello(version, "-noservername")), found(undefined))
    }
  })

  it("is read when it fills more than one record", async () => {
    const protocols = manyProtocols(20_000).join(",")
    const all = await opensslHello("-servername", "www.example.com", "-alpn", protocols)
    assert.isAbove(all.length, 20_000)
    assert.deepInclude(inPieces(all), found("www.example.com"))
  })
})
