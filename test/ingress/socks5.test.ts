/** A table of SOCKS5 exchanges, byte for byte from RFC 1928 and RFC 1929. */
import { assert, describe, it } from "vitest"
import type { Credentials, FailureReason } from "../../src/ingress/Handshake.ts"
import { socks5 } from "../../src/ingress/socks5.ts"
import { ascii, bytes, hex, oneByOne, run, unhex, whole } from "../support/handshakes.ts"

const NAME = "\x0bexample.com"
const open = socks5({ maxBytes: 65_536 })
const isAda = ({ user, password }: Credentials) => hex(user) === hex(ascii("ada")) && hex(password) === hex(ascii("love"))
const guarded = socks5({ maxBytes: 65_536, authenticate: isAda })

const target = (host: string, port: number) => ({ _tag: "Target", host, port })
const refused = (reason: string) => ({ _tag: "Refusal", reason })

describe("SOCKS5 without users", () => {
  it.each([
    ["a name", ["050100", "05010003", ascii(NAME), "01bb"], target("example.com", 443), "0500"],
    ["an IPv4 address", ["050100", "05010001c0000201", "0050"], target("192.0.2.1", 80), "0500"],
    ["an IPv6 address", ["050100", "0501000420010db8000000000000000000000001", "01bb"], target("2001:db8::1", 443), "0500"],
    [
      "an IPv4 address mapped into IPv6",
      ["050100", "0501000400000000000000000000ffff7f000001", "0050"],
      target("127.0.0.1", 80),
      "0500"
    ],
    ["several methods", ["0503000102", "05010001c0000201", "0050"], target("192.0.2.1", 80), "0500"],
    [
      "credentials alone, where none are needed",
      ["050102", "01036164610178", "05010001c0000201", "0050"],
      target("192.0.2.1", 80),
      "05020100"
    ],
    [
      "a name in capitals with a dot at its end",
      ["050100", "05010003", ascii("\x0cExample.COM."), "01bb"],
      target("example.com", 443),
      "0500"
    ],
    [
      "a name in another script",
      ["050100", "05010003", "0a62c3bc636865722e6465", "01bb"],
      target("xn--bcher-kva.de", 443),
      "0500"
    ],
    ["GSSAPI alone", ["050101"], refused("notAuthenticated"), "05ff"],
    ["no method at all", ["0500"], refused("notAuthenticated"), "05ff"],
    ["BIND", ["050100", "05020001c0000201", "0050"], refused("unsupported"), "050005070001000000000000"],
    ["UDP ASSOCIATE", ["050100", "0503000100000000", "0000"], refused("unsupported"), "050005070001000000000000"],
    ["a kind of address that there is not", ["050100", "05010002"], refused("unsupported"), "050005080001000000000000"],
    ["another version in its request", ["050100", "04"], refused("malformed"), "050005010001000000000000"],
    ["port 0", ["050100", "05010001c0000201", "0000"], refused("malformed"), "050005010001000000000000"],
    ["an empty name", ["050100", "0501000300", "0050"], refused("badHost"), "050005040001000000000000"],
    [
      "an address in decimal",
      ["050100", "05010003", ascii("\x0a2130706433"), "0050"],
      refused("badHost"),
      "050005040001000000000000"
    ],
    [
      "a name with a line end",
      ["050100", "05010003", ascii("\x05a\r\nbc"), "0050"],
      refused("badHost"),
      "050005040001000000000000"
    ],
    [
      "a name with a zero byte",
      ["050100", "05010003", ascii("\x0ba.com\0.evil"), "0050"],
      refused("badHost"),
      "050005040001000000000000"
    ],
    ["HTTP", [ascii("GET / HTTP/1.1\r\n")], refused("wrongProtocol"), ""]
  ])("answers a client with %s", (_what, parts, wanted, replies) => {
    const all = bytes(...parts.map((part) => typeof part === "string" ? unhex(part) : part))
    for (const ended of [whole(open, all), run(open, oneByOne(all))]) {
      assert.deepInclude(ended.result, wanted)
      assert.strictEqual(ended.replies, replies)
    }
  })

  it("sends its choice of a method before the request comes", () => {
    const first = open.feed(open.initial, unhex("050100"))
    assert(first._tag === "More")
    assert.strictEqual(hex(first.reply), "0500")
  })

  it("hands on what follows the request", () => {
    assert.strictEqual(whole(open, bytes(unhex("050100 05010001c0000201 0050"), "GET /")).early, hex(ascii("GET /")))
  })
})

describe("SOCKS5 with users", () => {
  const request = unhex("05010001c00002010050")

  it.each([
    ["the right password", [unhex("050102"), "\x01\x03ada\x04love", request], target("192.0.2.1", 80), "05020100"],
    ["a wrong password", [unhex("050102"), "\x01\x03ada\x04hate", request], refused("notAuthenticated"), "05020101"],
    ["no user and no password", [unhex("050102"), "\x01\x00\x00", request], refused("notAuthenticated"), "05020101"],
    [
      "both methods, and the right password",
      [unhex("05020002"), "\x01\x03ada\x04love", request],
      target("192.0.2.1", 80),
      "05020100"
    ],
    ["no method with a password", [unhex("050100"), request], refused("notAuthenticated"), "05ff"],
    ["credentials of another version", [unhex("050102"), "\x05\x03ada"], refused("malformed"), "05020101"]
  ])("answers a client with %s", (_what, parts, wanted, replies) => {
    const all = bytes(...parts)
    for (const ended of [whole(guarded, all), run(guarded, oneByOne(all))]) {
      assert.deepInclude(ended.result, wanted)
      assert.strictEqual(ended.replies, replies)
    }
  })

  it("puts no credentials into what is logged", () => {
    const { result } = whole(guarded, bytes(unhex("050102"), "\x01\x03ada\x06secret"))
    assert.notMatch(JSON.stringify(result), /ada|secret/)
  })
})

describe("the answers to a SOCKS5 request", () => {
  const found = open.feed(open.initial, unhex("050100 05010001c0000201 0050"))
  assert(found._tag === "Target")
  const { answers } = found

  it("hide the address that was dialled from, unless they are given it", () => {
    assert.strictEqual(hex(answers.success()), "05000001000000000000")
    assert.strictEqual(hex(answers.success({ host: "192.0.2.9", port: 513 })), "05000001c00002090201")
    assert.strictEqual(
      hex(answers.success({ host: "2001:db8::9", port: 1 })),
      "0500000420010db80000000000000000000000090001"
    )
  })

  const CODES: Readonly<Record<FailureReason, number>> = {
    notAllowed: 2,
    resolveFailed: 4,
    refused: 5,
    timedOut: 6,
    unreachable: 4,
    proxyError: 1
  }
  it.each(Object.entries(CODES))("say %s by code %i", (reason, code) => {
    assert.strictEqual(hex(answers.failure(reason as FailureReason)), `050${code}0001000000000000`)
  })
})

describe("the bound of a SOCKS5 handshake", () => {
  it("holds over all messages together", () => {
    const long = bytes(unhex("05ff"), new Uint8Array(255), unhex("05010003ff"), "a".repeat(255), unhex("0050"))
    assert.deepInclude(whole(socks5({ maxBytes: long.length - 1 }), long).result, refused("tooLong"))
    assert.deepInclude(whole(socks5({ maxBytes: long.length }), long).result, refused("badHost"))
  })
})
