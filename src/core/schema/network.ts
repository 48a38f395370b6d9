/** Networks as they are written in lists that addresses are compared with. */
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import { wordsOf } from "../addressWords.ts"
import { fromText } from "./units.ts"
import { NetworkValue } from "./values.ts"
import type { Network } from "./values.ts"

/**
 * Reads `198.18.0.0/15`, `2001:db8::/32` or one address; undefined: the text is none of them. IPv4 addresses mapped into IPv6
 * become IPv4.
 */
export function parseNetwork(text: string): Network | undefined {
  const found = IpNetwork.fromString(text)
  const one = Result.isFailure(found) ? NetAddress.ipFromString(text) : undefined
  if (one !== undefined && Result.isFailure(one)) return undefined
  const address = one === undefined ? Result.getOrThrow(found).address : one.success
  const isMapped = NetAddress.isIpv6Address(address) && NetAddress.isIpv4Mapped(address)
  const words = wordsOf(NetAddress.formatIp(address))
  if (words === undefined) return undefined
  const longest = words.length * 32
  const bits = Result.isSuccess(found) ? found.success.prefixLength - (isMapped ? 96 : 0) : longest
  // ::ffff:0:0/90 would belong to neither family.
  return bits < 0 ? undefined : { cidr: `${NetAddress.formatIp(NetAddress.toCanonical(address))}/${bits}`, words, bits }
}

export const NetworkText = fromText<Network>(
  NetworkValue,
  parseNetwork,
  "a network such as 10.0.0.0/8 or 2001:db8::/32 without bits behind its prefix, or one address",
  "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$"
)
