import fc from "fast-check"
import { describe, expect } from "vitest"
import { admits, refusalOf } from "../../src/core/access.ts"
import { advance } from "../../src/core/advance.ts"
import * as Candidates from "../../src/core/candidates.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Source } from "../../src/core/model/Candidate.ts"
import type { Address, Config, Network } from "../../src/core/model/Config.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Step } from "../../src/core/model/Step.ts"
import { stepOf } from "../../src/core/requests.ts"
import { merge } from "../../src/core/rules/roster.ts"
import { parseNetwork } from "../../src/core/schema/network.ts"
import { initial } from "../../src/core/state.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { address, config, rules } from "../arbitraries/config.ts"
import { law, met } from "../check.ts"

interface Named {
  readonly source: Source
  readonly addresses: ReadonlyArray<Address>
}

const start = (state: State) =>
  advance(state, { seq: state.seq + 1, at: state.at, event: { _tag: "Started", worker: 0, wallMs: 0 } }).state
const step = (): Step => stepOf({ seq: 0, at: 1_000, event: { _tag: "Ticked", worker: 0 } }, [], [])
const merged = (state: State, all: ReadonlyArray<Named>) =>
  all.reduce((state, { source, addresses }) => merge(state, step(), 0, source, addresses), state)
/** The named addresses, each with the set of its sources. */
const roster = (state: State) => {
  const { listed, fallback } = Upstreams.find(state, 0)!
  const all = [...new Set([...listed, ...fallback])].map((id) => Candidates.find(state, id)!)
  return all.map(({ host, port, sources }) => `${host} ${port} ${sources.toSorted()}`).toSorted()
}

const SOURCES: ReadonlyArray<Source> = ["user-static", "builtin", "history", "dns", "fallback"]
/** What each source names, in some order of the sources. */
const named = fc.tuple(fc.array(fc.array(address, { maxLength: 6 }), { minLength: 5, maxLength: 5 }), fc.nat(), fc.nat())
const inOrder = (lists: ReadonlyArray<ReadonlyArray<Address>>, seed: number): ReadonlyArray<Named> => {
  const left = SOURCES.map((source, i) => ({ source, addresses: lists[i]! }))
  const order: Array<Named> = []
  for (let n = seed; left.length > 0; n = Math.floor(n / 7) + 3) order.push(...left.splice(n % left.length, 1))
  return order
}
const roomy = fc.tuple(config, rules).map(([config, rules]): Config => ({ ...config, ...rules, maxCandidates: 10_000 }))

/** Lists of networks of the addresses that sources name, which are all in one of eight. */
const near = fc.tuple(roomy, fc.nat(9), fc.integer({ min: 29, max: 32 }), fc.boolean()).map(
  ([config, last, bits, denies]): Config => {
    const first = last - last % 2 ** (32 - bits)
    const network = { cidr: `127.0.0.${first}/${bits}`, words: [0x7f00_0000 + first], bits }
    return { ...config, access: denies ? { allow: [], deny: [network] } : { allow: [network], deny: [] } }
  }
)

describe("merging sources", () => {
  law(
    "is commutative: in whatever order sources come, the same addresses are listed with the same sources",
    fc.property(roomy, named, (config, [lists, one, other]) => {
      const state = start(initial(config, 1))
      const found = roster(merged(state, inOrder(lists, one)))
      if (found.some((line) => line.includes(","))) met("an address has several sources")
      if (inOrder(lists, one)[0]!.source !== inOrder(lists, other)[0]!.source) met("the order differs")
      expect(found).toEqual(roster(merged(state, inOrder(lists, other))))
    }),
    { floors: { "an address has several sources": 70, "the order differs": 80 } }
  )

  law(
    "is associative: what some of the sources named before makes no difference",
    fc.property(roomy, named, fc.nat(4), (config, [lists, one, other], early) => {
      const state = start(initial(config, 1))
      const all = inOrder(lists, one)
      const grouped = merged(merged(state, all.slice(early)), inOrder(lists, other))
      if (grouped !== state) met("something was named")
      expect(roster(grouped)).toEqual(roster(merged(state, all)))
      expect(faults(grouped).filter((fault) => !fault.includes("routes are old"))).toEqual([])
    }),
    { floors: { "something was named": 100 } }
  )

  law(
    "is idempotent: naming the same addresses once more changes nothing and tells nothing",
    fc.property(roomy, named, (config, [lists, one]) => {
      const all = inOrder(lists, one)
      const once = merged(start(initial(config, 1)), all)
      for (const { source, addresses } of all) {
        const again = step()
        if (addresses.length > 0) met("a source named something once more")
        expect(merge(once, again, 0, source, addresses)).toBe(once)
        expect(again.requests.decisions).toEqual([])
      }
    }),
    { floors: { "a source named something once more": 400 } }
  )

  law(
    "lists exactly the addresses that access admits",
    fc.property(near, named, (config, [lists, one]) => {
      const state = merged(start(initial(config, 1)), inOrder(lists, one))
      const wanted = new Set(
        lists.flat().filter(({ host }) => admits(config.access, host)).map(({ host, port }) => `${host} ${port}`)
      )
      for (const { host } of lists.flat()) {
        met(admits(config.access, host) ? "an address is admitted" : "an address is refused")
      }
      expect(new Set(roster(state).map((line) => line.split(" ").slice(0, 2).join(" ")))).toEqual(wanted)
    }),
    { floors: { "an address is admitted": 690, "an address is refused": 610 } }
  )
})

/** Addresses and networks of few bits each, of both families, so that they meet. */
const ipv4 = fc.tuple(fc.constantFrom(10, 198), fc.nat(3), fc.constantFrom(0, 128, 255), fc.nat(255)).map((all) =>
  all.join(".")
)
const ipv6 = fc.tuple(fc.constantFrom("2001:db8", "fd00", "::ffff:0"), fc.nat(0xffff))
  .map(([head, tail]) => head === "::ffff:0" ? `${head}:${tail.toString(16)}` : `${head}::${tail.toString(16)}`)
const literal = fc.oneof(ipv4, ipv6)
const bytes = (host: string): bigint => {
  if (!host.includes(":")) return host.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n)
  const [head = "", tail = ""] = host.split("::")
  const of = (text: string) => text === "" ? [] : text.split(":").map((group) => BigInt(`0x${group}`))
  const [first, last] = [of(head), of(tail)]
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0n)
  return [...first, ...zeros, ...last].reduce((sum, group) => sum * 65_536n + group, 0n)
}
const isMapped = (host: string) => host.includes(":") && bytes(host) >> 32n === 0xffffn
/** Family and value; an IPv4 address mapped into IPv6 counts as IPv4. */
const value = (host: string): [number, bigint] =>
  isMapped(host) ? [32, bytes(host) & 0xffff_ffffn] : [host.includes(":") ? 128 : 32, bytes(host)]
const network = fc.tuple(literal, fc.nat(128)).map(([host, wish]): Network => {
  const [family, number] = value(host)
  const bits = wish % (family + 1)
  const shift = BigInt(family - bits)
  const first = (number >> shift) << shift
  const words = Array.from(
    { length: family / 32 },
    (_, i) => Number((first >> BigInt(family - 32 * (i + 1))) & 0xffff_ffffn)
  )
  return { cidr: `${host}/${bits}`, words, bits }
})
const has = (list: ReadonlyArray<Network>, host: string) =>
  list.some(({ words, bits }) => {
    const [family, number] = value(host)
    const first = words.reduce((sum, word) => sum * 0x1_0000_0000n + BigInt(word), 0n)
    return words.length * 32 === family && number >> BigInt(family - bits) === first >> BigInt(family - bits)
  })
const lists = fc.record({ allow: fc.array(network, { maxLength: 4 }), deny: fc.array(network, { maxLength: 4 }) })

describe("access", () => {
  law(
    "lets deny win over all, and an allow list admits its members alone, as a model of whole numbers says",
    fc.property(lists, literal, (access, host) => {
      const denied = has(access.deny, host)
      const allowed = access.allow.length === 0 || has(access.allow, host)
      met(
        denied
          ? "it is denied"
          : !allowed
          ? "it is not allowed"
          : access.allow.length > 0
          ? "it is allowed"
          : "no list names it"
      )
      expect(admits(access, host)).toBe(!denied && allowed)
      expect(refusalOf(access, host)?.list).toBe(denied ? "deny" : allowed ? undefined : "allow")
    }),
    { floors: { "it is denied": 10, "it is not allowed": 34, "it is allowed": 24, "no list names it": 6 } }
  )

  law(
    "admits no more addresses when something is denied, and no fewer when the allow list grows",
    fc.property(lists, network, literal, ({ allow, deny }, more, host) => {
      const before = admits({ allow, deny }, host)
      if (!before) expect(admits({ allow, deny: [...deny, more] }, host)).toBe(false)
      met(before ? "it was admitted" : "it was refused")
      if (before && allow.length > 0) expect(admits({ allow: [...allow, more], deny }, host)).toBe(true)
    }),
    { floors: { "it was admitted": 45, "it was refused": 34 } }
  )

  law(
    "reads a network as it was written: its first address is in it, and it prints as what was read",
    fc.property(literal, fc.nat(128), (host, wish) => {
      const [family] = value(host)
      const whole = parseNetwork(host)!
      expect(whole.bits).toBe(family)
      expect(admits({ allow: [whole], deny: [] }, host)).toBe(true)
      const read = parseNetwork(`${host}/${wish % (family + 1)}`)
      if (read !== undefined && !isMapped(host)) expect(parseNetwork(read.cidr)).toEqual(read)
    })
  )
})
