/** Bytes and the ASCII that they stand for. Bytes above 127 become characters that no canonical host and no number has. */

export function asciiOf(bytes: Uint8Array): string {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** The text has ASCII alone. */
export function bytesOfAscii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** A text that a client sent as UTF-8; undefined: it is none. */
export function textOf(bytes: Uint8Array): string | undefined {
  const text = asciiOf(bytes)
  if (bytes.every((byte) => byte < 0x80)) return text
  try {
    // The language's own strict decoder of UTF-8; it reads bytes as escapes.
    return decodeURIComponent(text.replaceAll(/[^]/g, (one) => `%${one.charCodeAt(0).toString(16).padStart(2, "0")}`))
  } catch {
    return undefined
  }
}

/** Two bytes, the higher one first. */
export function uint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) * 256 + (bytes[at + 1] as number)
}
