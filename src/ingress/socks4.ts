/**
 * SOCKS4, and 4a, which names a host: version, command, port, IPv4 address, user id and NUL; where the address is 0.0.0.x with x not 0,
 * a host and NUL. CONNECT alone is served. It has no password, so a listener with users refuses it.
 */
import type { Address } from "../core/model/Config.ts"
import { addressBytes } from "./addressBytes.ts"
import { textOf, uint16 } from "./ascii.ts"
import { canonicalHost } from "./canonicalHost.ts"
import type { After, Framed, Stage } from "./framed.ts"
import { framed } from "./framed.ts"
import type { Answers, Parser, Refusal, SocksOptions, Target } from "./Handshake.ts"
import { refusal } from "./Handshake.ts"
import { joined } from "./Held.ts"

export type Socks4State = Framed<"request">

const VERSION = 4
const CONNECT = 1
const GRANTED = 90
const REFUSED = 91
/** A user id of a person or a program; the longest known ones are mail addresses. */
const LONGEST_USER_ID = 255
const LONGEST_HOST = 255
const AFTER_FIXED = 8

export function socks4({ maxBytes, authenticate }: SocksOptions): Parser<Socks4State> {
  return framed("request", { request: requestFor(authenticate !== undefined) }, maxBytes)
}

function replyOf(code: number, bound?: Address): Uint8Array {
  const address = bound === undefined || bound.host.includes(":") ? new Uint8Array(4) : addressBytes(bound.host)
  const port = bound?.port ?? 0
  return joined([Uint8Array.of(0, code, port >>> 8, port & 255), address])
}

const answers: Answers = {
  success: (bound) => replyOf(GRANTED, bound),
  // SOCKS4 has one code for all causes but those of identd.
  failure: () => replyOf(REFUSED)
}

const failed = (reason: Refusal["reason"], detail: string) => refusal(reason, detail, replyOf(REFUSED))

function requestFor(needsCredentials: boolean): Stage<"request", Target> {
  return {
    sizeOf,
    read: (message, { replies, early }: After) => {
      if (needsCredentials) return failed("notAuthenticated", "SOCKS4 has no password, and this listener has users")
      if (message[1] !== CONNECT) return failed("unsupported", "a SOCKS4 command other than CONNECT")
      const host = hostOf(message)
      if (host === undefined) return failed("badHost", "a SOCKS4 request for what is no host")
      const port = uint16(message, 2)
      if (port === 0) return failed("malformed", "a SOCKS4 request for port 0")
      return { _tag: "Target", host, port, reply: replies, early, answers }
    }
  }
}

function sizeOf(begun: Uint8Array): number | Refusal {
  if (begun.length > 0 && begun[0] !== VERSION) return refusal("wrongProtocol", "not the version of SOCKS4")
  if (begun.length < AFTER_FIXED) return begun.length === 0 ? 1 : AFTER_FIXED
  const userEnd = begun.indexOf(0, AFTER_FIXED)
  if (userEnd < 0) {
    return begun.length - AFTER_FIXED > LONGEST_USER_ID
      ? failed("tooLong", "a SOCKS4 user id that is too long")
      : begun.length + 1
  }
  if (!namesHost(begun) || begun.indexOf(0, userEnd + 1) > 0) return begun.length
  const isTooLong = begun.length - userEnd - 1 > LONGEST_HOST
  return isTooLong ? failed("tooLong", "a SOCKS4 host that is too long") : begun.length + 1
}

function namesHost(message: Uint8Array): boolean {
  return message[4] === 0 && message[5] === 0 && message[6] === 0 && message[7] !== 0
}

function hostOf(message: Uint8Array): string | undefined {
  if (!namesHost(message)) return message.subarray(4, 8).join(".")
  return canonicalHost(textOf(message.subarray(message.indexOf(0, AFTER_FIXED) + 1, -1)) ?? "")
}
