/**
 * Handshake: what a client sends before its bytes belong to an upstream. A parser is a pure function of a state and of bytes;
 * an adapter feeds it whatever the socket gives. Any split of the same bytes gives the same result.
 *
 * A parser keeps at most `maxBytes` of what it was fed. What is not part of the handshake goes on as `early`, untouched.
 * Details of a refusal are fixed texts: nothing that a client sent, and no credentials, can come into a log with them.
 */
import type { Address } from "../core/model/Config.ts"

export interface Parser<State, Result = Target | Refusal> {
  readonly initial: State
  /** A state may be fed more than once, and never changes. */
  readonly feed: (state: State, bytes: Uint8Array) => Outcome<State, Result>
}

export type Outcome<State, Result = Target | Refusal> = More<State> | Result

/** The handshake has not ended yet. */
export interface More<State> {
  readonly _tag: "More"
  readonly state: State
  /** Goes to the client now; may be empty. */
  readonly reply: Uint8Array
}

/** The client has named what it wants to reach. */
export interface Target {
  readonly _tag: "Target"
  /** Canonical, as `canonicalHost` makes it: an address is recognised as one in any spelling that is not refused. */
  readonly host: string
  readonly port: number
  /** Goes to the client now, before the answer; may be empty. A client that did not wait for earlier replies gets them here. */
  readonly reply: Uint8Array
  /** What came behind the request: the first bytes for the upstream. */
  readonly early: Uint8Array
  readonly answers: Answers
}

/** What a client is sent when its connection is there, or when it is not. */
export interface Answers {
  /** `bound` is the address from which the upstream was dialled; without it the answer hides that address. */
  readonly success: (bound?: Address) => Uint8Array
  readonly failure: (reason: FailureReason) => Uint8Array
}

export type FailureReason =
  /** Target or client is not allowed by the configuration. */
  | "notAllowed"
  /** The name has no addresses. */
  | "resolveFailed"
  | "refused"
  | "timedOut"
  | "unreachable"
  /** A fault of this proxy, or a cause without a name of its own. */
  | "proxyError"

/** The handshake has ended without a target; the connection is closed after the reply. */
export interface Refusal {
  readonly _tag: "Refusal"
  readonly reason: RefusalReason
  /** A fixed text for logs. */
  readonly detail: string
  /** Goes to the client before the end; may be empty. */
  readonly reply: Uint8Array
}

export type RefusalReason =
  /** The bytes belong to another protocol. */
  | "wrongProtocol"
  | "malformed"
  /** The handshake is longer than `maxBytes`. */
  | "tooLong"
  /** A command, version or kind of address that is known and not served. */
  | "unsupported"
  /** A host that is no canonical host: an address in a doubtful spelling, or a name that DNS cannot have. */
  | "badHost"
  /** Credentials are missing or wrong. */
  | "notAuthenticated"

export interface HandshakeOptions {
  /** Most bytes that a client may send before its target is known; `handshake.maxBytes`. */
  readonly maxBytes: number
}

/** As they were sent: their script is not known. They are compared by the adapter, in constant time, and kept by no parser. */
export interface Credentials {
  readonly user: Uint8Array
  readonly password: Uint8Array
}

/** Options of SOCKS. */
export interface SocksOptions extends HandshakeOptions {
  /** Without it no client needs credentials; with it each client does, and SOCKS4, which has none, is refused. */
  readonly authenticate?: (credentials: Credentials) => boolean
}

/** What a TLS client names in its ClientHello (`clientHello`). All bytes, the ClientHello too, are in `early`. */
export interface Hello {
  readonly _tag: "Hello"
  /** The server name in canonical form; undefined: the client names none. */
  readonly name: string | undefined
  /** The client has encrypted its true server name, or pretends so; then `name` is the outer one. */
  readonly encrypted: boolean
  readonly early: Uint8Array
}

/** What a PROXY header says (`proxyHeader`). Addresses are canonical. */
export interface ProxyHeader {
  readonly _tag: "ProxyHeader"
  /** The peer speaks for itself (LOCAL), as it does to see whether this listener is alive. */
  readonly local: boolean
  /** The client as the peer saw it; undefined: the peer speaks for itself, or does not say (UNKNOWN, UNSPEC, a local socket). */
  readonly source: Address | undefined
  readonly destination: Address | undefined
  /** What came behind the header. */
  readonly early: Uint8Array
}

/** The protocols that a client's first byte tells apart (`protocolOf`). */
export type Protocol = "socks5" | "socks4" | "http" | "tls" | "unknown"

export const NO_BYTES = new Uint8Array(0)

export const more = <State>(state: State, reply: Uint8Array = NO_BYTES): More<State> => ({ _tag: "More", state, reply })

export const refusal = (reason: RefusalReason, detail: string, reply: Uint8Array = NO_BYTES): Refusal => ({
  _tag: "Refusal",
  reason,
  detail,
  reply
})

/** A PROXY header that names no client. */
export const NOTHING_SAID: ProxyHeader = {
  _tag: "ProxyHeader",
  local: false,
  source: undefined,
  destination: undefined,
  early: NO_BYTES
}
