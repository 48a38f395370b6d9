/** Hosts that clients name, against references that nothing here shares code with: the runtime's URL and its BlockList. */
import fc from "fast-check"
import * as net from "node:net"
import { describe, expect } from "vitest"
import type { Pattern } from "../../src/ingress/allowed.ts"
import { allows, parsePattern } from "../../src/ingress/allowed.ts"
import { canonicalHost } from "../../src/ingress/canonicalHost.ts"
import { pacText } from "../../src/ingress/pac.ts"
import { isPrivate } from "../../test/support/isPrivate.ts"
import { pacFunction } from "../../test/support/pacFunction.ts"
import { law, met } from "../check.ts"

const part = fc.oneof(
  fc.nat(300).map(String),
  fc.nat(255).map((n) => `0x${n.toString(16)}`),
  fc.nat(255).map((n) => `0${n.toString(8)}`)
)
const numbers = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("."))
const anyHost = fc.tuple(
  fc.oneof(
    numbers,
    fc.ipV4Extended(),
    fc.ipV4(),
    fc.domain(),
    fc.tuple(fc.domain(), part).map(([name, last]) => `${name}.${last}`),
    fc.string({ unit: fc.constantFrom(..."aZ09.-_:%[]x\u0131\u3002\uff11ü"), maxLength: 12 })
  ),
  fc.constantFrom("", ".")
).map(([host, dot]) => host + dot)
const anyIpv6 = fc.oneof(fc.ipV6(), fc.ipV4().map((text) => `::ffff:${text}`))

/** The host as the standard of URLs has it; undefined: none. */
function urlHost(text: string): string | undefined {
  return URL.canParse(`http://${text}/`) ? new URL(`http://${text}/`).hostname : undefined
}

const isIpv4 = (text: string) => net.isIPv4(text)

describe("the canonical form of a host", () => {
  law(
    "is the form of the runtime's URL, so no name is an address in another spelling, and it is canonical itself",
    fc.property(anyHost, (text) => {
      const host = canonicalHost(text)
      const reference = urlHost(text)
      if (host === undefined) {
        if (reference !== undefined && isIpv4(reference)) met("an odd address was refused")
        return
      }
      met(isIpv4(host) ? "an address" : "a name")
      expect(reference?.replace(/\.$/, "")).toBe(host)
      expect(canonicalHost(host)).toBe(host)
    }),
    { share: 10, floors: { "an odd address was refused": 300, "an address": 300, "a name": 300 } }
  )

  law(
    "of an IPv6 address is the form of the runtime's URL, or the IPv4 address that is mapped into it",
    fc.property(anyIpv6, (text) => {
      const host = canonicalHost(text)!
      expect(canonicalHost(`[${text.toUpperCase()}]`)).toBe(host)
      const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(urlHost(`[${text}]`)!)
      if (mapped !== null) met("mapped")
      if (mapped === null) expect(`[${host}]`).toBe(urlHost(`[${text}]`))
      else expect(urlHost(`[::ffff:${host}]`)).toBe(mapped[0])
    }),
    { share: 3, floors: { mapped: 100 } }
  )
})

const PRIVATE: ReadonlyArray<readonly [string, number, "ipv4" | "ipv6"]> = [
  ...([["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16]] as const).map(([a, b]) =>
    [a, b, "ipv4"] as const
  ),
  ...([["172.16.0.0", 12], ["192.0.0.0", 24], ["192.168.0.0", 16], ["224.0.0.0", 4], ["240.0.0.0", 4]] as const).map((
    [a, b]
  ) => [a, b, "ipv4"] as const)
]

describe("an address is private", () => {
  const list = new net.BlockList()
  for (const [network, bits, family] of PRIVATE) list.addSubnet(network, bits, family)
  const wide = new net.BlockList()
  for (
    const [network, bits] of [["::", 128], ["::1", 128], ["fc00::", 7], ["fe80::", 9], ["ff00::", 8], [
      "64:ff9b:1::",
      48
    ]] as const
  ) {
    wide.addSubnet(network, bits, "ipv6")
  }
  /** Just within and just outside of a network. */
  const edge = fc.tuple(fc.constantFrom(...PRIVATE), fc.integer({ min: -2, max: 2 }), fc.boolean()).map(
    ([[network, bits], by, atEnd]) => {
      const first = network.split(".").reduce((sum, one) => sum * 256 + Number(one), 0)
      const word = (first + (atEnd ? 2 ** (32 - bits) : 0) + by + 2 ** 32) % 2 ** 32
      return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join(".")
    }
  )
  const group = fc.integer({ min: 0, max: 65_535 }).map((value) => value.toString(16))
  const first = fc.constantFrom("fbff", "fc00", "fdff", "fe00", "fe7f", "fe80", "febf", "fec0", "feff", "ff00", "ffff", "64")
  const second = fc.constantFrom("0", "ff9b", "ffff")
  const nearEdges = fc.tuple(first, second, fc.array(group, { minLength: 6, maxLength: 6 })).map((parts) =>
    parts.flat().join(":")
  )
  const dotted = (text: string) => text.split(".").map((one) => Number(one).toString(16).padStart(2, "0")).join("")

  law(
    "where the runtime's own list of networks says so, alone and inside all forms of IPv6 that carry it",
    fc.property(fc.oneof(fc.ipV4(), edge), (text) => {
      const wanted = list.check(text, "ipv4")
      met(wanted ? "private" : "public")
      const hex = dotted(text)
      const [high, low] = [hex.slice(0, 4), hex.slice(4)]
      const forms = [text, `::ffff:${text}`, `::ffff:0:${text}`, `64:ff9b::${high}:${low}`, `2002:${high}:${low}::1`]
      for (const form of [...forms, `::${high}:${low}`]) expect([form, isPrivate(form)]).toEqual([form, wanted])
      // Teredo is private whatever it carries.
      const turned = text.split(".").map((one) => 255 - Number(one)).join(".")
      expect(isPrivate(`2001:0:1:2:3:4:${turned}`)).toBe(true)
    }),
    { share: 3, floors: { private: 100, public: 100 } }
  )

  law(
    "of IPv6 where the runtime's own list of networks says so",
    fc.property(fc.oneof(fc.ipV6(), nearEdges), (text) => {
      // Those that carry an IPv4 address have a law of their own.
      fc.pre(!/^\[(::|64:ff9b::|2002:|2001:0?:)/.test(urlHost(`[${text}]`) as string))
      const wanted = wide.check(text, "ipv6")
      met(wanted ? "private" : "public")
      expect([text, isPrivate(text)]).toEqual([text, wanted])
    }),
    { share: 3, floors: { private: 50, public: 100 } }
  )
})

const suffix = fc.constantFrom("a.example", "b.a.example", "c.example", "xa.example")
const host = fc.oneof(suffix, fc.constantFrom("198.18.0.1", "2001:db8::1"), suffix.map((one) => `www.${one}`))
const ports = fc.constantFrom(80, 443, 8_080)
const pattern = fc.tuple(
  fc.oneof(fc.constant("*"), suffix, suffix.map((one) => `*.${one}`), fc.constantFrom("198.18.0.1", "[2001:db8::1]")),
  fc.oneof(ports.map(String), fc.constant("*"))
).map((parts) => parts.join(":"))

/** The pattern as a regular expression over `host:port`. */
function referenceOf(pattern: string): RegExp {
  const [, host = "", port = ""] = /^(.*):([^:]*)$/.exec(pattern)!
  const escaped = host.replaceAll(/[.[\]]/g, "\\$&")
  const hostText = host === "*" ? "[^]+" : host.startsWith("*.") ? `[a-z0-9.-]+${escaped.slice(1)}` : escaped
  return new RegExp(`^${hostText}:${port === "*" ? "[0-9]+" : port}$`)
}

describe("what is allowed", () => {
  law(
    "is what its patterns say as regular expressions, and what proxy.pac sends through the proxy",
    fc.property(fc.array(pattern, { maxLength: 3 }), host, ports, (texts, host, port) => {
      const bracketed = host.includes(":") ? `[${host}]` : host
      const wanted = texts.some((one) => referenceOf(one).test(`${bracketed}:${port}`))
      met(wanted ? "allowed" : "not allowed")
      const patterns = texts.map((one) => parsePattern(one) as Pattern)
      expect(allows(patterns, host, port)).toBe(wanted)
      const find = pacFunction(pacText({ host: "127.0.0.1", port: 8118 }, patterns))
      expect(find(`http://${bracketed}:${port}/`, host)).toBe(wanted ? "PROXY 127.0.0.1:8118" : "DIRECT")
    }),
    { share: 3, floors: { allowed: 100, "not allowed": 100 } }
  )
})
