/**
 * Access: which addresses may be dialled at all. The rule is the same for every source of addresses.
 *
 * - An address in a network of `deny` is refused, even if `allow` has it too.
 * - While `allow` has networks, an address outside all of them is refused.
 * - An IPv4-mapped IPv6 address (::ffff:a.b.c.d) counts as that IPv4 address. A network matches addresses of its own family
 *   alone.
 * - Once either list has a network, a text that is no address is refused: it is unknown where it leads.
 *
 * Addresses are compared by their words (addressWords.ts).
 */
import { wordsOf } from "./addressWords.ts"
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
