/** Which candidate is probed when, and what an answer is worth. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { isReady } from "../../src/core/ready.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b] = addresses(9).map(({ host }) => host) as [string, string]
const candidate = (toy: Simulation, slot: number) => Vector.get(toy.state.candidates, slot)!
const answer = (toy: Simulation, index: number, tookUs: number) => {
  const { worker, probe, candidate } = toy.probes[index]!
  return toy.post({ _tag: "ProbeSucceeded", worker, probe, candidate, tookUs, identity: "unchecked" })
}

/** No warm sockets, because their dials are samples too. */
const cold = (changes: UpstreamChanges, probing: Partial<Config["probing"]> = {}) =>
  configWith([{ pool: { mode: "off" }, ...changes }], probing)

describe("probing", () => {
  it("reaches every candidate once at the start, at most maxParallel at once", () => {
    const toy = new Simulation(cold({ candidates: addresses(40) }, { maxParallel: 5 }), { otherwise: 30 })
      .start()
    expect(toy.probes).toHaveLength(5)
    toy.run(9_000)
    expect(toy.probes.map(({ candidate }) => candidate)).toEqual([...new Set(toy.probes.map(({ candidate }) => candidate))])
    expect(toy.probes).toHaveLength(40)
  })

  it("goes by no assumed cost: whatever `neutral` is, the same candidates are asked at the same time", () => {
    const asked = (neutralMs: number) => {
      const { scoring } = configWith([{}]).upstreams[0]!
      const config = cold({ candidates: addresses(12), scoring: { ...scoring, neutralMs }, scoreTtlMs: 5_000 }, {
        maxParallel: 2
      })
      const toy = new Simulation(config, { otherwise: 150 }).set(a, 40).set(b, "lost").start().run(60_000)
      return toy.probes.map(({ probe, candidate }) => [probe, candidate])
    }
    expect(asked(0).length).toBeGreaterThan(30)
    expect(asked(60_000)).toEqual(asked(0))
  })

  describe("of ten thousand candidates", () => {
    const config = configWith(
      [{ candidates: addresses(10_000), probing: { intervalMs: 3_600_000 }, scoreTtlMs: 60_000 }],
      { maxParallel: 64, ratePerSecond: 2_000 }
    )
    const probedOnce = () => new Simulation(config, { otherwise: 20 }).start().run(6_000)

    it("reaches each once, within the rate", () => {
      const toy = probedOnce()
      const inSecond = (from: number) =>
        toy.probes.filter(({ atUs }) => atUs >= from * 1e6 && atUs < (from + 1) * 1e6).length
      for (const second of [0, 1, 2, 3]) expect(inSecond(second)).toBeLessThanOrEqual(2_000 + 64)
      expect(new Set(toy.probes.map(({ candidate }) => candidate)).size).toBe(10_000)
      expect(toy.probes).toHaveLength(10_000)
      expect(toy.members()).toHaveLength(3)
    })

    it("finds them all expired after a sleep, in some forty ticks", () => {
      const toy = probedOnce()
      const before = toy.entries.length
      toy.atUs += 120_000_000
      toy.run(0)
      expect(toy.members()).toEqual([])
      expect(Vector.toArray(toy.state.candidates).filter((one) => one!.costMs >= 0)).toEqual([])
      expect(toy.entries.length - before).toBeLessThan(50)
      expect(nextDeadline(toy.state)).toBeGreaterThan(toy.atUs)
    })
  })

  it("reaches members and challengers each interval, and the others only once", () => {
    const config = cold({ candidates: addresses(6), probing: { challengers: 1, candidatesPerRound: 0 } })
    const toy = new Simulation(config)
    addresses(6).forEach(({ host }, i) => toy.set(host, 10 + 10 * i))
    toy.start().run(60_500)
    const times = addresses(6).map(({ host }) => toy.probes.filter((one) => one.host === host).length)
    expect(times).toEqual([7, 7, 7, 7, 1, 1])
  })

  it("reaches all other candidates in turns, the longest unheard first", () => {
    const config = cold({
      candidates: addresses(6),
      selector: { activeSetSize: 1 },
      probing: { challengers: 0, candidatesPerRound: 2 }
    })
    const toy = new Simulation(config)
    addresses(6).forEach(({ host }, i) => toy.set(host, 10 + 10 * i))
    toy.start().run(41_000)
    const rounds = [1, 2, 3, 4].map((round) =>
      toy.probes.filter(({ atUs }) => atUs >= round * 1e7 && atUs < round * 1e7 + 1e6).map(({ host }) =>
        Number(host.split(".")[3])
      )
    )
    expect(rounds.map((hosts) => hosts.filter((host) => host !== 1).toSorted())).toEqual([[2, 3], [4, 5], [2, 6], [3, 4]])
  })

  it("leaves out a member that a client has just measured", () => {
    const toy = new Simulation(cold({ candidates: addresses(1) })).set(a, 10).start().run(8_000).client().run(
      4_000
    )
    expect(toy.probes).toHaveLength(1)
    toy.run(8_000)
    expect(toy.probes).toHaveLength(2)
  })

  it("ignores an answer that comes late, twice, or for a probe that was never sent", () => {
    const toy = new Simulation(cold({ candidates: addresses(2) })).set(a, 50).set(b, 60).start().run(1_000)
    const before = [candidate(toy, 0), candidate(toy, 1)]
    answer(toy, 0, 1)
    toy.post({ _tag: "ProbeSucceeded", worker: 0, probe: 999, candidate: before[1]!.id, tookUs: 1, identity: "unchecked" })
    toy.post({ _tag: "ProbeFailed", worker: 0, probe: 1, candidate: before[0]!.id, tookUs: 1, reason: "refused" })
    toy.post({ _tag: "ProbeSucceeded", worker: 0, probe: 1, candidate: 12_345, tookUs: 1, identity: "unchecked" })
    expect([candidate(toy, 0), candidate(toy, 1)]).toEqual(before)
    expect(toy.advanced.slice(-4).flatMap(({ decisions }) => decisions)).toEqual([])
  })

  it("takes a probe that this machine could not send for no evidence", () => {
    const toy = new Simulation(cold({ candidates: addresses(1) })).set(a, "local").start().run(1_000)
    expect(candidate(toy, 0)).toMatchObject({ lastSampleAtUs: -1, streak: 0, costMs: -1, probe: 0 })
    expect(isReady(toy.state)).toBe(false)
    toy.set(a, 10).run(20_000)
    expect(toy.members()).toEqual([1])
    toy.set(a, "local").run(30_000)
    expect(toy.members()).toEqual([1])
  })

  it("counts a handshake below minPlausibleRtt as a failure", () => {
    const config = cold({ candidates: addresses(2), scoring: { minPlausibleRttMs: 5 } })
    const toy = new Simulation(config).set(a, 1).set(b, 30).start().run(2_000)
    expect(toy.members()).toEqual([2])
    expect(candidate(toy, 0)).toMatchObject({ streak: 0, costMs: -1 })
  })

  it("frees the probes of a lost worker, and sends them again in the next round", () => {
    const config = cold({ candidates: addresses(3) }, { maxParallel: 2 })
    const toy = new Simulation(config, { otherwise: "lost" }).start().run(5_000)
    expect(toy.probes).toHaveLength(2)
    toy.post({ _tag: "WorkerLost", worker: 0 })
    expect(toy.state.probing.inFlight.map(({ candidate }) => candidate)).toEqual([candidate(toy, 2).id])
    answer(toy, 0, 7)
    expect(toy.members()).toEqual([])
    addresses(3).forEach(({ host }) => toy.set(host, 20))
    toy.run(12_000)
    expect(new Set(toy.probes.slice(3).map(({ candidate }) => candidate)).size).toBe(2)
    expect(toy.members().toSorted()).toEqual([1, 2])
  })

  it("makes the core ready when a candidate serves, or when all have failed", () => {
    const toy = new Simulation(cold({ candidates: addresses(2) })).set(a, 10).set(b, "refused")
    expect(isReady(toy.state)).toBe(false)
    expect(isReady(toy.start().state)).toBe(false)
    expect(isReady(toy.run(20).state)).toBe(true)
    const vain = new Simulation(cold({ candidates: addresses(2) })).set(a, "timeout").start().run(1_500)
    expect(isReady(vain.state)).toBe(false)
    expect(isReady(vain.run(600).state)).toBe(true)
    expect(vain.members()).toEqual([])
  })

  it("updates the routes when a sample changed the latency, although the cost stayed zero", () => {
    const config = cold({
      candidates: addresses(1),
      scoring: { historyRewardMs: 100 },
      probing: { intervalMs: 4_000 }
    })
    const toy = new Simulation(config).set(a, 2).start().run(90_000)
    const dialMs = () => toy.state.routes.upstreams[0]!.members[0]!.dialMs
    expect([candidate(toy, 0).costMs, dialMs()]).toEqual([0, 2])
    toy.set(a, 4).run(20_000)
    expect([candidate(toy, 0).costMs, dialMs()]).toEqual([0, candidate(toy, 0).latency.value])
    expect(dialMs()).toBeGreaterThan(3)
  })
})
