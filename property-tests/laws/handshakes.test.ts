import fc from "fast-check"
import { describe, expect } from "vitest"
import { clientHello } from "../../src/ingress/clientHello.ts"
import type { Parser } from "../../src/ingress/Handshake.ts"
import { append, bytesOf, NOTHING_HELD } from "../../src/ingress/Held.ts"
import { proxyHeader } from "../../src/ingress/proxyHeader.ts"
import { writeV1 } from "../../src/ingress/proxyV1.ts"
import { writeV2 } from "../../src/ingress/proxyV2.ts"
import { socks4 } from "../../src/ingress/socks4.ts"
import { socks5 } from "../../src/ingress/socks5.ts"
import { bytes, hex, pieces, run, whole } from "../../test/support/handshakes.ts"
import * as arbitrary from "../arbitraries/handshakes.ts"
import { law, met } from "../check.ts"

const MAX_BYTES = 16_384
const options = { maxBytes: MAX_BYTES }
const authenticate = ({ user }: { readonly user: Uint8Array }) => user.length % 2 === 0
const allOf = <A extends { readonly all: Uint8Array }>(one: fc.Arbitrary<A>) => one.map(({ all }) => all)
const cuts = fc.array(fc.oneof(fc.nat(60), fc.nat(20_000)), { maxLength: 12 })

type Result = Parameters<typeof run>[0] extends Parser<any, infer R> ? R : never

/** The law for one parser. */
function anySplit<S>(what: string, parser: Parser<S, Result>, right: fc.Arbitrary<Uint8Array>, share = 3): void {
  law(
    `${what} gives the same result for any split of the same bytes, and keeps no more than it may`,
    fc.property(arbitrary.disturbed(right), cuts, (all, cuts) => {
      const { largest: _, ...wanted } = whole(parser, all)
      const { largest, ...found } = run(parser, pieces(all, cuts))
      expect(found).toEqual(wanted)
      expect(largest).toBeLessThanOrEqual(MAX_BYTES)
      const tag = wanted.result["_tag"] as string
      met(`the result was ${["ProxyHeader", "Hello"].includes(tag) ? "Target" : tag}`)
    }),
    {
      share,
      floors: { "the result was Target": 25 * share, "the result was Refusal": 30 * share, "the result was More": 5 * share }
    }
  )
}

describe("a parser of handshakes", () => {
  anySplit("SOCKS5 without users", socks5(options), allOf(arbitrary.socks5Exchange))
  anySplit("SOCKS5 with users", socks5({ ...options, authenticate }), allOf(arbitrary.socks5Exchange))
  anySplit("SOCKS4", socks4(options), allOf(arbitrary.socks4Exchange))
  anySplit("the reader of ClientHellos", clientHello(options), allOf(arbitrary.hello), 1)
  anySplit("the reader of PROXY headers", proxyHeader(options), arbitrary.proxyHeader)
})

describe("what a handshake names", () => {
  const socks = fc.oneof(
    arbitrary.socks5Exchange.map((one) => ({ ...one, parser: socks5(options) as Parser<any, Result> })),
    arbitrary.socks4Exchange.map((one) => ({ ...one, parser: socks4(options) as Parser<any, Result> }))
  )

  law(
    "is the host and port that a SOCKS client wrote, and what follows goes on",
    fc.property(socks, fc.uint8Array(), ({ all, host, port, parser }, rest) => {
      const { result, early } = whole(parser, bytes(all, rest))
      expect(result).toEqual({ _tag: "Target", host, port })
      expect(early).toBe(hex(rest))
    }),
    { share: 3 }
  )

  law(
    "is the name that a ClientHello was written with, if it fits the bound, and all its bytes go on",
    fc.property(arbitrary.hello, ({ all, name, encrypted }) => {
      const { result, early } = whole(clientHello(options), all)
      if (all.length > MAX_BYTES) {
        met("too long")
        expect(result).toMatchObject({ _tag: "Refusal", reason: "tooLong" })
        return
      }
      met("short enough")
      expect(result).toEqual({ _tag: "Hello", name, encrypted })
      expect(early).toBe(hex(all))
    }),
    { share: 2, floors: { "too long": 20, "short enough": 200 } }
  )

  law(
    "is what a PROXY header was written with, in both versions",
    fc.property(arbitrary.address, arbitrary.address, fc.uint8Array(), (source, destination, rest) => {
      for (const write of [writeV1, writeV2]) {
        const { result, early } = whole(proxyHeader(options), bytes(write(source, destination), rest))
        expect(result).toEqual({ _tag: "ProxyHeader", local: false, source, destination })
        expect(early).toBe(hex(rest))
      }
    }),
    { share: 3 }
  )
})

describe("bytes that are held", () => {
  const steps = fc.array(fc.record({ from: fc.nat(), more: fc.uint8Array({ maxLength: 100 }) }), { maxLength: 30 })

  law(
    "stay what they were, whichever state is fed next",
    fc.property(steps, (steps) => {
      const states = [{ held: NOTHING_HELD, model: "" }]
      for (const { from, more } of steps) {
        const before = states[from % states.length]!
        states.push({ held: append(before.held, more, 100_000), model: before.model + hex(more) })
        for (const { held, model } of states) expect(hex(bytesOf(held))).toBe(model)
        if (before !== states.at(-2)) met("an older state was fed")
      }
    }),
    { floors: { "an older state was fed": 500 } }
  )
})
