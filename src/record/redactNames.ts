/**
 * Stand-ins for addresses and names in a redacted record. Equal originals have equal stand-ins, and different ones have
 * different stand-ins. They come from reserved ranges (RFC 2544, 3849, 9637, 2606) in the order of first appearance.
 *
 * The core compares addresses, and beside that sees only what network.ts sees. So a stand-in has the same family, is on
 * loopback where its original is, and shares a network with the stand-ins of its original's neighbours. Then the core decides
 * the same about both.
 *
 * Lists of networks are the one exception. In the copy they name each stand-in of an address that they contain.
 *
 * A record is surveyed before it is renamed: no stand-in is, or contains, an address of the record itself.
 */

import { contains } from "../core/access.ts"
import { wordsOf } from "../core/addressWords.ts"
import { ON_DEMAND } from "../core/domain.ts"
import type { BuiltinName, Network } from "../core/model/Config.ts"
import type { Family } from "../core/model/Outage.ts"
import { familyOf, needsNetwork, networkOf } from "../core/network.ts"

/** Renames what a record reveals about its owner. The empty text means "none" and stays empty. */
export interface Renaming {
  /** An address, or the name of a host. */
  readonly host: (host: string) => string
  /** The name of an upstream or listener. */
  readonly label: (label: string) => string
  /** Built-in names that occur elsewhere in the record. The others reveal nothing about its owner. */
  readonly builtin: (names: ReadonlyArray<BuiltinName>) => ReadonlyArray<BuiltinName>
  /** Networks, by their effect on the addresses of the record: each becomes the stand-ins of the addresses that it contains. */
  readonly networks: (networks: ReadonlyArray<Network>) => ReadonlyArray<Network>
  /** Free text, such as the message of an error. */
  readonly text: (text: string) => string
}

/** Numbers of different originals that were replaced. */
export interface Replaced {
  readonly addresses: number
  readonly names: number
}

const IPV4 = String.raw`\d{1,3}(?:\.\d{1,3}){3}`
/** Hexadecimal digits with two colons among them. */
const IPV6 = String.raw`[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*`
/** Literals that could be part of a longer one. A literal with `::` is part of no stand-in. */
const WHOLE = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7})$/i
const SHORTEST = "0.0.0.0".length
/** A label with an address or a dotted name in it reveals as much as a host. */
const TELLING = new RegExp(String.raw`${IPV4}|${IPV6}|[a-z0-9-]\.[a-z]`, "i")
/** 198.18.0.0/15 has two networks of the size that counts. Further ones come from 240.0.0.0/4. */
const BENCHMARK_NETWORKS = 2
/** Stand-ins in one network of IPv4. Further ones get another network. */
const MOST_IN_NETWORK = 65_000

function firstOf(cidr: string): string {
  return cidr.slice(0, cidr.indexOf("/"))
}

function only(host: string): Network {
  const words = wordsOf(host) ?? []
  return { cidr: `${host}/${words.length * 32}`, words, bits: words.length * 32 }
}

/** Changes nothing, and collects what there is. */
export class Survey implements Renaming {
  readonly hosts = new Set<string>()
  /** Hosts that occur outside the built-in names. */
  readonly spoken = new Set<string>()
  readonly labels = new Set<string>()

  readonly host = (host: string): string => {
    if (host === "") return host
    this.hosts.add(host)
    this.spoken.add(host)
    return host
  }

  readonly builtin = (names: ReadonlyArray<BuiltinName>): ReadonlyArray<BuiltinName> => {
    for (const { host, addresses } of names) [host, ...addresses].forEach((one) => this.hosts.add(one))
    return names
  }

  readonly label = (label: string): string => {
    this.labels.add(label)
    return label
  }

  readonly networks = (networks: ReadonlyArray<Network>): ReadonlyArray<Network> => {
    for (const { cidr } of networks) this.host(firstOf(cidr))
    return networks
  }

  readonly text = (text: string): string => {
    for (const [found] of text.matchAll(addresses())) this.hosts.add(found)
    return text
  }
}

type Kind = Family | "loopback"

interface Counted {
  readonly index: number
  count: number
}

export class Pseudonyms implements Renaming {
  readonly #hosts = new Map<string, string>()
  readonly #labels = new Map<string, string>()
  readonly #originals: ReadonlySet<string>
  readonly #spoken: ReadonlySet<string>
  readonly #takenLabels: ReadonlySet<string>
  /** Literals that no stand-in may contain. */
  readonly #whole: ReadonlySet<string>
  /** Hosts that are no addresses, in lower case, the longest first. */
  readonly #names: ReadonlyArray<string>
  /** Networks of a kind in order of appearance, each with the number of its stand-ins. */
  readonly #networks = new Map<string, Counted>()
  readonly #nextIndex: Record<Kind, number> = { ipv4: 0, ipv6: 0, loopback: 0 }
  #named = 0
  #labelled = 0
  #addresses = 0
  #replacedNames = 0

  constructor({ hosts, labels, spoken = hosts }: Pick<Survey, "hosts" | "labels"> & Partial<Pick<Survey, "spoken">>) {
    this.#originals = hosts
    this.#spoken = spoken
    this.#takenLabels = labels
    this.#whole = new Set([...hosts].filter((host) => WHOLE.test(host)))
    const names = [...hosts].filter((host) => !isAddress(host)).map((host) => host.toLowerCase())
    this.#names = [...new Set(names)].sort((a, b) => b.length - a.length)
  }

  get replaced(): Replaced {
    return { addresses: this.#addresses, names: this.#replacedNames }
  }

  readonly host = (host: string): string => {
    if (host === "") return host
    const known = this.#hosts.get(host)
    if (known !== undefined) return known
    const made = this.#unlike(isAddress(host) ? () => this.#nextAddress(host) : this.#nextName)
    if (isAddress(host)) this.#addresses++
    else this.#replacedNames++
    this.#hosts.set(host, made)
    return made
  }

  /** The user's own word. It stays unless it reveals a host. */
  readonly label = (label: string): string => {
    // The shared label of hosts on demand reveals nothing.
    if (label === ON_DEMAND) return label
    const known = this.#labels.get(label)
    if (known !== undefined) return known
    const lower = label.toLowerCase()
    const tells = TELLING.test(label) || this.#names.some((name) => lower.includes(name))
    const made = tells ? this.#nextLabel() : label
    if (tells) this.#replacedNames++
    this.#labels.set(label, made)
    return made
  }

  readonly builtin = (names: ReadonlyArray<BuiltinName>): ReadonlyArray<BuiltinName> =>
    names.filter(({ host }) => this.#spoken.has(host)).map(({ host, addresses }) => {
      return { host: this.host(host), addresses: addresses.map(this.host) }
    })

  /**
   * The first address of a network counts as an address of the record, so no list becomes empty: an empty list would admit
   * every address.
   */
  readonly networks = (networks: ReadonlyArray<Network>): ReadonlyArray<Network> =>
    networks.flatMap((network) => {
      const inside = [...this.#originals].filter((host) => {
        const words = isAddress(host) ? wordsOf(host) : undefined
        return words !== undefined && contains(network, words)
      })
      return [...new Set([firstOf(network.cidr), ...inside])].map((host) => only(this.host(host)))
    })

  readonly text = (text: string): string => {
    const telling = [...this.#takenLabels].filter((label) => this.label(label) !== label)
    const words = [...new Set([...telling.map((label) => label.toLowerCase()), ...this.#names])]
    words.sort((a, b) => b.length - a.length)
    const labelOf = new Map(telling.map((label) => [label.toLowerCase(), label]))
    const hostOf = new Map([...this.#originals].map((host) => [host.toLowerCase(), host]))
    return text.replace(addresses(words), (found) => {
      const label = labelOf.get(found.toLowerCase())
      return label === undefined ? this.host(hostOf.get(found.toLowerCase()) ?? found) : this.label(label)
    })
  }

  /** The next stand-in that neither is nor contains an original. */
  #unlike(next: () => string): string {
    for (;;) {
      const made = next()
      if (!this.#originals.has(made) && !this.#containsOriginal(made)) return made
    }
  }

  #containsOriginal(made: string): boolean {
    if (this.#whole.size === 0) return false
    for (let from = 0; from + SHORTEST <= made.length; from++) {
      for (let to = from + SHORTEST; to <= made.length; to++) if (this.#whole.has(made.slice(from, to))) return true
    }
    return false
  }

  #nextAddress(host: string): string {
    const kind: Kind = !needsNetwork(host) ? "loopback" : familyOf(host)
    let network = this.#networks.get(`${kind} ${kind === "loopback" ? "" : networkOf(host)}`)
    if (network === undefined || (kind !== "ipv6" && network.count >= MOST_IN_NETWORK)) {
      network = { index: this.#nextIndex[kind]++, count: 0 }
      this.#networks.set(`${kind} ${kind === "loopback" ? "" : networkOf(host)}`, network)
    }
    const n = ++network.count
    const tail = `${(n >>> 8) & 255}.${n & 255}`
    if (kind === "ipv6") return ipv6Of(network.index, n - 1)
    // IPv6 has one loopback address, and it is in use. Mapped ones are of the same family.
    if (kind === "loopback") return `${host.includes(":") ? "::ffff:" : ""}127.${18 + network.index}.${tail}`
    const over = network.index - BENCHMARK_NETWORKS
    return over < 0 ? `198.${18 + network.index}.${tail}` : `${240 + (over >>> 8)}.${over & 255}.${tail}`
  }

  readonly #nextName = (): string => `h${++this.#named}.invalid`

  #nextLabel(): string {
    for (;;) {
      const made = `name${++this.#labelled}`
      if (!this.#takenLabels.has(made)) return made
    }
  }
}

/** Written without `::`, so that no short address is a part of it. */
function ipv6Of(index: number, n: number): string {
  const network = index === 0 ? "2001:db8" : `3fff:${index.toString(16)}`
  return `${network}:1:1:1:1:${(1 + Math.floor(n / 65_535)).toString(16)}:${(1 + n % 65_535).toString(16)}`
}

export function isAddress(host: string): boolean {
  return host.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)
}

/** Finds these words, and every address, in a text. */
function addresses(words: ReadonlyArray<string> = []): RegExp {
  const escaped = words.map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
  return new RegExp([...escaped, IPV4, IPV6].join("|"), "gi")
}
