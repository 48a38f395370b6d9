/**
 * The head of a CONNECT request in its plainest form: it came whole and at once, and each of its bytes can mean one thing only. An HTTP
 * parser reads such a head as this function does (a law compares them), but takes longer. Every other head is for the HTTP parser.
 */
import { asciiOf } from "./ascii.ts"

export interface ConnectHead {
  /** Host and port, as the request names them. */
  readonly authority: string
  /** The value of `Proxy-Authorization`; undefined: there is none. */
  readonly credentials: string | undefined
  /** What came behind the head: the first bytes for the upstream. */
  readonly early: Uint8Array
}

/** A longer head is left to the parser, which counts the bytes that are allowed. */
const MOST_BYTES = 2_048
const BEGIN = "CONNECT "
const END = "\r\n\r\n"
/** Characters of names and of addresses, with a port. What is no host is judged later, as for the parser. */
const REQUEST_LINE = /^CONNECT ([0-9A-Za-z.:[\]_-]+) HTTP\/1\.1$/
/** Values of visible ASCII with single blanks within. */
const FIELD = /^([0-9A-Za-z-]+): ([!-~]+(?: [!-~]+)*)$/
/** Fields that change nothing of a tunnel, and may come once. With any other the head is left to the parser. */
const FIELDS = new Set(["host", "user-agent", "proxy-connection", "proxy-authorization", "connection", "accept"])

/** undefined: the HTTP parser has to tell what these bytes are. `maxBytes` is what a client may send before its target is known. */
export function connectHead(bytes: Uint8Array, maxBytes: number): ConnectHead | undefined {
  if (bytes[0] !== BEGIN.charCodeAt(0)) return undefined
  // The parser's own count of a head that comes close to the limit decides.
  const text = asciiOf(bytes.subarray(0, Math.min(MOST_BYTES, maxBytes / 2)))
  const end = text.indexOf(END)
  if (end < 0) return undefined
  const [first = "", ...lines] = text.slice(0, end).split("\r\n")
  const authority = REQUEST_LINE.exec(first)?.[1]
  if (authority === undefined) return undefined
  const fields = new Map<string, string>()
  for (const line of lines) {
    const [, given = "", value = ""] = FIELD.exec(line) ?? []
    const name = given.toLowerCase()
    if (!FIELDS.has(name) || fields.has(name)) return undefined
    fields.set(name, value)
  }
  return { authority, credentials: fields.get("proxy-authorization"), early: bytes.subarray(end + END.length) }
}
