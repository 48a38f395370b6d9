/**
 * Which addresses a client of a listener must not reach unless `privateTargets` allows it. The judged text is the literal that is
 * dialled, so a name that leads there is judged as well.
 *
 * An IPv6 address that carries an IPv4 address for a gateway to use (mapped, translated, NAT64, 6to4, Teredo) is judged by that address
 * as well. Documentation and benchmark networks are not private: laboratories dial them.
 */
import { contains } from "../core/access.ts"
import { wordsOf } from "../core/addressWords.ts"
import type { Network } from "../core/model/Config.ts"

export type PrivateKind =
  | "unspecified"
  | "loopback"
  | "linkLocal"
  | "private"
  | "multicast"
  | "reserved"
  /** An address of this machine. */
  | "own"
  /** No literal: it is unknown where it leads. */
  | "notAnAddress"

const NETWORKS: ReadonlyArray<readonly [cidr: string, kind: PrivateKind]> = [
  ["0.0.0.0/8", "unspecified"],
  ["10.0.0.0/8", "private"],
  // Carriers' own networks.
  ["100.64.0.0/10", "private"],
  ["127.0.0.0/8", "loopback"],
  // Clouds serve a machine's credentials at 169.254.169.254.
  ["169.254.0.0/16", "linkLocal"],
  ["172.16.0.0/12", "private"],
  ["192.0.0.0/24", "reserved"],
  ["192.168.0.0/16", "private"],
  ["224.0.0.0/4", "multicast"],
  // Broadcast is in it.
  ["240.0.0.0/4", "reserved"],
  ["::/128", "unspecified"],
  ["::1/128", "loopback"],
  ["64:ff9b:1::/48", "private"],
  ["fc00::/7", "private"],
  ["fe80::/10", "linkLocal"],
  ["fec0::/10", "private"],
  ["ff00::/8", "multicast"]
]

interface KindOfNetwork {
  readonly network: Network
  readonly kind: PrivateKind
}

const KINDS: ReadonlyArray<KindOfNetwork> = NETWORKS.map(([cidr, kind]) => ({ network: networkOf(cidr), kind }))

type Words = readonly [number, number, number, number]

interface Carrier {
  readonly network: Network
  readonly carried: (words: Words) => number
}

const CARRIERS: ReadonlyArray<Carrier> = [
  { network: networkOf("::/96"), carried: ([, , , last]) => last },
  { network: networkOf("::ffff:0:0:0/96"), carried: ([, , , last]) => last },
  { network: networkOf("64:ff9b::/96"), carried: ([, , , last]) => last },
  { network: networkOf("2002::/16"), carried: ([first, second]) => ((first << 16) | (second >>> 16)) >>> 0 },
  // The client's address, each bit turned over.
  { network: networkOf("2001::/32"), carried: ([, , , last]) => ~last >>> 0 }
]

function networkOf(cidr: string): Network {
  const [host = "", bits] = cidr.split("/")
  return { cidr, words: wordsOf(host) ?? [], bits: Number(bits) }
}

/** undefined: the address is public. `own` are the addresses of this machine. */
export function privateKindOf(literal: string, own: ReadonlyArray<string> = []): PrivateKind | undefined {
  const words = wordsOf(literal)
  if (words === undefined || literal.includes("%")) return "notAnAddress"
  const kind = kindOf(words)
  if (kind !== undefined) return kind
  return own.some((one) => wordsOf(one)?.join() === words.join()) ? "own" : undefined
}

function kindOf(words: ReadonlyArray<number>): PrivateKind | undefined {
  const found = KINDS.find(({ network }) => contains(network, words))
  if (found !== undefined) return found.kind
  const carrier = CARRIERS.find(({ network }) => contains(network, words))
  return carrier === undefined ? undefined : kindOf([carrier.carried(words as Words)])
}
