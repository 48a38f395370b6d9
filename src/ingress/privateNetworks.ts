/**
 * The networks that a client of a listener may not reach unless `privateTargets` allows it: loopback, link-local, private,
 * shared, multicast and reserved ones, and the IPv6 networks in which a gateway would translate to one of these IPv4 networks.
 * Documentation and benchmark networks are not among them: laboratories dial them. An IPv4 address that is mapped into IPv6 is
 * that IPv4 address wherever addresses are compared (core/addressWords.ts).
 */
import { wordsOf } from "../core/addressWords.ts"
import type { Network } from "../core/model/Config.ts"

const IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  // Carriers' own networks.
  "100.64.0.0/10",
  "127.0.0.0/8",
  // Clouds serve a machine's credentials at 169.254.169.254.
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "224.0.0.0/4",
  // Broadcast is in it.
  "240.0.0.0/4"
].map(networkOf)

const IPV6 = [
  "::/128",
  "::1/128",
  "64:ff9b:1::/48",
  // Teredo writes the IPv4 address behind bits of any value, and nothing uses it any more.
  "2001::/32",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8"
].map(networkOf)

/** Prefixes of 96 bits that an IPv4 address follows: the oldest form, translated, NAT64. */
const CARRIERS = ["::", "::ffff:0:0:0", "64:ff9b::"].map((text) => wordsOf(text) ?? [])
const SIX_TO_FOUR = 0x2002

function networkOf(cidr: string): Network {
  const [host = "", bits] = cidr.split("/")
  return { cidr, words: wordsOf(host) ?? [], bits: Number(bits) }
}

function carried({ cidr, words: [word = 0], bits }: Network): ReadonlyArray<Network> {
  const inCarriers = CARRIERS.map(([a = 0, b = 0, c = 0]) => ({ cidr, words: [a, b, c, word], bits: 96 + bits }))
  const sixToFour = [SIX_TO_FOUR * 65_536 + Math.floor(word / 65_536), (word % 65_536) * 65_536, 0, 0]
  return [...inCarriers, { cidr, words: sixToFour, bits: 16 + bits }]
}

export const PRIVATE_NETWORKS: ReadonlyArray<Network> = [...IPV4, ...IPV6, ...IPV4.flatMap(carried)]
