import { describe, expect, it } from "vitest"
import { advance } from "../../src/core/advance.ts"
import type { Entry, Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { initial } from "../../src/core/state.ts"
import { entryBody } from "../../src/record/codec.ts"
import { agrees } from "../../src/record/redact.ts"
import { Pseudonyms, Survey } from "../../src/record/redactNames.ts"
import { gapBody } from "../../src/record/write.ts"
import { networks } from "../support/access.ts"
import { addresses, configWith } from "../support/config.ts"
import { linesOf, record, redacted, replayed, SegmentWriter } from "../support/segments.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const namesFor = (hosts: ReadonlyArray<string>, labels: ReadonlyArray<string> = []) =>
  new Pseudonyms({ hosts: new Set(hosts), labels: new Set(labels) })

describe("a stand-in", () => {
  it("is from a reserved range, in order of appearance, and the same for the same original", () => {
    const names = namesFor([])
    expect(["10.1.2.3", "git.example.com", "10.1.2.4", "fe80::1%eth0", "10.1.2.3", "::ffff:10.1.2.3", ""].map(names.host))
      .toEqual([
        "198.18.0.1",
        "h1.invalid",
        "198.18.0.2",
        "2001:db8:1:1:1:1:1:1",
        "198.18.0.1",
        "3fff:1:1:1:1:1:1:1",
        ""
      ])
    expect(names.replaced).toEqual({ addresses: 4, names: 1 })
  })

  it("is different for each of 210,000 originals", () => {
    const names = namesFor([])
    const many = 140_000
    const v4 = Array.from({ length: many }, (_, i) => names.host(`10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}`))
    const v6 = Array.from({ length: 70_000 }, (_, i) => names.host(`fd00::${i.toString(16)}`))
    expect(new Set([...v4, ...v6]).size).toBe(many + 70_000)
    expect(v4.every((one) => /^(198\.1[89]|240\.\d+)\.\d+\.\d+$/.test(one))).toBe(true)
    expect(v6[65_535]).toBe("2001:db8:1:1:1:1:2:1")
  })

  it("neither is nor contains an address or a name of the record", () => {
    const names = namesFor(["198.18.0.1", "98.18.0.30", "2001:db8:1:1:1:1:1:1", "h1.invalid", "::1", "web"], ["name1"])
    const v4 = Array.from({ length: 30 }, (_, i) => names.host(`10.0.0.${i}`))
    // .1, .10 to .19 would contain the first, .30 the second.
    expect(v4[0]).toBe("198.18.0.2")
    expect(v4).not.toContain("198.18.0.10")
    expect(v4).not.toContain("198.18.0.30")
    expect(v4).toContain("198.18.0.20")
    expect(names.host("fd00::1")).toBe("2001:db8:1:1:1:1:1:2")
    expect(names.host("web")).toBe("h2.invalid")
    expect(names.label("our web")).toBe("name2")
  })

  it("replaces a label only when that contains a host or an address", () => {
    const names = namesFor(["gitserver", "10.0.0.1"], ["web"])
    expect(["web", "mail-2", "", "v1"].map(names.label)).toEqual(["web", "mail-2", "", "v1"])
    const telling = ["GitServer", "our-gitserver-2", "via 10.9.9.9", "[fd00::9]", "api.example.com"]
    expect(telling.map(names.label)).toEqual(["name1", "name2", "name3", "name4", "name5"])
    expect(names.label("GitServer")).toBe("name1")
    expect(names.replaced.names).toBe(5)
  })

  it("replaces each host, address and label with a host in free text too", () => {
    const names = namesFor(["git.example.com", "10.0.0.1", "fd00::7"], ["to.git.example.com", "web"])
    const text = "web: to.git.example.com: GIT.example.com:443 (10.0.0.1, fd00::7, 10.0.0.2) is broken at 12"
    const [git, one, six, two] = ["git.example.com", "10.0.0.1", "fd00::7", "10.0.0.2"].map((host) => {
      names.text(text)
      return names.host(host)
    })
    expect(names.text(text)).toBe(`web: name1: ${git}:443 (${one}, ${six}, ${two}) is broken at 12`)
  })
})

const NAME = "gitserver.example"
const config = configWith([
  { candidates: addresses(3), fallback: [{ host: "192.0.2.9", port: 1 }], host: NAME },
  { name: "files.example.org", candidates: [{ host: "2001:db8:7::1", port: 1 }] }
])
const first = initial(config, 1)

/** A few clients and a reload, and all kinds of events that carry an address or a name. */
function entriesOf(): ReadonlyArray<Entry> {
  const toy = new Simulation(config)
  toy.start().run(1_000)
  for (let i = 0; i < 5; i++) toy.client(500).run(500)
  const { seq, at } = toy.entries.at(-1)!
  const [upstream] = config.upstreams
  const changed = { ...config, upstreams: [{ ...upstream!, host: "other.example", candidates: [] }] }
  const tried = [{ candidate: "system", host: NAME, outcome: "unresolved", tookUs: 3 } as const]
  const of = {
    ...{ worker: 0, session: 99, upstream: 0, routes: 1e6, warm: 0, client: 0 },
    ...{ chosen: "none", candidate: "none" } as const
  }
  const events: ReadonlyArray<Event> = [
    { _tag: "ClientAccepted", ...of, listener: "for files.example.org", why: "unranked", tried },
    {
      _tag: "Resolved",
      worker: 0,
      resolve: 1,
      upstream: 0,
      addresses: ["192.0.2.1", "2001:db8:7::2"],
      omitted: 0,
      silent: 0
    },
    { _tag: "ConfigChanged", worker: 0, config: changed },
    { _tag: "ResolveFailed", worker: 0, resolve: 2, upstream: 0, reason: "no other.example" }
  ]
  return [...toy.entries, ...events.map((event, i) => ({ seq: seq + 1 + i, at, event }))]
}

const entries = entriesOf()
const tells = /gitserver|other\.example|files|192\.0\.2|db8:7|198\.18\.0\.[123]\b/

describe("a redacted copy", () => {
  const { texts } = record(first, entries, [4, entries.length - 2])

  it("has no address and no name of the record, and gets the same verdict", () => {
    expect(texts.join("")).toMatch(tells)
    const copy = redacted(texts)
    expect(tells.exec(copy.texts.join(""))?.[0]).toBeUndefined()
    const verdict = replayed(copy.texts)
    expect(verdict).toMatchObject({ outcome: "verified", entries: entries.length })
    expect(verdict.segments).toEqual(copy.original.segments)
    expect(verdict.moves[0]?.members).toEqual(copy.original.moves[0]?.members)
    expect(agrees(copy.original, verdict, copy.names)).toBe(true)
    expect(agrees({ ...copy.original, decisions: 0 }, verdict, copy.names)).toBe(false)
    expect(copy.names.replaced.addresses).toBe(7)
    expect(copy.names.replaced.names).toBe(4)
  })

  it("refuses the same candidates by its access lists as the record, and has no network of the record", () => {
    const [a, b, c] = addresses(3)
    const lists = { allow: networks(["198.18.0.0/15"]), deny: networks([b!.host, "203.0.113.0/24", "2001:db8:9::/48"]) }
    const listed = {
      ...configWith([{
        host: "files.example.org",
        dns: { servers: ["203.0.113.53:53"] } as never,
        candidates: [a!, b!, { host: "192.0.2.9", port: 443 }],
        fallback: [c!]
      }]),
      builtin: [{ host: "files.example.org", addresses: ["203.0.113.7", "198.18.0.77"] }],
      access: lists
    }
    const toy = new Simulation(listed, { otherwise: 20 }).names("files.example.org", [c!.host, b!.host]).start().run(
      2_000
    )
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...listed, enabled: false } })
    toy.client(100).run(1_000)
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...listed, access: { allow: [], deny: [] } } }).run(1_000)
    const { texts } = record(initial(listed, 1), toy.entries, [4])
    const copy = redacted(texts)
    const refusals = ({ texts }: { readonly texts: ReadonlyArray<string> }) => {
      const found: Array<readonly [string, number]> = []
      replayed(texts, {
        onEntry: (_entry, _state, decisions) => {
          for (const one of decisions) if (one._tag === "AddressesRefused") found.push([one.source, one.count])
        }
      })
      return found
    }
    expect(refusals({ texts })).toEqual([["user-static", 2], ["builtin", 1], ["dns", 1], ["last-resort", 1]])
    expect(refusals(copy)).toEqual(refusals({ texts }))
    expect(agrees(copy.original, replayed(copy.texts), copy.names)).toBe(true)
    const telling = /203\.0\.113|db8:9|198\.18\.0\.(2|77)\b|198\.18\.0\.0|192\.0\.2\.9/
    expect(telling.test(texts.join(""))).toBe(true)
    const own = new Set(["198.18.0.2"].map(copy.names.host))
    expect(own.has("198.18.0.2")).toBe(false)
    expect(/203\.0\.113|db8:9|198\.18\.0\.0\/15|192\.0\.2\.9/.exec(copy.texts.join(""))?.[0]).toBeUndefined()
  })

  it("can be redacted again", () => {
    const copy = redacted(redacted(texts).texts)
    expect(agrees(copy.original, replayed(copy.texts), copy.names)).toBe(true)
  })

  it("of later segments alone has a chain of zeros for the segment before them", () => {
    const [, second = ""] = texts
    const surveyed = redacted(["", second].map((text) => text))
    expect(surveyed.texts[0]).toBe("")
    expect(linesOf(surveyed.texts[1]!)[0]).toContain('"previous":{"segment":1,"seq":3,"chain":"0000000000000000"}')
    expect(replayed(surveyed.texts)).toMatchObject({ outcome: "verified" })
  })

  it("ends where a crash or `until` ends the record", () => {
    const [one = "", two = ""] = texts
    const crashed = redacted([one, `${two}{"seq":`])
    const verdict = replayed(crashed.texts)
    expect(verdict.segments.at(-1)).toMatchObject({ end: "crash", tornChars: 0 })
    expect(agrees(crashed.original, verdict, crashed.names)).toBe(true)
    const cut = redacted(texts, 6)
    expect(cut.texts).toHaveLength(2)
    expect(replayed(cut.texts)).toMatchObject({ outcome: "verified", entries: 7 })
    expect(agrees(cut.original, replayed(cut.texts), cut.names)).toBe(true)
    const opening = redacted([`${linesOf(record(fold(entries.slice(0, 5)), []).texts[0]!)[0]}\n`])
    expect(opening.texts).toEqual([""])
    expect(agrees(opening.original, replayed(opening.texts), opening.names)).toBe(true)
  })

  it("has the record's gaps, with the entry on which the core failed redacted, or omitted if unreadable", () => {
    const culprit = (entry: string) => {
      const writer = new SegmentWriter().open(first)
      const { state } = advance(first, entries[0]!)
      writer.append(entryBody(entries[0]!, advance(first, entries[0]!)))
      writer.append(gapBody("core-restarted", { entryBody: entry, message: `broken invariant: ${NAME} and 192.0.2.1` }))
      return redacted(writer.open({ ...initial(config, 2), seq: state.seq }, null, "core-restarted").texts)
    }
    const resolved = entries.find(({ event }) => event._tag === "Resolved")
    const copy = culprit(JSON.stringify(resolved).slice(0, -1))
    expect(tells.exec(copy.texts.join(""))?.[0]).toBeUndefined()
    const gap = JSON.parse(linesOf(copy.texts[0]!).at(-1)!)
    expect(gap.culprit.message).toMatch(/^broken invariant: h1\.invalid and 198\.1[89]\.0\.\d+$/)
    expect(JSON.parse(`${gap.culprit.entryBody}}`)).toMatchObject({ event: { _tag: "Resolved" } })
    expect(agrees(copy.original, replayed(copy.texts), copy.names)).toBe(true)
    const odd = culprit('{"seq":3,"at":1,"event":{"_tag":"Said","what":"192.0.2.77"}')
    expect(odd.texts.join("")).not.toContain("192.0.2.77")
    expect(JSON.parse(linesOf(odd.texts[0]!).at(-1)!).culprit).toMatchObject({
      entryBody: "",
      message: expect.stringMatching(/its entry cannot be read and was left out/)
    })
  })
})

function fold(some: ReadonlyArray<Entry>): State {
  return some.reduce((state, entry) => advance(state, entry).state, first)
}

describe("a survey", () => {
  it("collects hosts, labels, and addresses in free text", () => {
    const survey = new Survey()
    survey.host("a.example")
    survey.host("")
    survey.label("web")
    survey.text("no way to 10.0.0.1 and fd00::1")
    expect([...survey.hosts]).toEqual(["a.example", "10.0.0.1", "fd00::1"])
    expect([...survey.labels]).toEqual(["web"])
  })
})
