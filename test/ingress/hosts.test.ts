/** Hosts that clients name, the patterns that allow them, and the addresses that are private. */
import { assert, describe, it } from "vitest"
import { allows, parsePattern } from "../../src/ingress/allowed.ts"
import { canonicalHost } from "../../src/ingress/canonicalHost.ts"
import { isPrivate } from "../support/isPrivate.ts"

const label = (length: number) => "a".repeat(length)
const LONGEST = [label(63), label(63), label(63), label(61)].join(".")

describe("the canonical form", () => {
  it.each([
    ["Example.COM", "example.com"],
    ["example.com.", "example.com"],
    ["bücher.de", "xn--bcher-kva.de"],
    ["localhost", "localhost"],
    ["_srv.example.com", "_srv.example.com"],
    ["1.2.3.example", "1.2.3.example"],
    ["192.0.2.1", "192.0.2.1"],
    ["192.0.2.1.", "192.0.2.1"],
    ["[2001:DB8::1]", "2001:db8::1"],
    ["2001:db8:0:0:0:0:0:1", "2001:db8::1"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["[::ffff:7f00:1]", "127.0.0.1"],
    ["0:0:0:0:0:ffff:a9fe:a9fe", "169.254.169.254"],
    ["127。0。0。1", "127.0.0.1"],
    [LONGEST, LONGEST]
  ])("of %s is %s", (text, wanted) => assert.strictEqual(canonicalHost(text), wanted))

  it.each([
    ["decimal", "2130706433"],
    ["hexadecimal", "0x7f000001"],
    ["hexadecimal at its end", "example.0x7f"],
    ["half hexadecimal", "0x7f.1"],
    ["octal", "017700000001"],
    ["octal parts", "0177.0.0.1"],
    ["zeros in front", "127.0.0.01"],
    ["two parts", "127.1"],
    ["three parts", "127.0.1"],
    ["five parts", "127.0.0.0.1"],
    ["a part out of range", "256.0.0.1"],
    ["octal in IPv6", "::ffff:0177.0.0.1"],
    ["a zone", "fe80::1%eth0"],
    ["a zone in brackets", "[fe80::1%25eth0]"],
    ["brackets around IPv4", "[127.0.0.1]"],
    ["one bracket", "[2001:db8::1"],
    ["nothing", ""],
    ["a dot", "."],
    ["two dots at its end", "example.com.."],
    ["an empty label", "a..b"],
    ["a blank", "a b"],
    ["a line end", "a.com\r\nX: y"],
    ["a zero byte", "a.com\0"],
    ["a control character behind a name in another script", "bücher.de\u0001"],
    ["a slash", "a.com/b"],
    ["a user", "user@a.com"],
    ["a port", "a.com:80"],
    ["a wildcard", "*.com"],
    ["a label of 64 characters", `${label(64)}.com`],
    ["254 characters", `${LONGEST}a`]
  ])("is none for %s", (_what, text) => assert.strictEqual(canonicalHost(text), undefined))
})

describe("a pattern of allow", () => {
  it.each([
    ["*:443", "example.com", 443, true],
    ["*:443", "192.0.2.1", 443, true],
    ["*:443", "example.com", 80, false],
    ["example.com:*", "example.com", 8080, true],
    ["EXAMPLE.com.:80", "example.com", 80, true],
    ["example.com:80", "www.example.com", 80, false],
    ["*.example.com:443", "www.example.com", 443, true],
    ["*.example.com:443", "a.b.example.com", 443, true],
    ["*.example.com:443", "example.com", 443, false],
    ["*.example.com:443", "badexample.com", 443, false],
    ["198.18.0.1:80", "198.18.0.1", 80, true],
    ["[2001:DB8:0::1]:443", "2001:db8::1", 443, true],
    ["[::ffff:198.18.0.1]:80", "198.18.0.1", 80, true]
  ])("%s, for %s and port %i: %s", (text, host, port, wanted) => {
    const pattern = parsePattern(text)
    assert(pattern !== undefined)
    assert.strictEqual(allows([pattern], host, port), wanted)
  })

  it.each([
    "",
    "example.com",
    "example.com:0",
    "example.com:65536",
    "*.1:80",
    "*.198.18.0.1:80",
    "0x7f.1:80",
    "a*:80",
    "2001:db8::1:80",
    ":80"
  ])(
    "is not %s",
    (text) => assert.strictEqual(parsePattern(text), undefined)
  )

  it("allows nothing where there is none", () => assert.isFalse(allows([], "example.com", 443)))
})

describe("an address is private", () => {
  it.each([
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:0:10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:1:2:3:4:80ff:fffe",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    // It is unknown where these lead.
    "localhost",
    "127.1",
    "fe80::1%eth0"
  ])("%s is", (text) => assert.isTrue(isPrivate(text)))

  it.each([
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.0.1",
    "172.32.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "2001:db8::1",
    "64:ff9b::808:808",
    "2002:808:808::1"
  ])(
    "%s is not",
    (text) => assert.isFalse(isPrivate(text))
  )
})
