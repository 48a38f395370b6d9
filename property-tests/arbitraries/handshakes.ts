/** What clients send before their bytes belong to an upstream: right, cut off, altered, and anything at all. */
import fc from "fast-check"
import { writeV1 } from "../../src/ingress/proxyV1.ts"
import { writeV2, writeV2Local } from "../../src/ingress/proxyV2.ts"
import { ascii, bytes } from "../../test/support/handshakes.ts"
import { encryptedHello, extension, helloOf, serverName } from "../../test/support/helloWriter.ts"

export const name = fc.domain()
export const port = fc.integer({ min: 1, max: 65_535 })
/** In canonical form, and none that is mapped. */
const ipv6 = fc.array(fc.integer({ min: 1, max: 65_535 }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(":"))
export const address = fc.record({ host: fc.oneof(fc.ipV4(), ipv6), port })

const portBytes = (port: number) => [port >> 8, port & 255]

/** What a client asks for, and the bytes of kind, address and port by which SOCKS5 says so. */
const socks5Address = fc.oneof(
  name.map((host) => ({ host, wire: bytes(3, host.length, host) })),
  fc.ipV4().map((host) => ({ host, wire: bytes(1, host.split(".").map(Number)) })),
  ipv6.map((host) => ({
    host,
    wire: bytes(4, host.split(":").flatMap((group) => portBytes(Number.parseInt(group, 16))))
  }))
)

export interface Exchange {
  readonly all: Uint8Array
  readonly host: string | undefined
  readonly port: number
}

export const socks5Exchange: fc.Arbitrary<Exchange> = fc.record({
  methods: fc.uint8Array({ maxLength: 4 }),
  hasCredentials: fc.boolean(),
  user: fc.uint8Array({ maxLength: 255 }),
  password: fc.uint8Array({ maxLength: 255 }),
  address: socks5Address,
  port
}).map(({ methods, hasCredentials, user, password, address, port }) => {
  const offered = [...methods.filter((method) => method !== 0 && method !== 2), hasCredentials ? 2 : 0]
  const credentials = hasCredentials ? bytes(1, user.length, user, password.length, password) : ""
  const all = bytes(5, offered.length, offered, credentials, [5, 1, 0], address.wire, portBytes(port))
  return { all, host: address.host, port }
})

export const socks4Exchange: fc.Arbitrary<Exchange> = fc.record({
  user: fc.uint8Array({ min: 1, maxLength: 255 }),
  host: fc.oneof(name, fc.ipV4().filter((host) => !host.startsWith("0.0.0."))),
  port
}).map(({ user, host, port }) => {
  const isAddress = /^[0-9.]+$/.test(host)
  const address = isAddress ? host.split(".").map(Number) : [0, 0, 0, 1]
  return { all: bytes([4, 1], portBytes(port), address, user, 0, isAddress ? "" : `${host}\0`), host, port }
})

export interface WrittenHello {
  readonly all: Uint8Array
  readonly name: string | undefined
  readonly encrypted: boolean
}

const otherExtension = fc.tuple(fc.integer({ min: 1, max: 0xfe0c }), fc.uint8Array({ maxLength: 200 }))

export const hello: fc.Arbitrary<WrittenHello> = fc.record({
  name: fc.option(name, { nil: undefined }),
  encrypted: fc.boolean(),
  before: fc.array(otherExtension, { maxLength: 4 }),
  after: fc.array(otherExtension, { maxLength: 4 }),
  padding: fc.oneof(fc.nat(300), fc.nat(20_000)),
  sessionId: fc.nat(32),
  suites: fc.integer({ min: 1, max: 40 }),
  recordBytes: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 51, max: 16_384 }))
}).map(({ name, encrypted, before, after, padding, ...parts }) => {
  const others = (list: ReadonlyArray<readonly [number, Uint8Array]>) => list.map(([type, data]) => extension(type, data))
  const extensions = [
    ...others(before),
    ...(name === undefined ? [] : [serverName(name)]),
    ...(encrypted ? [encryptedHello(100)] : []),
    ...others(after),
    extension(21, new Uint8Array(padding))
  ]
  return { all: helloOf({ ...parts, extensions }), name, encrypted }
})

export const proxyHeader: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.tuple(address, address).map(([source, destination]) => writeV1(source, destination)),
  fc.tuple(address, address).map(([source, destination]) => writeV2(source, destination)),
  fc.constantFrom(writeV1(), writeV2(), writeV2Local(), ascii("PROXY UNKNOWN what ever\r\n"))
)

/** The bytes as they are, cut off, with some altered, with others behind; or none of them. */
export function disturbed(right: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const altered = fc.tuple(right, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }))
    .map(([all, changes]) => {
      const changed = all.slice()
      // Most of what decides is at the beginning.
      for (const [at, byte] of changes) changed[at % Math.min(all.length, at % 2 === 0 ? 40 : all.length)] = byte
      return changed
    })
  return fc.oneof(
    { weight: 3, arbitrary: fc.tuple(right, fc.uint8Array({ maxLength: 30 })).map((parts) => bytes(...parts)) },
    { weight: 3, arbitrary: altered },
    { weight: 1, arbitrary: fc.tuple(right, fc.nat()).map(([all, at]) => all.subarray(0, at % all.length)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) }
  )
}
