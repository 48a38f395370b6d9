/**
 * A 64-bit digest of text in two independent lanes of 32 bits. It chains the lines of records and compares states.
 *
 * Each lane mixes two characters in, then multiplies by an odd constant. That step is a bijection of the lane, so two texts
 * that differ in one character always differ in both lanes. Other changes stay unseen with a chance of about 2^-64. The digest
 * guards against damage and editing by hand. It is no signature: any program can compute it.
 */
export interface Digest {
  readonly high: number
  readonly low: number
}

export const zero: Digest = { high: 0x243f6a88, low: 0x85a308d3 }

/** Digest of the first `length` characters of `text`, which also depends on `before`: one link of a chain. */
export function chain(before: Digest, text: string, length = text.length): Digest {
  let high = before.high | 0
  let low = before.low | 0
  const even = length - (length % 2)
  for (let i = 0; i < even; i += 2) {
    const pair = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)
    high = Math.imul(high ^ pair, 0x01a56e2d)
    low = Math.imul(low ^ pair, 0x5bd1e995)
    high ^= high >>> 15
    low ^= low >>> 13
  }
  if (even < length) {
    high = Math.imul(high ^ text.charCodeAt(even), 0x01a56e2d)
    low = Math.imul(low ^ text.charCodeAt(even), 0x5bd1e995)
  }
  return { high: finish(high ^ length), low: finish(low + length) }
}

export function hash(text: string): Digest {
  return chain(zero, text)
}

/** Combines a digest into a running one. The order matters. */
export function combine(before: Digest, part: Digest): Digest {
  const high = Math.imul(before.high ^ part.low, 0x2c1b3c6d)
  const low = Math.imul(before.low ^ part.high, 0x297a2d39)
  return { high: finish(high + part.high), low: finish(low + part.low) }
}

/** Spreads each input bit over the whole lane. Xor-shifts and odd multiplications keep it a bijection. */
function finish(lane: number): number {
  let mixed = lane | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** The two hexadecimal digits of each byte. A table, because some lines are written thousands of times a second. */
const BYTES: ReadonlyArray<string> = /* @__PURE__ */ Array.from(
  { length: 256 },
  (_, byte) => byte.toString(16).padStart(2, "0")
)

/** The digest as sixteen hexadecimal digits. */
export function toHex({ high, low }: Digest): string {
  return laneToHex(high) + laneToHex(low)
}

function laneToHex(lane: number): string {
  return `${BYTES[lane >>> 24]}${BYTES[(lane >>> 16) & 255]}${BYTES[(lane >>> 8) & 255]}${BYTES[lane & 255]}`
}

/** The digest that `toHex` wrote; undefined: the text is not sixteen lower-case hexadecimal digits. */
export function fromHex(text: string): Digest | undefined {
  if (!/^[0-9a-f]{16}$/.test(text)) return undefined
  return { high: Number.parseInt(text.slice(0, 8), 16), low: Number.parseInt(text.slice(8), 16) }
}
