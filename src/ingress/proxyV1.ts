/** Version 1 of the PROXY header: one line of ASCII such as `PROXY TCP4 192.0.2.1 198.51.100.7 56324 443`. */
import { wordsOf } from "../core/addressWords.ts"
import type { Address } from "../core/model/Config.ts"
import { addressBytes, addressText } from "./addressBytes.ts"
import { asciiOf, bytesOfAscii } from "./ascii.ts"
import { canonicalHost } from "./canonicalHost.ts"
import type { ProxyHeader, Refusal } from "./Handshake.ts"
import { NOTHING_SAID, refusal } from "./Handshake.ts"

export const V1_SIGNATURE = bytesOfAscii("PROXY ")

/** With its line end, as the standard has it. */
const LONGEST = 107
const CR = 13
const LF = 10

/** The size of a header that begins with the signature. */
export function sizeOfV1(begun: Uint8Array): number | Refusal {
  const end = begun.indexOf(LF)
  if (end >= 0) return begun.length
  return begun.length < LONGEST ? begun.length + 1 : refusal("malformed", "a PROXY header without a line end")
}

export function readV1(message: Uint8Array): ProxyHeader | Refusal {
  if (message.indexOf(CR) !== message.length - 2) return malformed()
  const [, protocol, ...parts] = asciiOf(message.subarray(0, -2)).split(" ")
  // What follows has no meaning, whatever it is.
  if (protocol === "UNKNOWN") return NOTHING_SAID
  const [from = "", to = "", fromPort = "", toPort = ""] = parts
  const isV6 = protocol === "TCP6"
  if ((protocol !== "TCP4" && !isV6) || parts.length !== 4) return malformed()
  const [source, destination] = [addressOf(from, fromPort, isV6), addressOf(to, toPort, isV6)]
  return source === undefined || destination === undefined ? malformed() : { ...NOTHING_SAID, source, destination }
}

const malformed = () => refusal("malformed", "a PROXY header of version 1 that is malformed")

function addressOf(text: string, portText: string, isV6: boolean): Address | undefined {
  const isPort = /^(0|[1-9][0-9]{0,4})$/.test(portText) && Number(portText) <= 65_535
  if (!isPort || text.includes(":") !== isV6 || text.includes("[") || wordsOf(text) === undefined) return undefined
  const host = canonicalHost(text)
  return host === undefined ? undefined : { host, port: Number(portText) }
}

/** Two addresses of different families are both written as IPv6. Without addresses the header says UNKNOWN. */
export function writeV1(source?: Address, destination?: Address): Uint8Array {
  if (source === undefined || destination === undefined) return bytesOfAscii("PROXY UNKNOWN\r\n")
  const isV4 = [source, destination].every(({ host }) => addressBytes(host).length === 4)
  const textOf = ({ host }: Address) => {
    const bytes = addressBytes(host)
    // Receivers such as nginx show the text as it comes, so it is the usual one.
    return bytes.length === 16 ? host : `${isV4 ? "" : "::ffff:"}${addressText(bytes)}`
  }
  const words = ["PROXY", isV4 ? "TCP4" : "TCP6", textOf(source), textOf(destination), source.port, destination.port]
  return bytesOfAscii(`${words.join(" ")}\r\n`)
}
