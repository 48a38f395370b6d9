/**
 * One text for each host that a client can name, so that every check sees what will be dialled.
 *
 * - A name is in lower case and in ASCII (other scripts become ASCII here), without the dot at its end.
 * - An address is in its usual form, an IPv6 address without brackets. An IPv4 address mapped into IPv6 is that IPv4 address.
 * - A text with a number as its last label (decimal, octal or hexadecimal) is refused unless it is four plain decimal numbers. Systems
 *   read `127.1`, `2130706433`, `0x7f.1` and `0177.0.0.1` as addresses, and not all alike; no name can look like that either, since
 *   URLs have the same rule. To refuse them is right for every reader; to convert them would be right for some.
 * - A zone (`fe80::1%eth0`) is refused: it names an interface of the client's machine, not of this one.
 */
import { wordsOf } from "../core/addressWords.ts"
import { isHost } from "../core/hostName.ts"
import { parseEndpoint } from "../core/schema/units.ts"
import { asciiHost } from "./asciiHost.ts"

/** undefined: the text is no host, or doubtful. */
export function canonicalHost(text: string): string | undefined {
  const bare = /^\[(.*:.*)\]$/.exec(text)?.[1] ?? text
  if (bare.includes(":")) return canonicalIpv6(bare)
  const ascii = asciiHost(bare).toLowerCase()
  const name = ascii.endsWith(".") ? ascii.slice(0, -1) : ascii
  if (endsInNumber(name)) return isPlainIpv4(name) ? name : undefined
  return isHost(name) && !name.endsWith(".") ? name : undefined
}

function canonicalIpv6(text: string): string | undefined {
  const tail = text.slice(text.lastIndexOf(":") + 1)
  if (text.includes(".") && !isPlainIpv4(tail)) return undefined
  const words = wordsOf(text)
  if (words === undefined) return undefined
  return words.length === 1 ? ipv4Text(words[0] as number) : parseEndpoint(text)?.host
}

export function ipv4Text(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join(".")
}

/** The rule of URLs (WHATWG, "ends in a number"). */
function endsInNumber(name: string): boolean {
  return /(^|\.)([0-9]+|0x[0-9a-f]*)$/.test(name)
}

/** Without zeros in front, which some read as octal. */
function isPlainIpv4(text: string): boolean {
  return /^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$/.test(text) && wordsOf(text) !== undefined
}

/** Whether a canonical host is an address. */
export function isAddress(host: string): boolean {
  return wordsOf(host) !== undefined
}
