/**
 * Version 2 of the PROXY header: a signature, version and command, family and protocol, a length, addresses, and fields with a type
 * and a length (TLV). Fields are checked for their bounds and skipped; a checksum among them must be right.
 */
import type { Address } from "../core/model/Config.ts"
import { addressBytes, addressText, wideAddressBytes } from "./addressBytes.ts"
import { uint16 } from "./ascii.ts"
import { canonicalHost } from "./canonicalHost.ts"
import { crc32c } from "./crc32c.ts"
import type { ProxyHeader, Refusal } from "./Handshake.ts"
import { NOTHING_SAID, refusal } from "./Handshake.ts"
import { joined } from "./Held.ts"

export const V2_SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10)

const FIXED = 16
const VERSION_2 = 0x20
const LOCAL = 0
const PROXY = 1
const STREAM = 1
/** Bytes of both addresses and ports, for each family. */
const ADDRESS_BYTES = [0, 12, 36, 216]
const FAMILY = { unspecified: 0, ipv4: 1, ipv6: 2, local: 3 }
const CHECKSUM = 3

/** The size of a header that begins with the signature. */
export function sizeOfV2(begun: Uint8Array): number | Refusal {
  if (begun.length < FIXED) return FIXED
  const [command = 0, kind = 0] = begun.subarray(12)
  if ((command & 0xf0) !== VERSION_2) return refusal("unsupported", "a PROXY header of an unknown version")
  if ((command & 15) > PROXY) return malformed("an unknown command")
  if (kind >>> 4 > FAMILY.local || (kind & 15) > 2) return malformed("an unknown family or protocol")
  return FIXED + uint16(begun, 14)
}

export function readV2(message: Uint8Array): ProxyHeader | Refusal {
  const [command = 0, kind = 0] = message.subarray(12)
  // The rest of a LOCAL header has no meaning.
  if ((command & 15) === LOCAL) return { ...NOTHING_SAID, local: true }
  const family = kind >>> 4
  const size = ADDRESS_BYTES[family] as number
  if (message.length < FIXED + size) return malformed("addresses that are cut off")
  const fault = fieldsFault(message, FIXED + size)
  if (fault !== undefined) return malformed(fault)
  if (family === FAMILY.unspecified || family === FAMILY.local || (kind & 15) === 0) return NOTHING_SAID
  if ((kind & 15) !== STREAM) return refusal("unsupported", "a PROXY header for datagrams")
  const width = family === FAMILY.ipv4 ? 4 : 16
  const ports = FIXED + 2 * width
  const addressAt = (at: number, portAt: number): Address => ({
    host: canonicalHost(addressText(message.subarray(at, at + width))) as string,
    port: uint16(message, portAt)
  })
  return { ...NOTHING_SAID, source: addressAt(FIXED, ports), destination: addressAt(FIXED + width, ports + 2) }
}

const malformed = (what: string) => refusal("malformed", `a PROXY header of version 2 with ${what}`)

/** What is wrong with the fields from `start` to the end; undefined: nothing. */
function fieldsFault(message: Uint8Array, start: number): string | undefined {
  let at = start
  let hasChecksum = false
  while (at < message.length) {
    if (at + 3 > message.length) return "a field that is cut off"
    const length = uint16(message, at + 1)
    if (at + 3 + length > message.length) return "a field that is cut off"
    if (message[at] === CHECKSUM) {
      // A second one would cost a pass over all bytes each, and cannot be right beside the first.
      if (hasChecksum || length !== 4) return "a checksum that is none"
      hasChecksum = true
      const sum = uint16(message, at + 3) * 65_536 + uint16(message, at + 5)
      const blank = message.slice().fill(0, at + 3, at + 7)
      if (crc32c(blank) !== sum) return "a wrong checksum"
    }
    at += 3 + length
  }
  return undefined
}

const headerOf = (command: number, kind: number, ...rest: ReadonlyArray<Uint8Array>): Uint8Array => {
  const length = rest.reduce((sum, part) => sum + part.length, 0)
  return joined([V2_SIGNATURE, Uint8Array.of(VERSION_2 | command, kind, length >>> 8, length & 255), ...rest])
}

/** The sender speaks for itself: what a probe sends. */
export const writeV2Local = (): Uint8Array => headerOf(LOCAL, 0)

/**
 * Two addresses of different families are both written as IPv6. Without addresses the header is LOCAL: HAProxy resets a connection
 * with the command PROXY and unspecified addresses.
 */
export function writeV2(source?: Address, destination?: Address): Uint8Array {
  if (source === undefined || destination === undefined) return writeV2Local()
  const isV4 = [source, destination].every(({ host }) => addressBytes(host).length === 4)
  const bytesOf = isV4 ? addressBytes : wideAddressBytes
  const ports = [source, destination].flatMap(({ port }) => [port >>> 8, port & 255])
  const family = isV4 ? FAMILY.ipv4 : FAMILY.ipv6
  return headerOf(PROXY, (family << 4) | STREAM, bytesOf(source.host), bytesOf(destination.host), Uint8Array.from(ports))
}
