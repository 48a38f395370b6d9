/** Fatal alerts for TLS clients with a first message that leads nowhere. */

export const ALERT = { illegalParameter: 47, decodeError: 50, accessDenied: 49, internalError: 80, unrecognizedName: 112 }

export function alert(description: number): Uint8Array {
  return Uint8Array.of(21, 3, 1, 0, 2, 2, description)
}
