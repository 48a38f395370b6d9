/**
 * Access: which addresses may be dialled at all. The rule is the same for every source of addresses.
 *
 * - An address in a network of `deny` is refused, even if `allow` has it too.
 * - While `allow` has networks, an address outside all of them is refused.
 * - An IPv4-mapped IPv6 address (::ffff:a.b.c.d) counts as that IPv4 address. A network matches addresses of its own family
 *   alone.
 * - Once either list has a network, a text that is no address is refused: it is unknown where it leads.
 *
 * Addresses are compared as unsigned 32-bit words, one for IPv4 and four for IPv6. That is exact on every runtime.
 */
import type { Access, Config, Network, UpstreamConfig } from "./model/Config.ts"
import type { Refusal } from "./model/Decision.ts"

export function admits(access: Access, host: string): boolean {
  return refusalOf(access, host) === undefined
}

/** The lists for one upstream. */
export function accessFor(
  { access: general }: Pick<Config, "access">,
  { access = general }: Pick<UpstreamConfig, "access">
) {
  return access
}

/** Why an address may not be dialled; undefined: it may. */
export function refusalOf({ allow, deny }: Access, host: string): Refusal | undefined {
  if (allow.length + deny.length === 0) return undefined
  const words = wordsOf(host)
  const has = (network: Network) => words === undefined || contains(network, words)
  const denied = deny.find(has)
  if (denied !== undefined) return { host, list: "deny", cidr: words === undefined ? "" : denied.cidr }
  return words !== undefined && (allow.length === 0 || allow.some(has)) ? undefined : { host, list: "allow", cidr: "" }
}

export function contains({ words, bits }: Network, address: ReadonlyArray<number>): boolean {
  if (words.length !== address.length) return false
  return words.every((word, i) => {
    const shared = Math.min(Math.max(bits - 32 * i, 0), 32)
    // JavaScript takes a shift by 32 as a shift by 0.
    return shared === 0 || (word ^ (address[i] as number)) >>> (32 - shared) === 0
  })
}

/** The words of an IP literal; undefined: the text is none. */
export function wordsOf(host: string): ReadonlyArray<number> | undefined {
  if (!host.includes(":")) return wordsOfIpv4(host)
  const words = wordsOfIpv6(host)
  if (words === undefined) return undefined
  const [a, b, c, d] = words as [number, number, number, number]
  return a === 0 && b === 0 && c === 0xffff ? [d] : words
}

function wordsOfIpv4(text: string): ReadonlyArray<number> | undefined {
  const parts = text.split(".")
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return [parts.reduce((sum, part) => sum * 256 + Number(part), 0)]
}

function wordsOfIpv6(text: string): ReadonlyArray<number> | undefined {
  // The last 32 bits may be written as IPv4.
  const tail = text.includes(".") ? wordsOfIpv4(text.slice(text.lastIndexOf(":") + 1))?.[0] : -1
  if (tail === undefined) return undefined
  const hex = tail < 0
    ? text
    : `${text.slice(0, text.lastIndexOf(":") + 1)}${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`
  const halves = hex.split("::").map((half) => half === "" ? [] : half.split(":"))
  const [head = [], rest = []] = halves
  const missing = 8 - head.length - rest.length
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...rest]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  const numbers = groups.map((group) => Number.parseInt(group, 16))
  return [0, 2, 4, 6].map((i) => (numbers[i] as number) * 65_536 + (numbers[i + 1] as number))
}
