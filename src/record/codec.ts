/**
 * Writes and reads one line of a segment. The chain covers the text itself, not its parsed values, so any change to a line
 * breaks it, down to a blank.
 */
import type { Advanced } from "../core/advance.ts"
import type { Digest } from "../core/math/hash.ts"
import { chain, toHex } from "../core/math/hash.ts"
import type { Entry } from "../core/model/Event.ts"
import { eventText } from "./eventText.ts"
import type { Line } from "./Segment.ts"

const CHAIN_FIELD = ',"chain":"'
/** The length of `,"chain":"`, sixteen digits and `"}`. */
const TAIL = CHAIN_FIELD.length + 16 + 2

export interface Linked {
  readonly text: string
  readonly chain: Digest
}

/** The line of an entry without its chain, as the engine gives it to a recorder. */
export function entryBody(entry: Entry, advanced: Advanced): string {
  const decided = advanced.digest === null ? "" : `,"decided":"${toHex(advanced.digest)}"`
  const state = advanced.stateDigest === null ? "" : `,"state":"${toHex(advanced.stateDigest)}"`
  return `{"seq":${entry.seq},"at":${entry.at},"event":${eventText(entry.event)}${decided}${state}`
}

/** Any other line without its chain. */
export function body(line: Line): string {
  return JSON.stringify(line).slice(0, -1)
}

/** Closes a line with its chain. The text ends in a newline. */
export function link(before: Digest, lineBody: string): Linked {
  const linked = chain(before, lineBody)
  return { text: `${lineBody}${CHAIN_FIELD}${toHex(linked)}"}\n`, chain: linked }
}

export interface Unlinked {
  readonly line: Line
  readonly chain: Digest
}

/** Reads one line without its newline. undefined: it was altered, or does not follow `before`. */
export function unlink(before: Digest, text: string): Unlinked | undefined {
  const end = text.length - TAIL
  if (end < 0) return undefined
  const linked = chain(before, text, end)
  if (!text.endsWith(`${CHAIN_FIELD}${toHex(linked)}"}`)) return undefined
  try {
    // The parsed line still has its chain, which no reader looks at. To cut it out would copy the text.
    return { line: JSON.parse(text) as Line, chain: linked }
  } catch {
    return undefined
  }
}
