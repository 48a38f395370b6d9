/** What servers answered for one name, made one list: addresses that can be dialled, each once, and not too many. */
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"

export interface Merged {
  readonly addresses: ReadonlyArray<string>
  readonly omitted: number
}

/**
 * The lists are taken in turns, so that no server and no family hides another one. Servers turn their lists round with each
 * answer: where not all of them fit, they are put in order first, or every answer would name others.
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
 * The address in canonical form, IPv4 in IPv6 clothes as IPv4; undefined when nobody can be dialled there: no literal, nobody's
 * (0.0.0.0/8, ::), many (multicast, broadcast), or on a link that it does not name. Private and loopback addresses can be.
 */
function dialable(text: string): string | undefined {
  const ip = NetAddress.ipFromString(text)
  if (Result.isFailure(ip)) return undefined
  const plain = NetAddress.toCanonical(ip.success)
  const isNobody = NetAddress.isUnspecified(plain) || NetAddress.isMulticast(plain) || NetAddress.isLinkLocal(plain)
  if (isNobody) return undefined
  const canonical = NetAddress.formatIp(plain)
  return NetAddress.isIpv4Address(plain) && /^0\.|^255\.255\.255\.255$/.test(canonical) ? undefined : canonical
}
