/**
 * 20,000 inputs that no client in its right mind would send, 1,000,000 with FAIRLEAD_DEEP=1 (then of a new seed, or of FAIRLEAD_SEED).
 * No parser fails, keeps more than it may, gives different results for different splits, or names a target in a doubtful spelling.
 */
import * as net from "node:net"
import process from "node:process"
import { assert, it } from "vitest"
import { allows, parsePattern } from "../../src/ingress/allowed.ts"
import { clientHello } from "../../src/ingress/clientHello.ts"
import type { Parser } from "../../src/ingress/Handshake.ts"
import { proxyHeader } from "../../src/ingress/proxyHeader.ts"
import { writeV1 } from "../../src/ingress/proxyV1.ts"
import { writeV2 } from "../../src/ingress/proxyV2.ts"
import { socks4 } from "../../src/ingress/socks4.ts"
import { socks5 } from "../../src/ingress/socks5.ts"
import type { Input } from "../../test/support/fuzz.ts"
import { Fuzz } from "../../test/support/fuzz.ts"
import type { Ended } from "../../test/support/handshakes.ts"
import { ascii, bytes, hex, pieces, run, unhex, whole } from "../../test/support/handshakes.ts"
import { encryptedHello, helloOf, serverName } from "../../test/support/helloWriter.ts"
import { isPrivate } from "../../test/support/isPrivate.ts"
import { manyProtocols, opensslHello, runtimesHello } from "../../test/support/realHellos.ts"

const DEEP = process.env["FAIRLEAD_DEEP"] === "1"
const INPUTS = DEEP ? 1_000_000 : 20_000
const SEED = Number(process.env["FAIRLEAD_SEED"] ?? (DEEP ? Date.now() : 14))
const ALLOWED = ["*:443", "*:80"].map((text) => parsePattern(text)!)

type AnyParser = Parser<any, { readonly _tag: string }>

const CLIENT = { host: "192.0.2.1", port: 50_000 }
const PARSERS: Readonly<Record<string, (maxBytes: number) => AnyParser>> = {
  socks5: (maxBytes) => socks5({ maxBytes }),
  socks5WithUsers: (maxBytes) => socks5({ maxBytes, authenticate: ({ user }) => user.length > 0 }),
  socks4: (maxBytes) => socks4({ maxBytes }),
  clientHello: (maxBytes) => clientHello({ maxBytes }),
  proxyHeader: (maxBytes) => proxyHeader({ maxBytes })
}
const NAMES = Object.keys(PARSERS)
const READY = NAMES.flatMap((name) =>
  [1_024, 65_536].map((maxBytes) => ({ name, maxBytes, parser: PARSERS[name]!(maxBytes) }))
)

/** What real clients wrote, each with the parser that it is for. */
async function captures(): Promise<ReadonlyArray<readonly [name: string, capture: Uint8Array]>> {
  const hello = [
    await runtimesHello({ servername: "www.example.com" }),
    await runtimesHello({ servername: "www.example.com", ALPNProtocols: manyProtocols(20_000) }),
    // Without OpenSSL the runtime's own are enough.
    await opensslHello("-tls1_2", "-servername", "www.example.com").catch(() => ascii("")),
    helloOf({
      sessionId: 32,
      suites: 20,
      recordBytes: 90,
      extensions: [serverName("www.example.com"), encryptedHello(100)]
    })
  ].filter(({ length }) => length > 0)
  return [
    ...hello.map((one) => ["clientHello", one] as const),
    // As curl writes them: --socks5-hostname, --socks5 with a user, --socks4 and --socks4a.
    ["socks5", bytes(unhex("05020001 05010003 0f"), "www.example.com", unhex("01bb"))],
    ["socks5", unhex("05020001 05010001 c0000201 01bb")],
    ["socks5", unhex("05020001 05010004 20010db8000000000000000000000001 0050")],
    [
      "socks5WithUsers",
      bytes(unhex("0503000102 01"), "\x03ada\x06secret", unhex("05010003 0f"), "www.example.com", unhex("01bb"))
    ],
    ["socks4", bytes(unhex("040101bb c0000201"), "ada\0")],
    ["socks4", bytes(unhex("040101bb 00000001"), "\0www.example.com\0")],
    ["proxyHeader", writeV1(CLIENT, { host: "198.51.100.7", port: 443 })],
    ["proxyHeader", writeV1(CLIENT, { host: "2001:db8::7", port: 443 })],
    ["proxyHeader", bytes(writeV2(CLIENT, { host: "198.51.100.7", port: 443 }), "GET / HTTP/1.1\r\n")],
    ["proxyHeader", unhex("0d0a0d0a000d0a515549540a 2111 0017 c0000201 c6336407 dc04 01bb 04 0001 ff 02 0004 61626364")]
  ]
}

/** What is wrong with a result; undefined: nothing. */
function faultOf(
  input: Input,
  maxBytes: number,
  { largest, ...found }: Ended,
  { largest: also, ...split }: Ended
): string | undefined {
  if (Math.max(largest, also) > maxBytes) return "more is kept than may be"
  if (JSON.stringify(found) !== JSON.stringify(split)) return "another split has another result"
  if (found.replies.length > 2 * 64) return "the replies are longer than any reply is"
  const { _tag, name, host, port } = found.result as { _tag: string; name?: string; host?: string; port?: number }
  if (_tag === "Hello" && found.early !== hex(input.all)) return "the upstream does not get what the client sent"
  if (_tag === "Hello" && name !== undefined && (net.isIP(name) !== 0 || readByUrl(name) !== name)) return "a doubtful name"
  if (_tag !== "Target" || host === undefined || port === undefined) return undefined
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return "a port out of range"
  if (net.isIP(host) === 0 && readByUrl(host) !== host) return "a doubtful host"
  const isDialled = allows(ALLOWED, host, port) && (net.isIP(host) === 0 || !isPrivate(host))
  return isDialled && (![80, 443].includes(port) || PRIVATE.check(host, net.isIPv6(host) ? "ipv6" : "ipv4"))
    ? "a dial that is not allowed"
    : undefined
}

const PRIVATE = new net.BlockList()
PRIVATE.addSubnet("127.0.0.0", 8, "ipv4")
PRIVATE.addSubnet("10.0.0.0", 8, "ipv4")
PRIVATE.addSubnet("169.254.0.0", 16, "ipv4")
PRIVATE.addAddress("::1", "ipv6")

function readByUrl(host: string): string | undefined {
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : undefined
}

it(`${INPUTS} inputs are read without a fault (seed ${SEED})`, { timeout: 3_600_000 }, async () => {
  const made = await captures()
  const fuzz = new Fuzz(SEED, made.map(([, capture]) => capture))
  const counts: Record<string, number> = {}
  const began = performance.now()
  for (let i = 0; i < INPUTS; i++) {
    const input = fuzz.input()
    const [right] = made[input.of]!
    // One in five goes to a parser that it is not for.
    const name = fuzz.below(5) === 0 ? NAMES[fuzz.below(NAMES.length)]! : right
    const { maxBytes, parser } = READY[2 * NAMES.indexOf(name) + fuzz.below(2)]!
    const say = (what: string) =>
      `${what}: input ${i} of seed ${SEED}, ${input.kind}, ${name}, ${maxBytes}, cut at ${input.cuts}: ${hex(input.all)}`
    try {
      const found = whole(parser, input.all)
      const fault = faultOf(input, maxBytes, found, run(parser, pieces(input.all, input.cuts)))
      if (fault !== undefined) assert.fail(say(fault))
      const what = `${name} ${found.result["_tag"]}`
      counts[what] = (counts[what] ?? 0) + 1
      counts[input.kind] = (counts[input.kind] ?? 0) + 1
    } catch (error) {
      throw error instanceof Error && error.message.includes("of seed")
        ? error
        : new Error(say(String(error)), { cause: error })
    }
  }
  console.log(`${INPUTS} inputs in ${Math.round(performance.now() - began)} ms, seed ${SEED}: ${JSON.stringify(counts)}`)
  // Each way to end is reached by each parser, and each kind of input is made.
  for (const name of NAMES) {
    const done = { clientHello: "Hello", proxyHeader: "ProxyHeader" }[name] ?? "Target"
    for (const tag of ["More", "Refusal", done]) {
      assert.isAbove(counts[`${name} ${tag}`] ?? 0, INPUTS / 1_000, `${name} ${tag}`)
    }
  }
  for (const kind of ["random", "cutOff", "oversized", "altered", "spliced"]) {
    assert.isAbove(counts[kind] ?? 0, INPUTS / 100, kind)
  }
})
