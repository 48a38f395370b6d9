/**
 * What stands for addresses and names in a redacted record: equal for equal, different for different, drawn from ranges that
 * belong to nobody (RFC 2544, 3849, 2606), in the order of first appearance. The core compares addresses and never orders by
 * them or looks into them, so it decides the same about their stand-ins.
 *
 * A record is surveyed before it is renamed: a stand-in never is, or contains, an address of the record itself.
 */

import { ON_DEMAND } from "../core/domain.ts"

/** Renames what a record tells about its owner. The empty text, which means "none", stays empty. */
export interface Renaming {
  /** An address or the name of a host. */
  readonly host: (host: string) => string
  /** The name of an upstream or listener. */
  readonly label: (label: string) => string
  /** Free text, such as the message of an error. */
  readonly text: (text: string) => string
}

/** How many different ones were replaced. */
export interface Replaced {
  readonly addresses: number
  readonly names: number
}

const IPV4 = String.raw`\d{1,3}(?:\.\d{1,3}){3}`
/** Anything with two colons among hexadecimal digits. */
const IPV6 = String.raw`[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*`
/** Literals that could be a part of a longer one; with `::` they are part of no stand-in. */
const WHOLE = /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f]{1,4}(:[0-9a-f]{1,4}){7})$/i
const SHORTEST = "0.0.0.0".length
/** A label with an address or a dotted name in it tells as much as a host. */
const TELLING = new RegExp(String.raw`${IPV4}|${IPV6}|[a-z0-9-]\.[a-z]`, "i")
/** 198.18.0.0/15 has so many addresses; what is more comes from 240.0.0.0/4. */
const BENCHMARK_ADDRESSES = 131_072

/** Changes nothing and remembers what there is. */
export class Survey implements Renaming {
  readonly hosts = new Set<string>()
  readonly labels = new Set<string>()

  readonly host = (host: string): string => {
    if (host !== "") this.hosts.add(host)
    return host
  }

  readonly label = (label: string): string => {
    this.labels.add(label)
    return label
  }

  readonly text = (text: string): string => {
    for (const [found] of text.matchAll(addresses())) this.hosts.add(found)
    return text
  }
}

export class Pseudonyms implements Renaming {
  readonly #hosts = new Map<string, string>()
  readonly #labels = new Map<string, string>()
  readonly #originals: ReadonlySet<string>
  readonly #takenLabels: ReadonlySet<string>
  /** Literals that no stand-in may contain. */
  readonly #whole: ReadonlySet<string>
  /** Hosts that are no addresses, in lower case, the longest first. */
  readonly #names: ReadonlyArray<string>
  #ipv4 = 0
  #ipv6 = 0
  #named = 0
  #labelled = 0
  #addresses = 0
  #replacedNames = 0

  constructor({ hosts, labels }: Pick<Survey, "hosts" | "labels">) {
    this.#originals = hosts
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
    const made = this.#unlike(host.includes(":") ? this.#nextIpv6 : isAddress(host) ? this.#nextIpv4 : this.#nextName)
    if (isAddress(host)) this.#addresses++
    else this.#replacedNames++
    this.#hosts.set(host, made)
    return made
  }

  /** The user's own word, kept unless it tells a host. */
  readonly label = (label: string): string => {
    // What stands for a name tells none.
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

  /** The next one that neither is nor contains an original. */
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

  readonly #nextIpv4 = (): string => {
    const n = ++this.#ipv4
    const [base, offset] = n < BENCHMARK_ADDRESSES ? [18, n] : [0, n - BENCHMARK_ADDRESSES]
    const tail = `${(offset >>> 8) & 255}.${offset & 255}`
    return n < BENCHMARK_ADDRESSES
      ? `198.${base + (offset >>> 16)}.${tail}`
      : `${240 + (offset >>> 24)}.${(offset >>> 16) & 255}.${tail}`
  }

  /** Written without `::`, so that no short address is a part of it. */
  readonly #nextIpv6 = (): string => {
    const n = this.#ipv6++
    return `2001:db8:1:1:1:1:${(1 + Math.floor(n / 65_535)).toString(16)}:${(1 + n % 65_535).toString(16)}`
  }

  readonly #nextName = (): string => `h${++this.#named}.invalid`

  #nextLabel(): string {
    for (;;) {
      const made = `name${++this.#labelled}`
      if (!this.#takenLabels.has(made)) return made
    }
  }
}

export function isAddress(host: string): boolean {
  return host.includes(":") || /^\d{1,3}(\.\d{1,3}){3}$/.test(host)
}

/** Finds these words and every address in a text. */
function addresses(words: ReadonlyArray<string> = []): RegExp {
  const escaped = words.map((word) => word.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
  return new RegExp([...escaped, IPV4, IPV6].join("|"), "gi")
}
