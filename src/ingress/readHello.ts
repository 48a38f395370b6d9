/** What is in a whole ClientHello (RFC 8446, 4.1.2): the server name, and whether the client has encrypted the true one. */
import { asciiOf, uint16 } from "./ascii.ts"
import { canonicalHost, isAddress } from "./canonicalHost.ts"
import type { Hello, Refusal } from "./Handshake.ts"
import { NO_BYTES, refusal } from "./Handshake.ts"
import { ALERT, alert } from "./tlsAlert.ts"

const VERSION_AND_RANDOM = 34
const LONGEST_SESSION_ID = 32
const SERVER_NAME = 0
const ENCRYPTED_CLIENT_HELLO = 0xfe0d
const HOST_NAME = 0

/** The body of the message; `early` of the result is empty. */
export function readHello(body: Uint8Array): Hello | Refusal {
  const extensions = extensionsOf(body)
  if (extensions === undefined) return malformed
  const names = extensions.filter(({ type }) => type === SERVER_NAME)
  const encrypted = extensions.some(({ type }) => type === ENCRYPTED_CLIENT_HELLO)
  const found: Hello = { _tag: "Hello", name: undefined, encrypted, early: NO_BYTES }
  const [first] = names
  if (first === undefined) return found
  // Of two names the upstream might take the other one.
  const text = names.length === 1 ? serverNameIn(first.data) : undefined
  if (text === undefined) return malformed
  const name = canonicalHost(text)
  // RFC 6066 allows no addresses.
  return name === undefined || isAddress(name) ? badName : { ...found, name }
}

const malformed = refusal("malformed", "a ClientHello that is malformed", alert(ALERT.decodeError))
const badName = refusal("badHost", "a server name that is no name", alert(ALERT.illegalParameter))

interface Extension {
  readonly type: number
  readonly data: Uint8Array
}

/** undefined: the message is malformed. */
function extensionsOf(body: Uint8Array): ReadonlyArray<Extension> | undefined {
  const afterSession = pastVector(body, VERSION_AND_RANDOM, 1, 0, LONGEST_SESSION_ID)
  const afterSuites = pastVector(body, afterSession, 2, 2)
  const start = pastVector(body, afterSuites, 1, 1)
  if (start === undefined) return undefined
  // TLS 1.2 knows hellos without extensions.
  if (start === body.length) return []
  if (pastVector(body, start, 2, 0) !== body.length) return undefined
  const found: Array<Extension> = []
  let at = start + 2
  while (at < body.length) {
    const end: number | undefined = pastVector(body, at + 2, 2, 0)
    if (end === undefined) return undefined
    found.push({ type: uint16(body, at), data: body.subarray(at + 4, end) })
    at = end
  }
  return found
}

/** Where a vector ends that begins with its length, in one or two bytes; undefined: it begins nowhere, is cut off, or out of range. */
function pastVector(
  bytes: Uint8Array,
  at: number | undefined,
  lengthBytes: 1 | 2,
  least: number,
  most = Infinity
): number | undefined {
  if (at === undefined || at + lengthBytes > bytes.length) return undefined
  const length = lengthBytes === 1 ? bytes[at] as number : uint16(bytes, at)
  const end = at + lengthBytes + length
  return length < least || length > most || end > bytes.length ? undefined : end
}

/** A list of exactly one host name, as all implementations write it; undefined: it is something else. */
function serverNameIn(data: Uint8Array): string | undefined {
  if (pastVector(data, 0, 2, 4) !== data.length || data[2] !== HOST_NAME) return undefined
  return pastVector(data, 3, 2, 1) === data.length ? asciiOf(data.subarray(5)) : undefined
}
