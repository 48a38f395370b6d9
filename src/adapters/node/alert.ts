/** Alerts of TLS (RFC 8446, 6): the answer of an upstream that cannot reach, or does not have, what the client asks for. */

const ALERT = 21
const MAJOR_VERSION = 3
const FATAL = 2
/** The header of a TLS record, and the two bytes of an alert. */
export const ALERT_BYTES = 7

/** Whether the first bytes of an upstream are a fatal alert, or an alert and nothing else: no answer will follow. */
export function isAlert(first: Uint8Array): boolean {
  if (first[0] !== ALERT || first[1] !== MAJOR_VERSION || first[3] !== 0 || first[4] !== 2) return false
  return first[5] === FATAL || first.length === ALERT_BYTES
}
