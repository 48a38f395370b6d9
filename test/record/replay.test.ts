import { describe, expect, it } from "vitest"
import type { Advance } from "../../src/core/advance.ts"
import { advance } from "../../src/core/advance.ts"
import { stateDigest } from "../../src/core/digest.ts"
import { toHex } from "../../src/core/math/hash.ts"
import type { State } from "../../src/core/model/State.ts"
import { initial } from "../../src/core/state.ts"
import { entryBody, link } from "../../src/record/codec.ts"
import { Replay } from "../../src/record/replay.ts"
import { exitCode } from "../../src/record/Verdict.ts"
import { chainStart } from "../../src/record/write.ts"
import { addresses, configWith } from "../support/config.ts"
import { linesOf, record, replayed, SegmentWriter, textOf } from "../support/segments.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const config = configWith([{ candidates: addresses(5) }])
const first = initial(config, 1)

/** A minute of probes and clients while the second address gets slower. */
const toy = new Simulation(config)
addresses(5).forEach(({ host }, i) => toy.set(host, 10 + 10 * i))
toy.start().run(1_000)
for (let i = 0; i < 20; i++) toy.client(500).run(1_000)
toy.set(addresses(2)[1]!.host, 400).run(30_000)
const { entries } = toy
const digestOf = (state: State) => toHex(stateDigest(state))
const whole = record(first, entries)

describe("replay", () => {
  it("verifies a whole record and reports its entries, choices, segments and moves", () => {
    const verdict = replayed(whole.texts)
    expect(verdict).toMatchObject({ outcome: "verified", problem: null, entries: entries.length, gaps: [] })
    expect(verdict.state).toBe(digestOf(toy.state))
    expect(verdict.choices).toEqual({ checked: 20, unjudged: 0 })
    expect(verdict.segments).toEqual([
      { segment: 1, run: "run", firstSeq: 0, entries: entries.length, end: "closed", tornChars: 0 }
    ])
    expect(verdict.moves[0]).toMatchObject({
      upstream: "web",
      members: ["web#1"],
      moves: [{ candidate: "web#1", reason: "filled" }]
    })
    expect(verdict.moves).toHaveLength(toy.moves.length)
    expect(exitCode(verdict)).toBe(0)
  })

  it("gives the same verdict, byte for byte, every time", () => {
    expect(JSON.stringify(replayed(whole.texts))).toBe(JSON.stringify(replayed(whole.texts)))
  })

  it("judges a record with a changed line as altered, and names segment and entry", () => {
    const lines = linesOf(whole.texts[0]!)
    const at = lines.findIndex((line) => line.startsWith('{"seq":17,'))
    const verdict = replayed([textOf(lines.with(at, lines[at]!.replace('"at":', '"at":1')))])
    expect(verdict).toMatchObject({ outcome: "altered", problem: { segment: 1, seq: 17 } })
    expect(verdict.problem?.what).toMatch(/entry 17 .*was changed/)
    expect(exitCode(verdict)).toBe(3)
  })

  it("judges a record as altered when an entry is invalid, out of order, or no entry at all", () => {
    const forged = (body: string) => replayed(new SegmentWriter().open(first).append(body).texts)
    const odd = '{"seq":0,"at":0,"event":{"_tag":"Exploded","worker":0}'
    expect(forged(odd)).toMatchObject({ outcome: "altered", problem: { seq: 0 } })
    expect(forged('{"seq":0,"at":0.5,"event":{"_tag":"Ticked","worker":0}')).toMatchObject({ outcome: "altered" })
    const early = '{"seq":3,"at":0,"event":{"_tag":"Ticked","worker":0}'
    expect(forged(early)).toMatchObject({ outcome: "altered", problem: { what: "entry 3 follows entry -1" } })
    expect(forged('{"kind":"upstreams","items":[]')).toMatchObject({ outcome: "altered" })
    const headless = new SegmentWriter()
    headless.texts.push("")
    expect(replayed(headless.append('{"kind":"gap"').texts).outcome).toBe("altered")
  })

  it("judges a record as diverged when this code decides otherwise, and names the entry", () => {
    const moody: Advance = (state, entry) => {
      const advanced = advance(state, entry)
      return entry.seq === 9 ? { ...advanced, digest: { high: 1, low: 1 } } : advanced
    }
    const verdict = replayed(whole.texts, { advance: moody })
    expect(verdict).toMatchObject({ outcome: "diverged", problem: { segment: 1, seq: 9 } })
    expect(exitCode(verdict)).toBe(3)
  })

  it("judges a record as diverged when only the state differs, at a state digest or at the end", () => {
    const drifting: Advance = (state, entry) => {
      const advanced = advance(state, entry)
      const wall = { ...advanced.state.wall, ms: advanced.state.wall.ms + 1 }
      return { ...advanced, state: { ...advanced.state, wall } }
    }
    expect(replayed(whole.texts, { advance: drifting })).toMatchObject({
      outcome: "diverged",
      problem: { seq: entries.length - 1, what: "the last state is another one" }
    })
    const long = new Simulation(config, { otherwise: 5 }).start().run(200_000)
    while (long.entries.length < 1_100) long.client(1).run(500)
    const { texts } = record(first, long.entries, [], "open")
    expect(replayed(texts).outcome).toBe("verified")
    expect(replayed(texts, { advance: drifting })).toMatchObject({ outcome: "diverged", problem: { seq: 1023 } })
  })

  it("judges a record as diverged when a client's choice was not admissible in its routes", () => {
    const at = entries.findIndex(({ event }) => event._tag === "ClientAccepted")
    const entry = entries[at]!
    if (entry.event._tag !== "ClientAccepted") throw new Error("no client")
    const forged = { ...entry, event: { ...entry.event, chosen: "none" as const } }
    const verdict = replayed(record(first, [...entries.slice(0, at), forged], [], "open").texts)
    expect(verdict).toMatchObject({ outcome: "diverged", problem: { seq: entry.seq } })
    expect(verdict.problem?.what).toMatch(/choice of session 1 was not admissible/)
    const unknown = { ...entry, event: { ...entry.event, routes: 4_000 } }
    expect(replayed(record(first, [...entries.slice(0, at), unknown], [], "open").texts).choices).toEqual({
      checked: 0,
      unjudged: 1
    })
  })

  it("reports a record of another model, format or schema as incompatible", () => {
    const header = linesOf(whole.texts[0]!)[0]!.replace(/,"chain":"[0-9a-f]{16}"}$/, "")
    for (const change of [['"model":', '"model":1'], ['"format":', '"format":1'], ['"schema":"', '"schema":"0']] as const) {
      const verdict = replayed([link(chainStart(1), header.replace(change[0], change[1])).text])
      expect(verdict).toMatchObject({ outcome: "incompatible", entries: 0, problem: { segment: 1 } })
      expect(exitCode(verdict)).toBe(4)
    }
  })

  it("cuts off an unfinished last line, and reports its length", () => {
    const text = record(first, entries, [], "open").texts[0]!
    const verdict = replayed([`${text}{"seq":999,"at"`])
    expect(verdict).toMatchObject({ outcome: "verified", entries: entries.length })
    expect(verdict.segments).toMatchObject([{ end: "crash", tornChars: 15 }])
    expect(verdict.state).toBe(digestOf(toy.state))
  })

  it("judges a file cut in its first lines as a crash, and one that cannot be read to its end as altered", () => {
    const [opening = ""] = linesOf(record(toy.state, []).texts[0]!)
    expect(replayed([textOf([opening])])).toMatchObject({
      outcome: "verified",
      segments: [{ end: "crash", entries: 0, run: "" }]
    })
    expect(replayed([""])).toMatchObject({ outcome: "verified", state: "" })
    const replay = new Replay()
    replay.segment(1)
    for (const line of linesOf(whole.texts[0]!)) replay.line(line)
    replay.segmentEnd(0, false)
    expect(replay.verdict()).toMatchObject({ outcome: "altered", problem: { segment: 1 } })
  })

  it("stops after the entry `until`, with the state of that moment", () => {
    const until = 20
    const seen: Array<number> = []
    const verdict = replayed(whole.texts, { until, onEntry: (entry) => seen.push(entry.seq) })
    expect(seen).toEqual(entries.slice(0, until + 1).map(({ seq }) => seq))
    expect(verdict).toMatchObject({ outcome: "verified", entries: until + 1 })
    expect(verdict.state).toBe(digestOf(toy.advanced[until]!.state))
    expect(replayed(whole.texts, { until: 1e6 }).entries).toBe(entries.length)
  })

  it("ignores damage after the entry `until`", () => {
    const lines = linesOf(whole.texts[0]!)
    const damaged = textOf(lines.with(-5, "garbage"))
    expect(replayed([damaged], { until: 20 }).outcome).toBe("verified")
    expect(replayed([damaged]).outcome).toBe("altered")
  })
})

describe("replay over segments", () => {
  const cut = record(first, entries, [10, 30])

  it("continues from one segment to the next", () => {
    const verdict = replayed(cut.texts)
    expect(verdict).toMatchObject({ outcome: "verified", entries: entries.length, gaps: [] })
    expect(verdict.segments.map(({ end, firstSeq }) => [end, firstSeq]))
      .toEqual([["continued", 0], ["continued", 10], ["closed", 30]])
    expect(verdict.state).toBe(digestOf(toy.state))
  })

  it("can begin with any segment, as each has the whole state", () => {
    const replay = new Replay()
    replay.segment(3)
    for (const line of linesOf(cut.texts[2]!)) replay.line(line)
    replay.segmentEnd(0, true)
    expect(replay.verdict()).toMatchObject({ outcome: "verified", entries: entries.length - 30, state: digestOf(toy.state) })
  })

  it("reports a missing segment, swapped segments, and a segment without its end as altered", () => {
    const replay = new Replay()
    for (const segment of [1, 3]) {
      replay.segment(segment)
      for (const line of linesOf(cut.texts[segment - 1]!)) replay.line(line)
      replay.segmentEnd(0, true)
    }
    expect(replay.verdict()).toMatchObject({ outcome: "altered", problem: { segment: 3, seq: 9 } })
    expect(replayed([cut.texts[0]!, cut.texts[2]!, cut.texts[1]!])).toMatchObject({
      outcome: "altered",
      problem: { segment: 2 }
    })
    const shorter = textOf(linesOf(cut.texts[0]!).slice(0, -1))
    expect(replayed([shorter, ...cut.texts.slice(1)])).toMatchObject({ outcome: "altered", problem: { segment: 2 } })
  })

  it("judges a record as diverged when the next segment starts from another state", () => {
    const writer = new SegmentWriter().open(first)
    let state = first
    for (const entry of entries.slice(0, 10)) {
      const advanced = advance(state, entry)
      state = advanced.state
      writer.append(entryBody(entry, advanced))
    }
    const other = { ...state, wall: { ...state.wall, ms: 1 } }
    writer.open(other, { segment: 1, seq: 9, chain: writer.chain })
    expect(replayed(writer.texts)).toMatchObject({ outcome: "diverged", problem: { segment: 2 } })
  })

  it("lists a gap, which is no divergence, and continues with the state after it", () => {
    const writer = new SegmentWriter().open(first)
    let state = first
    entries.forEach((entry, i) => {
      const advanced = advance(state, entry)
      state = advanced.state
      if (i < 10 || i >= 20) writer.append(entryBody(entry, advanced))
      if (i === 9) writer.gap("disk")
      if (i === 19) writer.open(state, null, "disk")
    })
    const verdict = replayed(writer.footer(state).texts)
    expect(verdict).toMatchObject({ outcome: "verified", entries: entries.length - 10, state: digestOf(toy.state) })
    expect(verdict.gaps).toEqual([{ run: "run", afterSeq: 9, beforeSeq: 20, reason: "disk" }])
    expect(verdict.segments.map(({ end }) => end)).toEqual(["gap", "closed"])
  })

  it("lists a gap at the end", () => {
    const verdict = replayed(new SegmentWriter().open(first).gap("disk").texts)
    expect(verdict).toMatchObject({ outcome: "verified", segments: [{ end: "gap" }] })
  })

  it("accepts a segment of another run with any state", () => {
    const other = new SegmentWriter("other run")
    other.texts.push("")
    other.open(first)
    expect(replayed([whole.texts[0]!, other.texts[1]!])).toMatchObject({
      outcome: "verified",
      segments: [{ run: "run", end: "closed" }, { run: "other run", entries: 0 }]
    })
  })
})
