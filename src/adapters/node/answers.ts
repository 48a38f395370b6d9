/**
 * Merges the answers of several servers for one name into one list: addresses that can be dialled, each once, up to a limit.
 */
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"

export interface Merged {
  readonly addresses: ReadonlyArray<string>
  readonly omitted: number
}

/**
 * Takes the lists in turns, so that no server and no family hides another. Servers rotate their lists with each answer: where
 * the addresses exceed the limit, each list is sorted first, because each answer would otherwise name other addresses.
 */
export function mergeAnswers(lists: ReadonlyArray<ReadonlyArray<string>>, most: number): Merged {
  const all = new Set(lists.flat())
  const usable = lists.map((list) => list.flatMap((text) => dialable(text) ?? []))
  const count = new Set(usable.flat()).size
  const turns = inTurns(count > most ? usable.map((list) => list.toSorted()) : usable)
  const addresses = [...new Set(turns)].slice(0, most)
  return { addresses, omitted: Math.max(0, all.size - addresses.length) }
}

function inTurns(lists: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> {
  const longest = Math.max(0, ...lists.map((list) => list.length))
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat()
}

/**
 * The address in canonical form; IPv4 mapped into IPv6 becomes IPv4. undefined: it cannot be dialled. That is a text that is no
 * IP literal, or an address that is unspecified (0.0.0.0/8, ::), multicast, broadcast or link-local without a zone. Private and
 * loopback addresses can be dialled.
 */
function dialable(text: string): string | undefined {
  const ip = NetAddress.ipFromString(text)
  if (Result.isFailure(ip)) return undefined
  const plain = NetAddress.toCanonical(ip.success)
  const isUndialable = NetAddress.isUnspecified(plain) || NetAddress.isMulticast(plain) || NetAddress.isLinkLocal(plain)
  if (isUndialable) return undefined
  const canonical = NetAddress.formatIp(plain)
  return NetAddress.isIpv4Address(plain) && /^0\.|^255\.255\.255\.255$/.test(canonical) ? undefined : canonical
}
