/** Addresses as bytes of a wire format. */
import { wordsOf } from "../core/addressWords.ts"

/** 4 bytes, or 16 for IPv6. An address mapped into IPv6 has 4. */
export function addressBytes(host: string): Uint8Array {
  const words = wordsOf(host)
  if (words === undefined) throw new Error("an address has to be an IP literal here")
  return Uint8Array.from(words.flatMap((word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255)))
}

/** 16 bytes, an IPv4 address mapped into IPv6. */
export function wideAddressBytes(host: string): Uint8Array {
  const bytes = addressBytes(host)
  if (bytes.length === 16) return bytes
  const wide = new Uint8Array(16).fill(255, 10, 12)
  wide.set(bytes, 12)
  return wide
}

/** The text of 4 or 16 bytes; `canonicalHost` makes it canonical. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".")
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] as number) * 256 + (bytes[2 * i + 1] as number))
  return groups.map((group) => group.toString(16)).join(":")
}
