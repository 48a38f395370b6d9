/** How much of a candidate's address is shown to readers: its network, or all of it. */
import * as IpNetwork from "effect/net/IpNetwork"
import * as NetAddress from "effect/net/NetAddress"
import * as Result from "effect/Result"
import { endpointText } from "../core/endpointText.ts"
import type { Address } from "../core/model/Config.ts"

/** `redacted`: the network alone (198.51.100.0/24, 2001:db8::/48); `full`: address and port. */
export type Addresses = "redacted" | "full"

const IPV4_PREFIX = 24
const IPV6_PREFIX = 48

export function shownAddress(address: Address, addresses: Addresses): string {
  return addresses === "full" ? endpointText(address) : networkText(address.host)
}

/** The same for an address without a port. */
export function shownHost(host: string, addresses: Addresses): string {
  return addresses === "full" ? host : networkText(host)
}

/** A network that is as narrow as an address is shown as its surrounding network. */
export function shownNetwork(cidr: string, addresses: Addresses): string {
  const network = IpNetwork.fromString(cidr)
  if (addresses === "full" || Result.isFailure(network)) return cidr
  const { address, prefixLength } = network.success
  const widest = NetAddress.isIpv4Address(address) ? IPV4_PREFIX : IPV6_PREFIX
  return prefixLength <= widest ? cidr : networkText(NetAddress.formatIp(address))
}

function networkText(host: string): string {
  const ip = NetAddress.ipFromString(host)
  if (Result.isFailure(ip)) return "?"
  // An IPv4-mapped IPv6 address reveals as much as the IPv4 address itself.
  const plain = NetAddress.toCanonical(ip.success)
  const prefix = NetAddress.isIpv4Address(plain) ? IPV4_PREFIX : IPV6_PREFIX
  return IpNetwork.format(IpNetwork.fromAddressUnsafe(plain, prefix))
}
