/** `pool.maxAge: auto`: how long warm sockets are kept unused, by what was seen of those that ended. */
import { describe, expect, it } from "vitest"
import { Simulation } from "../../src/sim/Simulation.ts"
import { faults } from "../../src/core/invariants.ts"
import { isCommon } from "../../src/core/upstream/trouble.ts"
import { AUTO_MAX_AGE_MS } from "../../src/core/autoMaxAge.ts"
import { nothingSeen } from "../../src/core/upstream/lives.ts"
import { addresses, configWith } from "../support/config.ts"

const SECOND = 1_000
const SIZE = 32
const [a] = addresses(1).map(({ host }) => host) as [string]

const started = (maxAgeMs = AUTO_MAX_AGE_MS, count = 1) => {
  const pool = { mode: "fixed" as const, size: SIZE, maxAgeMs }
  return new Simulation(configWith([{ candidates: addresses(count), pool }]), { otherwise: 5 }).start().run(SECOND)
}
/** The server ends all sockets of the address each time that the oldest is of that age. */
const ending = (toy: Simulation, afterMs: number, times: number) => {
  for (let i = 0; i < times; i++) toy.run(afterMs).lose(a, "closed").run(SECOND)
  return toy
}
/** For how long the sockets that replace those there now are kept, and for how long the few among them that are kept longer. */
const dialledNow = (toy: Simulation) => {
  const from = toy.warmDials.length
  toy.lose(a, "drained").run(SECOND)
  return apart(toy.warmDials.slice(from).map(({ keepForMs }) => keepForMs))
}
/** Those kept longer are kept for at least 1.6 times the lifetime, and the others for 0.7 of it at most. */
const apart = (ages: ReadonlyArray<number>) => {
  const between = Math.min(...ages) * 1.6
  return { longer: ages.filter((ms) => ms > between), others: ages.filter((ms) => ms <= between) }
}
const livesOf = (toy: Simulation) => toy.state.upstreams.chunks[0]![0]!.lives

describe("with maxAge auto, warm sockets", () => {
  it("are kept for 20 s less up to a fifth at first, and one of eight for longer", () => {
    const { longer, others } = apart(started().warmDials.map(({ keepForMs }) => keepForMs))
    expect(longer.length).toBeGreaterThan(1)
    expect(others.length).toBeGreaterThan(3 * longer.length)
    for (const ms of longer) {
      expect(ms).toBeGreaterThan(2 * 20_000)
      expect(ms).toBeLessThanOrEqual(2 * 28_572)
    }
    for (const ms of others) {
      expect(ms).toBeLessThanOrEqual(20_000)
      expect(ms).toBeGreaterThanOrEqual(16_000)
    }
  })

  it("are kept longer the longer one was seen to live, up to 105 s", () => {
    const toy = started().run(10 * 60 * SECOND)
    const { longer, others } = dialledNow(toy)
    for (const ms of longer) {
      expect(ms).toBeLessThanOrEqual(300_000)
      expect(ms).toBeGreaterThanOrEqual(240_000)
    }
    for (const ms of others) {
      expect(ms).toBeLessThanOrEqual(105_000)
      expect(ms).toBeGreaterThanOrEqual(84_000)
    }
    expect(faults(toy.state)).toEqual([])
  })

  it("are kept for 0.7 of the time after which the upstream ends them, and one of eight for longer than that", () => {
    const { longer, others } = dialledNow(ending(started(), 10 * SECOND, 2))
    expect(longer.length).toBeGreaterThan(1)
    for (const ms of longer) {
      expect(ms).toBeGreaterThan(0.8 * 19_000)
      expect(ms).toBeLessThan(24_000)
    }
    for (const ms of others) {
      expect(ms).toBeLessThanOrEqual(0.75 * 10_500)
      expect(ms).toBeGreaterThanOrEqual(0.7 * 0.8 * 10_000)
    }
  })

  it("learn from an early end, as at a restart of the server, only until enough of those kept longer have outlived it", () => {
    const toy = ending(started(), 3 * SECOND, 1)
    expect(Math.max(...dialledNow(toy).others)).toBeLessThan(4_000)
    expect(Math.min(...dialledNow(toy.run(60 * SECOND)).others)).toBeGreaterThan(4_000)
  })

  it("learn nothing from those that were turned away within a second, nor from a fixed age", () => {
    expect(livesOf(ending(started().lose(a, "drained"), 900, 1))).toEqual(nothingSeen)
    const fixed = ending(started(20_000), 10 * SECOND, 2)
    expect(livesOf(fixed)).toEqual(nothingSeen)
    const { longer, others } = dialledNow(fixed)
    expect([...longer, ...others].every((ms) => ms >= 16_000 && ms <= 20_000)).toBe(true)
  })

  it("learn nothing from their end in an outage of all candidates", () => {
    const toy = started(AUTO_MAX_AGE_MS, 2)
    const hosts = addresses(2).map(({ host }) => host)
    for (const host of hosts) toy.set(host, "refused")
    const isFailing = () => isCommon(toy.state.upstreams.chunks[0]![0]!)
    for (let i = 0; i < 300 && !isFailing(); i++) toy.run(100)
    expect([isFailing(), toy.warm(a) > 0]).toEqual([true, true])
    for (const host of hosts) toy.lose(host, "reset")
    expect(livesOf(toy.run(SECOND)).lived.some(({ died }) => died)).toBe(false)
  })
})
