/** Writes ClientHellos byte by byte from the standard (RFC 8446, 4.1.2; RFC 6066, 3), apart from the reader under test. */
import { ascii, bytes } from "./handshakes.ts"

export interface HelloParts {
  readonly sessionId: number
  readonly suites: number
  readonly extensions: ReadonlyArray<Uint8Array> | undefined
  /** Most content bytes of a record; the last one may be shorter. */
  readonly recordBytes: number
}

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255)
const vector8 = (body: Uint8Array): Uint8Array => bytes(body.length, body)
export const vector16 = (body: Uint8Array): Uint8Array => bytes(u16(body.length), body)

export const extension = (type: number, data: Uint8Array): Uint8Array => bytes(u16(type), vector16(data))
export const serverName = (name: string): Uint8Array => extension(0, vector16(bytes(0, vector16(ascii(name)))))
/** The outer form: its kind, and bytes that only the server can read. */
export const encryptedHello = (size: number): Uint8Array => extension(0xfe0d, bytes(0, new Uint8Array(size)))

export function messageOf({ sessionId, suites, extensions }: Omit<HelloParts, "recordBytes">): Uint8Array {
  const body = bytes(
    [3, 3],
    new Uint8Array(32).fill(7),
    vector8(new Uint8Array(sessionId)),
    vector16(new Uint8Array(2 * suites)),
    vector8(Uint8Array.of(0)),
    extensions === undefined ? "" : vector16(bytes(...extensions))
  )
  return bytes(1, body.length >> 16, u16(body.length & 0xffff), body)
}

export function recordsOf(message: Uint8Array, recordBytes: number): Uint8Array {
  const count = Math.ceil(message.length / recordBytes)
  const contents = Array.from({ length: count }, (_, i) => message.subarray(i * recordBytes, (i + 1) * recordBytes))
  return bytes(...contents.map((content) => bytes([22, 3, 1], vector16(content))))
}

export const helloOf = (parts: HelloParts): Uint8Array => recordsOf(messageOf(parts), parts.recordBytes)
