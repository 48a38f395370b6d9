import { describe, expect, it } from "vitest"
import { advance } from "../../src/core/advance.ts"
import { hash, toHex, zero } from "../../src/core/math/hash.ts"
import { decodeEntry } from "../../src/core/schema/Event.ts"
import { initial } from "../../src/core/state.ts"
import { body, entryBody, link, unlink } from "../../src/record/codec.ts"
import { fileName, segmentOf } from "../../src/record/Segment.ts"
import { chainStart, gapBody } from "../../src/record/write.ts"
import { addresses, configWith } from "../support/config.ts"

const state = initial(configWith([{ candidates: addresses(2) }]), 1)
const started = { seq: 0, at: 0, event: { _tag: "Started", worker: 0, wallMs: 5 } } as const
const ticked = { seq: 1, at: 7, event: { _tag: "Ticked", worker: 0 } } as const

describe("a line of the record", () => {
  it("is read back as it was written, with the chain for the next line", () => {
    const { text, chain } = link(zero, body({ kind: "footer", seq: 9, state: "ab" }))
    expect(text.endsWith(`,"chain":"${toHex(chain)}"}\n`)).toBe(true)
    const line = { kind: "footer", seq: 9, state: "ab", chain: toHex(chain) }
    expect(unlink(zero, text.slice(0, -1))).toEqual({ line, chain })
  })

  it("holds an entry with the digest of its decisions, and no digest without decisions", () => {
    const first = advance(state, started)
    expect(JSON.parse(`${entryBody(started, first)}}`)).toEqual({ ...started, decided: toHex(first.digest!) })
    const second = advance(first.state, ticked)
    expect(entryBody(ticked, second)).toBe('{"seq":1,"at":7,"event":{"_tag":"Ticked","worker":0}')
  })

  it("may tell of a TLS attempt at a candidate, at a system address and at none, and of no attempt at anything else", () => {
    const read = (candidate: unknown) => {
      const attempt = { stage: "real", candidate, outcome: "unreached", tookUs: 7 }
      const event = { _tag: "TlsTried", worker: 0, upstream: 0, tried: [attempt], tookUs: 9 }
      return decodeEntry({ seq: 2, at: 8, event }).event
    }
    for (const candidate of [3, "system", "none"]) expect(read(candidate)).toMatchObject({ tried: [{ candidate }] })
    for (const candidate of ["reference", "", null, 0.5]) expect(() => read(candidate)).toThrow()
  })

  it("holds the digest of the whole state every 1,024 entries", () => {
    const at = (seq: number) => {
      const entry = { ...ticked, seq }
      return entryBody(entry, advance({ ...state, seq: seq - 1 }, entry))
    }
    expect(at(1023)).toMatch(/,"state":"[0-9a-f]{16}"$/)
    expect(at(1022)).not.toContain('"state"')
    expect(at(1024)).not.toContain('"state"')
    expect(at(2047)).toContain('"state"')
  })

  it("is refused after another chain, with a wrong chain of its own, and when it is not JSON", () => {
    const text = link(zero, body({ kind: "footer", seq: 9, state: "ab" })).text.slice(0, -1)
    expect(unlink(hash("other"), text)).toBeUndefined()
    expect(unlink(zero, text.replace("9", "8"))).toBeUndefined()
    expect(unlink(zero, text.replace(/.{3}$/, text.at(-3) === "0" ? '1"}' : '0"}'))).toBeUndefined()
    expect(unlink(zero, "")).toBeUndefined()
    expect(unlink(zero, link(zero, '{"kind":').text.slice(0, -1))).toBeUndefined()
  })

  it("gives the reason of a gap, and the entry on which the core failed", () => {
    expect(JSON.parse(`${gapBody("disk")}}`)).toMatchObject({ kind: "gap", reason: "disk" })
    const culprit = { entryBody: '{"seq":1', message: "boom" }
    expect(JSON.parse(`${gapBody("core-restarted", culprit)}}`)).toMatchObject({ reason: "core-restarted", culprit })
  })
})

describe("segments", () => {
  it("start their chains from their numbers, so that they cannot be swapped", () => {
    expect(new Set([1, 2, 3].map((segment) => toHex(chainStart(segment)))).size).toBe(3)
  })

  it("have their numbers in their file names, compressed or not, and other files are no segments", () => {
    expect([1, 12_345_678, 123_456_789].map(fileName)).toEqual(["00000001.ndjson", "12345678.ndjson", "123456789.ndjson"])
    expect(["00000001.ndjson", "00000012.ndjson.gz", fileName(123_456_789)].map(segmentOf)).toEqual([1, 12, 123_456_789])
    const others = ["1.ndjson", "00000001.json", "x00000001.ndjson", "00000001.ndjson.gz.part", "lock", "00000001.ndjson~"]
    expect(others.map(segmentOf)).toEqual(others.map(() => undefined))
  })
})
