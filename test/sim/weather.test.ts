/** The way to an address as data: distance, jitter, loss, faults by a script. */
import { describe, expect, it } from "vitest"
import { Draws } from "../../src/sim/Draws.ts"
import type { Faulty, Way } from "../../src/sim/weather.ts"
import { handshake, reply } from "../../src/sim/weather.ts"

const way = (more: Partial<Way> = {}): Way => ({ host: "a", rttMs: 20, ...more })
const dark = (fromMs: number, toMs: number, host = "a"): Faulty => ({ host, fault: "dark", fromMs, toMs })
const refused: Faulty = { host: "a", fault: "refused", fromMs: 0, toMs: 1_000 }
const draws = () => new Draws(1)
const many = (one: Way) => {
  const drawn = draws()
  return Array.from({ length: 10_000 }, () => handshake(one, 0, drawn))
}
const shareOf = (all: ReadonlyArray<unknown>, answer: (one: unknown) => boolean) => all.filter(answer).length / all.length

describe("a handshake", () => {
  it("takes the round trip of its way where nothing disturbs it", () => expect(handshake(way(), 0, draws())).toBe(20))

  it("waits for a SYN that is sent again after 1, 3 and 7 s while the address is dark", () => {
    const at = (toMs: number, atMs = 0) => handshake(way({ faults: [dark(0, toMs)] }), atMs, draws())
    expect([at(500), at(2_000), at(5_000), at(7_001), at(500, 600)]).toEqual([1_020, 3_020, 7_020, "timeout", 20])
  })

  it("is refused while its own address refuses, and undisturbed by faults of others", () => {
    const faults = [refused, dark(0, 9_000, "b")]
    expect([0, 1_000].map((atMs) => handshake(way({ faults }), atMs, draws()))).toEqual(["refused", 20])
  })

  it("varies by its jitter, and by no more", () => {
    const took = many(way({ jitterMs: 4 })) as ReadonlyArray<number>
    expect(took.every((ms) => ms >= 20 && ms < 24)).toBe(true)
    expect(Math.max(...took) - Math.min(...took)).toBeGreaterThan(3.9)
  })

  it("loses its share of SYNs, each on its own, and stays silent in its share", () => {
    const lossy = many(way({ loss: 0.3 }))
    expect(shareOf(lossy, (one) => one === 20)).toBeCloseTo(0.7, 1)
    expect(shareOf(lossy, (one) => one === 1_020)).toBeCloseTo(0.21, 1)
    expect(shareOf(lossy, (one) => one === "timeout")).toBeCloseTo(0.3 ** 4, 2)
    expect(shareOf(many(way({ silent: 0.2 })), (one) => one === "timeout")).toBeCloseTo(0.2, 1)
  })

  it("comes out the same with the same seed", () => {
    const one = way({ jitterMs: 9, loss: 0.2, silent: 0.1 })
    expect(many(one)).toEqual(many(one))
  })
})

describe("a reply", () => {
  it("comes after the dark, when the first bytes are sent again", () => {
    const faults = [dark(0, 500)]
    expect([0, 600].map((atMs) => reply(way({ faults }), atMs, draws()))).toEqual([620, 20])
  })

  it("never comes from an address that stays dark, and is a reset from one that refuses", () => {
    expect(reply(way({ faults: [dark(0, 1e9)] }), 0, draws())).toBe("silent")
    expect(reply(way({ faults: [refused] }), 0, draws())).toBe("reset")
  })
})
