/** PROXY headers: literal ones from HAProxy's doc/proxy-protocol.txt, malformed ones, and those that are written here. */
import { assert, describe, it } from "vitest"
import { crc32c } from "../../src/ingress/crc32c.ts"
import { proxyHeader } from "../../src/ingress/proxyHeader.ts"
import { writeV1 } from "../../src/ingress/proxyV1.ts"
import { writeV2, writeV2Local } from "../../src/ingress/proxyV2.ts"
import { ascii, bytes, hex, oneByOne, run, unhex, whole } from "../support/handshakes.ts"

const parser = proxyHeader({ maxBytes: 65_536 })
const refused = (reason: string) => ({ _tag: "Refusal", reason })
const header = (source?: readonly [string, number], destination?: readonly [string, number], local = false) => ({
  _tag: "ProxyHeader",
  local,
  source: source && { host: source[0], port: source[1] },
  destination: destination && { host: destination[0], port: destination[1] }
})

const SIGNATURE = "0d0a0d0a000d0a515549540a"
const V4 = "c0000201 c6336407 dc04 01bb"
const ADDRESSES = header(["192.0.2.1", 56_324], ["198.51.100.7", 443])
const LONG_V6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

/** A header with a checksum field, which is right, or wrong by one bit. */
function checked(flip: number): Uint8Array {
  const blank = unhex(`${SIGNATURE} 2111 0013 ${V4} 03 0004 00000000`)
  const sum = (crc32c(blank) ^ flip) >>> 0
  blank.set([sum >>> 24, (sum >>> 16) & 255, (sum >>> 8) & 255, sum & 255], blank.length - 4)
  return blank
}

describe("a PROXY header of version 1", () => {
  it.each([
    ["IPv4", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", ADDRESSES],
    [
      "the longest IPv4",
      "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
      header(["255.255.255.255", 65_535], ["255.255.255.255", 65_535])
    ],
    ["the longest IPv6", `PROXY TCP6 ${LONG_V6} ${LONG_V6} 65535 65535\r\n`, header([LONG_V6, 65_535], [LONG_V6, 65_535])],
    ["IPv6 in capitals", "PROXY TCP6 2001:DB8::1 2001:DB8:0::2 1 2\r\n", header(["2001:db8::1", 1], ["2001:db8::2", 2])],
    [
      "IPv4 mapped into IPv6",
      "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n",
      header(["192.0.2.1", 1], ["2001:db8::2", 2])
    ],
    ["an unknown protocol", "PROXY UNKNOWN\r\n", header()],
    ["the longest line", `PROXY UNKNOWN ${LONG_V6} ${LONG_V6} 65535 65535\r\n`, header()]
  ])("is read: %s", (_what, text, wanted) => {
    for (const ended of [whole(parser, ascii(`${text}GET /`)), run(parser, oneByOne(ascii(`${text}GET /`)))]) {
      assert.deepStrictEqual(ended.result, wanted)
      assert.strictEqual(ended.early, hex(ascii("GET /")))
    }
  })

  it.each([
    ["no header", "GET / HTTP/1.1\r\n", "wrongProtocol"],
    ["no header, and a method that begins with P", "POST / HTTP/1.1\r\n", "wrongProtocol"],
    ["small letters", "proxy TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", "wrongProtocol"],
    ["a line end of LF alone", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\n", "malformed"],
    ["a CR within", "PROXY TCP4 192.0.2.1\r198.51.100.7 56324 443\r\n", "malformed"],
    ["two blanks", "PROXY TCP4  192.0.2.1 198.51.100.7 56324 443\r\n", "malformed"],
    ["a blank at its end", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 \r\n", "malformed"],
    ["zeros in front of a number", "PROXY TCP4 192.0.2.01 198.51.100.7 56324 443\r\n", "malformed"],
    ["zeros in front of a port", "PROXY TCP4 192.0.2.1 198.51.100.7 056324 443\r\n", "malformed"],
    ["a port out of range", "PROXY TCP4 192.0.2.1 198.51.100.7 65536 443\r\n", "malformed"],
    ["a name", "PROXY TCP4 example.com 198.51.100.7 56324 443\r\n", "malformed"],
    ["an address of the other family", "PROXY TCP4 2001:db8::1 198.51.100.7 56324 443\r\n", "malformed"],
    ["IPv6 in brackets", "PROXY TCP6 [2001:db8::1] 2001:db8::2 1 2\r\n", "malformed"],
    ["an unknown word", "PROXY UDP4 192.0.2.1 198.51.100.7 56324 443\r\n", "malformed"],
    ["too few parts", "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n", "malformed"],
    ["more than 107 bytes", `PROXY UNKNOWN ${"a".repeat(92)}\r\n`, "malformed"]
  ])("is refused: %s", (_what, text, reason) => {
    for (const ended of [whole(parser, ascii(text)), run(parser, oneByOne(ascii(text)))]) {
      assert.deepInclude(ended.result, refused(reason))
    }
  })
})

describe("a PROXY header of version 2", () => {
  it.each([
    ["IPv4", unhex(`${SIGNATURE} 2111 000c ${V4}`), ADDRESSES],
    [
      "IPv6",
      unhex(`${SIGNATURE} 2121 0024 20010db8000000000000000000000001 20010db8000000000000000000000002 0001 0002`),
      header(["2001:db8::1", 1], ["2001:db8::2", 2])
    ],
    ["LOCAL", unhex(`${SIGNATURE} 2000 0000`), header(undefined, undefined, true)],
    ["LOCAL with addresses", unhex(`${SIGNATURE} 2011 000c ${V4}`), header(undefined, undefined, true)],
    ["unspecified", unhex(`${SIGNATURE} 2100 0000`), header()],
    ["a local socket", bytes(unhex(`${SIGNATURE} 2131 00d8`), new Uint8Array(216)), header()],
    ["fields", unhex(`${SIGNATURE} 2111 0017 ${V4} 04 0001 ff 02 0004 61626364`), ADDRESSES],
    ["a right checksum", checked(0), ADDRESSES]
  ])("is read: %s", (_what, text, wanted) => {
    for (const ended of [whole(parser, bytes(text, "GET /")), run(parser, oneByOne(bytes(text, "GET /")))]) {
      assert.deepStrictEqual(ended.result, wanted)
      assert.strictEqual(ended.early, hex(ascii("GET /")))
    }
  })

  it.each([
    ["another version", `${SIGNATURE} 1111 000c ${V4}`, "unsupported"],
    ["an unknown command", `${SIGNATURE} 2211 000c ${V4}`, "malformed"],
    ["an unknown family", `${SIGNATURE} 2141 000c ${V4}`, "malformed"],
    ["an unknown protocol", `${SIGNATURE} 2113 000c ${V4}`, "malformed"],
    ["datagrams", `${SIGNATURE} 2112 000c ${V4}`, "unsupported"],
    ["addresses that are cut off", `${SIGNATURE} 2111 000b ${V4}`, "malformed"],
    ["a field that is cut off", `${SIGNATURE} 2111 0010 ${V4} 04 0002 ff`, "malformed"],
    ["half a field's header", `${SIGNATURE} 2111 000e ${V4} 04 00`, "malformed"],
    ["another signature", "0d0a0d0a000d0a515549540b 2111 000c", "wrongProtocol"]
  ])("is refused: %s", (_what, text, reason) => {
    assert.deepInclude(whole(parser, unhex(text)).result, refused(reason))
    assert.deepInclude(run(parser, oneByOne(unhex(text))).result, refused(reason))
  })

  it("is refused with a wrong checksum, or two", () => {
    assert.deepInclude(whole(parser, checked(1)).result, refused("malformed"))
    const twice = unhex(`${SIGNATURE} 2111 001a ${V4} 03 0004 00000000 03 0004 00000000`)
    assert.deepInclude(whole(parser, twice).result, refused("malformed"))
  })

  it("is refused when it says that it is longer than the bound, before its bytes come", () => {
    const bounded = proxyHeader({ maxBytes: 1_024 })
    assert.deepInclude(whole(bounded, unhex(`${SIGNATURE} 2111 ffff`)).result, refused("tooLong"))
    assert.deepInclude(whole(bounded, unhex(`${SIGNATURE} 2111 03f0`)).result, { _tag: "More" })
  })
})

describe("the writers of PROXY headers", () => {
  const [source, destination] = [{ host: "192.0.2.1", port: 56_324 }, { host: "198.51.100.7", port: 443 }]
  const wide = { host: "2001:db8::2", port: 2 }

  it("write version 1 as the standard has it", () => {
    assert.strictEqual(hex(writeV1(source, destination)), hex(ascii("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n")))
    assert.strictEqual(hex(writeV1()), hex(ascii("PROXY UNKNOWN\r\n")))
  })

  it("write version 2 as the standard has it", () => {
    assert.strictEqual(hex(writeV2(source, destination)), hex(unhex(`${SIGNATURE} 2111 000c ${V4}`)))
    assert.strictEqual(hex(writeV2()), hex(unhex(`${SIGNATURE} 2000 0000`)))
    assert.strictEqual(hex(writeV2Local()), hex(unhex(`${SIGNATURE} 2000 0000`)))
  })

  it("write addresses of two families as IPv6", () => {
    for (const write of [writeV1, writeV2]) {
      const { result } = whole(parser, write(source, wide))
      assert.deepStrictEqual(result, header([source.host, source.port], [wide.host, wide.port]))
    }
  })
})

it("the checksum of 123456789 is the known one", () => assert.strictEqual(crc32c(ascii("123456789")), 0xe3069283))
