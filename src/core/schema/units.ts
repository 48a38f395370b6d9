/** Reads texts with a unit: durations, sizes, addresses and networks. */
import * as Effect from "effect/Effect"
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { AddressValue } from "./values.ts"
import type { Address } from "./values.ts"

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 }

/** Reads `250ms`, `1.5s` or `1h30m` in milliseconds; undefined: the text is no duration. */
export function parseDuration(text: string): number | undefined {
  return parseUnits(text, /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y, UNIT_MS)
}

/** Reads `64KiB` or `512B` in bytes; undefined: the text is no size. */
export function parseSize(text: string): number | undefined {
  return parseUnits(text, /(\d+)(B|KiB|MiB|GiB)/y, UNIT_BYTES)
}

function parseUnits(text: string, part: RegExp, units: Readonly<Record<string, number>>): number | undefined {
  let sum = 0
  part.lastIndex = 0
  while (part.lastIndex < text.length || text.length === 0) {
    const match = part.exec(text)
    if (match === null) return undefined
    sum += Number(match[1]) * (units[match[2] ?? ""] ?? 0)
  }
  return sum
}

/** An address, with a port where the text has one. */
export interface Endpoint {
  readonly host: string
  readonly port: number | undefined
}

/** Reads `ip`, `ip:port` or `[v6]:port`, with the IP in canonical form; undefined: the text is none of them. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text)
  const plain = /^([0-9.]+)(?::(\d{1,5}))?$/.exec(text)
  const [, host = text, portText] = bracketed ?? plain ?? []
  const ip = NetAddress.ipFromString(host)
  const port = portText === undefined ? undefined : Number(portText)
  if (Result.isFailure(ip) || (port !== undefined && (port < 1 || port > 65_535))) return undefined
  return { host: NetAddress.formatIp(ip.success), port }
}

/**
 * The addresses of a network in order, at most `most` + 1 of them, so that a caller sees when there are more than `most`;
 * undefined: the text is no network.
 */
export function expandNetwork(text: string, most: number): ReadonlyArray<Endpoint> | undefined {
  const network = IpNetwork.fromString(text)
  if (Result.isFailure(network)) return undefined
  const first = IpNetwork.firstAddress(network.success)
  const count = IpNetwork.addressCount(network.success)
  const bytes = NetAddress.isIpv4Address(first) ? NetAddress.ipv4ToOctets(first) : NetAddress.ipv6ToOctets(first)
  const found: Array<Endpoint> = []
  for (let i = 0; i < count && i <= most; i++) found.push({ host: formatOffset(bytes, i), port: undefined })
  return found
}

function formatOffset(first: ArrayLike<number>, offset: number): string {
  const bytes = Uint8Array.from(first)
  let carry = offset
  for (let i = bytes.length - 1; i >= 0 && carry > 0; i--) {
    const sum = (bytes[i] as number) + carry
    bytes[i] = sum % 256
    carry = Math.floor(sum / 256)
  }
  return NetAddress.formatIp(
    bytes.length === 4 ? NetAddress.ipv4FromBytesUnsafe(bytes) : NetAddress.ipv6FromBytesUnsafe(bytes)
  )
}

/** The form of a value: in words for people, and as a fragment of JSON Schema for editors. */
export interface Form {
  /** The words after "expected": `a whole number from 1 to 65535`. */
  readonly expected: string
  readonly json: Readonly<Record<string, unknown>>
  /** The least and the largest number, in the unit of the decoded value. */
  readonly range?: Range
}

export type Range = readonly [least: number, most: number]

/** Annotates a schema with its form. Messages, the JSON Schema and the documentation read it. */
export function formed<S extends Schema.Top>(schema: S, form: Form): S["Rebuild"] {
  return schema.annotate({ form } as never)
}

/** A schema for values that are written as text. `pattern` is for editors, and may admit more than `parse` does. */
export function fromText<A>(
  to: Schema.Codec<A>,
  parse: (text: string) => A | undefined,
  expected: string,
  pattern: string,
  range?: Range
) {
  const codec = Schema.String.annotate({ message: `expected ${expected}` }).pipe(Schema.decodeTo(
    to,
    SchemaTransformation.transformEffect<A, string>({
      decode: (text, options) => {
        const value = parse(text)
        return value === undefined
          ? Effect.fail(new SchemaIssue.InvalidValue({ message: `expected ${expected}` }, text, options))
          : Effect.succeed(value)
      },
      encode: (value) => Effect.succeed(String(value))
    })
  ))
  return formed(codec, { expected, json: { type: "string", pattern }, ...(range === undefined ? {} : { range }) })
}

const DURATION = "a duration such as 250ms, 10s, 5m, 1h30m or 7d"
const DURATION_PATTERN = "^([0-9]+([.][0-9]+)?(ms|s|m|h|d))+$"

export function boundedDuration(text: string, [leastMs, mostMs]: Range): number | undefined {
  const ms = parseDuration(text)
  return ms === undefined || ms < leastMs || ms > mostMs ? undefined : ms
}

/** A duration in ms, from `leastMs` to `mostMs`. */
export function duration(leastMs: number, mostMs: number) {
  const bounded = (text: string) => boundedDuration(text, [leastMs, mostMs])
  const expected = `${DURATION}, from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}`
  return fromText(Schema.Finite, bounded, expected, DURATION_PATTERN, [leastMs, mostMs])
}

/** A size in bytes, from `least` to `most`. */
export function size(least: number, most: number) {
  const bounded = (text: string) => {
    const bytes = parseSize(text)
    return bytes === undefined || bytes < least || bytes > most ? undefined : bytes
  }
  const expected = `a size such as 512B, 64KiB, 64MiB or 1GiB, from ${formatSize(least)} to ${formatSize(most)}`
  return fromText(Schema.Finite, bounded, expected, "^([0-9]+(B|KiB|MiB|GiB))+$", [least, most])
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number) {
  const expected = `a whole number from ${least} to ${most}`
  const holds = (value: number) => Number.isInteger(value) && value >= least && value <= most
  const checked = Schema.Finite.check(Schema.makeFilter((value) => holds(value) ? undefined : `expected ${expected}`))
  return formed(checked, { expected, json: { type: "integer", minimum: least, maximum: most }, range: [least, most] })
}

/** A number from `least` to `most`. */
export function between(least: number, most: number) {
  const expected = `a number from ${least} to ${most}`
  const holds = (value: number) => value >= least && value <= most
  const checked = Schema.Finite.check(Schema.makeFilter((value) => holds(value) ? undefined : `expected ${expected}`))
  return formed(checked, { expected, json: { type: "number", minimum: least, maximum: most }, range: [least, most] })
}

/** The address of a listener. With port 0 the system chooses the port. */
export const ListenAddress = fromText<Address>(
  AddressValue,
  (text) => {
    const zero = text.endsWith(":0")
    const endpoint = parseEndpoint(zero ? `${text.slice(0, -1)}1` : text)
    if (endpoint?.port === undefined) return undefined
    return { host: endpoint.host, port: zero ? 0 : endpoint.port }
  },
  "an address with a port such as 127.0.0.1:8080 or [::1]:8080",
  "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$"
)

const CANDIDATE = "an IP, IP:port, [v6]:port or a network such as 198.18.0.0/29"

/** The text of a candidate. It is expanded once the port of its upstream is known. */
export const CandidateText = formed(
  Schema.String.check(
    Schema.makeFilter((text) =>
      parseEndpoint(text) !== undefined || expandNetwork(text, 0) !== undefined ? undefined : `expected ${CANDIDATE}`
    )
  ),
  { expected: CANDIDATE, json: { type: "string", pattern: "^[0-9A-Fa-f:.\\[\\]]+(/[0-9]{1,3})?$" } }
)

const PLAIN = "an IP, or a network such as 198.18.0.0/29, without a port"

/** The text of an address without a port of its own. */
export const PlainAddressText = formed(
  Schema.String.check(
    Schema.makeFilter((text) => {
      const endpoint = parseEndpoint(text)
      const fits = endpoint === undefined ? expandNetwork(text, 0) !== undefined : endpoint.port === undefined
      return fits ? undefined : `expected ${PLAIN}`
    })
  ),
  { expected: PLAIN, json: { type: "string", pattern: "^[0-9A-Fa-f:.\\[\\]]+(/[0-9]{1,3})?$" } }
)

const SERVER = "an address such as 192.0.2.53, 192.0.2.53:53 or [2001:db8::53]:53"

export const ServerText = formed(
  Schema.String.check(
    Schema.makeFilter((text) => parseEndpoint(text) === undefined ? `expected ${SERVER}` : undefined)
  ),
  { expected: SERVER, json: { type: "string", pattern: "^[0-9A-Fa-f:.\\[\\]]+$" } }
)

const REFERENCE = "an IP, IP:port or [v6]:port"

/** The text of a reference: an address that answers while the network works. Its default port is 443. */
export const ReferenceText = formed(
  Schema.String.check(
    Schema.makeFilter((text) => parseEndpoint(text) === undefined ? `expected ${REFERENCE}` : undefined)
  ),
  { expected: REFERENCE, json: { type: "string", pattern: "^[0-9A-Fa-f:.\\[\\]]+$" } }
)

/** Reads `host` or `host:port`; the default port is 443. undefined: the text is neither. */
export function parseDomain(text: string): { readonly host: string; readonly port: number } | undefined {
  const found = /^([^\s:]+)(?::(\d{1,5}))?$/.exec(text)
  const port = Number(found?.[2] ?? 443)
  return found === null || port < 1 || port > 65_535 ? undefined : { host: found[1] as string, port }
}

/** A text that is not empty. */
export const Name = formed(Schema.NonEmptyString, {
  expected: "a text that is not empty",
  json: { type: "string", minLength: 1 }
})

const TOKEN = "printable ASCII without spaces, as it travels in a header"

export const Token = formed(
  Schema.String.check(Schema.makeFilter((text) => /^[!-~]*$/.test(text) ? undefined : `expected ${TOKEN}`)),
  { expected: TOKEN, json: { type: "string", pattern: "^[!-~]*$" } }
)

const ENDPOINT = "an http or https URL without user, query and fragment such as http://127.0.0.1:4318"
const HTTP_URL = /^https?:[/][/](\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?([/][^\s?#@]*)?$/i

/** Whether the text is a base URL without credentials: those belong in a header. */
export function isOtlpEndpoint(text: string): boolean {
  return HTTP_URL.test(text)
}

export const OtlpEndpoint = formed(
  Schema.String.check(
    Schema.makeFilter((text) => text === "" || isOtlpEndpoint(text) ? undefined : `expected ${ENDPOINT}`)
  ),
  { expected: ENDPOINT, json: { type: "string", pattern: "^(https?://[^\\s?#@]+)?$" } }
)

/** The shortest text that `parseDuration` reads as this number of milliseconds. */
export function formatDuration(ms: number): string {
  for (const unit of ["d", "h", "m", "s"] as const) {
    const unitMs = UNIT_MS[unit] as number
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`
  }
  return `${ms}ms`
}

/** The shortest text that `parseSize` reads as this number of bytes. */
export function formatSize(bytes: number): string {
  for (const unit of ["GiB", "MiB", "KiB"] as const) {
    const unitBytes = UNIT_BYTES[unit] as number
    if (bytes >= unitBytes && bytes % unitBytes === 0) return `${bytes / unitBytes}${unit}`
  }
  return `${bytes}B`
}
