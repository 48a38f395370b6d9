/** Alerts of TLS (RFC 8446, 6): what an upstream answers with that can reach, or show, nothing of what the client asks for. */

const ALERT = 21
const MAJOR_VERSION = 3
const FATAL = 2
/** A record's header, and the two bytes of an alert. */
export const ALERT_BYTES = 7

/** Whether an upstream's first bytes are a fatal alert, or nothing but an alert: then no answer will follow. */
export function isAlert(first: Uint8Array): boolean {
  if (first[0] !== ALERT || first[1] !== MAJOR_VERSION || first[3] !== 0 || first[4] !== 2) return false
  return first[5] === FATAL || first.length === ALERT_BYTES
}
