/**
 * SOCKS5 (RFC 1928) with user and password (RFC 1929). CONNECT alone is served. A request that is not served is read to its end
 * before it is refused, so that its client reads the reply before it sees the connection close.
 */
import { addressText } from "./addressBytes.ts"
import { textOf, uint16 } from "./ascii.ts"
import { canonicalHost } from "./canonicalHost.ts"
import type { After, Framed, Stage } from "./framed.ts"
import { framed, next } from "./framed.ts"
import type { Parser, Refusal, SocksOptions, Target } from "./Handshake.ts"
import { refusal } from "./Handshake.ts"
import { ADDRESS, answers, CODES, replyOf } from "./socks5Replies.ts"

export type Socks5State = Framed<"methods" | "credentials" | "request">

const VERSION = 5
const CREDENTIALS_VERSION = 1
const NO_CREDENTIALS = 0
const USER_PASSWORD = 2
const NONE_ACCEPTABLE = 255
const CONNECT = 1

export function socks5({ maxBytes, authenticate }: SocksOptions): Parser<Socks5State> {
  return framed("methods", { methods: methods(authenticate), credentials: credentials(authenticate), request }, maxBytes)
}

type Authenticate = SocksOptions["authenticate"]
type StageName = Socks5State["stage"]

/** Version, count, and the methods that the client offers. */
function methods(authenticate: Authenticate): Stage<StageName, Target> {
  // A client that has credentials may offer nothing else, even where none are needed.
  const served = authenticate === undefined ? [NO_CREDENTIALS, USER_PASSWORD] : [USER_PASSWORD]
  return {
    sizeOf: (begun) => {
      if (begun.length > 0 && begun[0] !== VERSION) return refusal("wrongProtocol", "not the version of SOCKS5")
      return begun.length < 2 ? begun.length + 1 : 2 + (begun[1] as number)
    },
    read: (message) => {
      const offered = message.subarray(2)
      const chosen = served.find((method) => offered.includes(method))
      if (chosen === undefined) {
        const detail = "the client offers no method of authentication that this listener takes"
        return refusal("notAuthenticated", detail, Uint8Array.of(VERSION, NONE_ACCEPTABLE))
      }
      return next(chosen === USER_PASSWORD ? "credentials" : "request", Uint8Array.of(VERSION, chosen))
    }
  }
}

/** Version, and two texts, each with its length in front. */
function credentials(authenticate: Authenticate): Stage<StageName, Target> {
  const denied = Uint8Array.of(CREDENTIALS_VERSION, 1)
  return {
    sizeOf: (begun) => {
      if (begun.length > 0 && begun[0] !== CREDENTIALS_VERSION) {
        return refusal("malformed", "not the version of SOCKS5 credentials", denied)
      }
      if (begun.length < 2) return begun.length + 1
      const user = begun[1] as number
      return begun.length < 3 + user ? 3 + user : 3 + user + (begun[2 + user] as number)
    },
    read: (message) => {
      const user = message.subarray(2, 2 + (message[1] as number))
      const password = message.subarray(3 + user.length)
      const isTrusted = authenticate === undefined || authenticate({ user, password })
      if (!isTrusted) return refusal("notAuthenticated", "the credentials are wrong", denied)
      return next("request", Uint8Array.of(CREDENTIALS_VERSION, 0))
    }
  }
}

const failed = (reason: Refusal["reason"], detail: string, code: number) => refusal(reason, detail, replyOf(code))

/** Version, command, a reserved byte, kind of address, address, port. */
const request: Stage<StageName, Target> = {
  sizeOf: (begun) => {
    if (begun.length > 0 && begun[0] !== VERSION) {
      return failed("malformed", "a SOCKS5 request with another version", CODES.generalFailure)
    }
    if (begun.length < 4) return begun.length + 1
    const kind = begun[3]
    if (kind === ADDRESS.ipv4) return 10
    if (kind === ADDRESS.ipv6) return 22
    if (kind === ADDRESS.name) return begun.length < 5 ? 5 : 7 + (begun[4] as number)
    return failed("unsupported", "a kind of address that SOCKS5 does not have", CODES.addressNotSupported)
  },
  read: (message, { replies, early }: After) => {
    if (message[1] !== CONNECT) {
      return failed("unsupported", "a SOCKS5 command other than CONNECT", CODES.commandNotSupported)
    }
    const host = hostOf(message)
    // No name with this spelling can be resolved.
    if (host === undefined) return failed("badHost", "a SOCKS5 request for what is no host", CODES.hostUnreachable)
    const port = uint16(message, message.length - 2)
    if (port === 0) return failed("malformed", "a SOCKS5 request for port 0", CODES.generalFailure)
    return { _tag: "Target", host, port, reply: replies, early, answers }
  }
}

function hostOf(message: Uint8Array): string | undefined {
  const address = message.subarray(4, -2)
  if (message[3] === ADDRESS.name) return canonicalHost(textOf(address.subarray(1)) ?? "")
  return canonicalHost(addressText(address))
}
