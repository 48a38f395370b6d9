/**
 * The first message of a TLS client, in one or more records. Since key shares became large it rarely fits one TCP segment. Its bytes
 * are kept, at most `maxBytes` of them, and all go on untouched.
 */
import { uint16 } from "./ascii.ts"
import type { HandshakeOptions, Hello, Outcome, Parser, Refusal } from "./Handshake.ts"
import { more, refusal } from "./Handshake.ts"
import type { Held } from "./Held.ts"
import { append, bytesOf, joined, NOTHING_HELD } from "./Held.ts"
import { readHello } from "./readHello.ts"
import { ALERT, alert } from "./tlsAlert.ts"

export interface ClientHelloState {
  readonly held: Held
  readonly records: Records
}

/** The records that are whole. */
interface Records {
  /** Where the next record begins. */
  readonly at: number
  readonly contentBytes: number
  /** Length of the message with its header, once that is known. */
  readonly messageBytes: number | undefined
}

const HANDSHAKE = 22
const RECORD_HEADER = 5
const LONGEST_CONTENT = 16_384
const MESSAGE_HEADER = 4
const CLIENT_HELLO = 1

export function clientHello({ maxBytes }: HandshakeOptions): Parser<ClientHelloState, Hello | Refusal> {
  const initial = { held: NOTHING_HELD, records: { at: 0, contentBytes: 0, messageBytes: undefined } }
  const feed = (state: ClientHelloState, bytes: Uint8Array): Outcome<ClientHelloState, Hello | Refusal> => {
    const room = maxBytes - state.held.length
    const held = append(state.held, bytes.subarray(0, room), maxBytes)
    const seen = bytesOf(held)
    const records = readRecords(seen, state.records, maxBytes)
    if ("_tag" in records) return records
    if (!isWhole(records)) return more({ held, records })
    const found = readHello(messageOf(seen, records))
    return found._tag === "Refusal" ? found : { ...found, early: joined([seen, bytes.subarray(room)]) }
  }
  return { initial, feed }
}

const malformed = (detail: string) => refusal("malformed", detail, alert(ALERT.decodeError))
const tooLong = refusal("tooLong", "a ClientHello that is longer than handshake.maxBytes", alert(ALERT.decodeError))
const notTls = refusal("wrongProtocol", "not a TLS handshake")

function isWhole({ contentBytes, messageBytes = Infinity }: Records): boolean {
  return contentBytes >= messageBytes
}

function readRecords(seen: Uint8Array, before: Records, maxBytes: number): Records | Refusal {
  let records = before
  while (!isWhole(records)) {
    const { at } = records
    const [type, major] = seen.subarray(at, at + 2)
    if (type !== undefined && type !== HANDSHAKE) return at === 0 ? notTls : malformed("another record amid a ClientHello")
    if (major !== undefined && major !== 3) return at === 0 ? notTls : malformed("a record of another version of TLS")
    if (at + RECORD_HEADER > maxBytes) return tooLong
    if (at + RECORD_HEADER > seen.length) return records
    const length = uint16(seen, at + 3)
    if (length === 0 || length > LONGEST_CONTENT) return malformed("a record with a length out of range")
    const end = at + RECORD_HEADER + length
    if (end > maxBytes) return tooLong
    if (end > seen.length) return records
    const next = withRecord(seen, records, end)
    if ("_tag" in next) return next
    if ((next.messageBytes ?? 0) > maxBytes) return tooLong
    records = next
  }
  return records
}

function withRecord(seen: Uint8Array, { at, contentBytes, messageBytes }: Records, end: number): Records | Refusal {
  const next = { at: end, contentBytes: contentBytes + end - at - RECORD_HEADER, messageBytes }
  if (messageBytes !== undefined || next.contentBytes < MESSAGE_HEADER) return next
  // The header of the message may lie in several records.
  const [type, high = 0, middle = 0, low = 0] = contentOf(seen, next)
  if (type !== CLIENT_HELLO) return malformed("a TLS handshake that does not begin with a ClientHello")
  return { ...next, messageBytes: MESSAGE_HEADER + high * 65_536 + middle * 256 + low }
}

/** The contents of all whole records. */
function contentOf(seen: Uint8Array, { at: end }: Records): Uint8Array {
  const contents: Array<Uint8Array> = []
  let at = 0
  while (at < end) {
    const from = at + RECORD_HEADER
    at = from + uint16(seen, at + 3)
    contents.push(seen.subarray(from, at))
  }
  return joined(contents)
}

/** The message without its header. */
function messageOf(seen: Uint8Array, records: Records): Uint8Array {
  return contentOf(seen, records).subarray(MESSAGE_HEADER, records.messageBytes)
}
