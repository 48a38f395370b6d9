/** Laws of renewal: what serves is measured before it expires, where rounds are too rare for that, and only as often as that needs. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import { configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { law, met } from "../check.ts"

const RTT_MS = 10
/** In a common cause the distance of trials is a 64th of its length. */
const FIRST = 64
/** In times to live: longer than any case. */
const NEVER = 10_000
const hosts = Array.from({ length: 6 }, (_, i) => `198.18.0.${i + 1}`)
const world = fc.record({
  scoreTtlMs: fc.constantFrom(30_000, 60_000, 300_000),
  /** The interval of rounds in times to live. */
  times: fc.constantFrom(0.7, 1, 3, 60),
  count: fc.integer({ min: 1, max: 6 }),
  seed: fc.nat(2 ** 31)
})
type World = typeof world extends fc.Arbitrary<infer A> ? A : never

function seldom({ scoreTtlMs, times, count, seed }: World, staleForMs = 86_400_000): Simulation {
  const candidates = hosts.slice(0, count).map((host) => ({ host, port: 443 }))
  const probing = { intervalMs: Math.round(times * scoreTtlMs) }
  const config = configWith([{ candidates, probing, scoreTtlMs, staleForMs, pool: { mode: "off" } }])
  const lasting = { ...config, autoDisable: { ...config.autoDisable, failures: 1e9 } }
  return new Simulation(lasting, { otherwise: RTT_MS, seed }).start()
}

describe("renewal", () => {
  law(
    "leaves no sample of a member older than 0.9 scoreTtl, and probes none more often than each quarter of it",
    fc.property(world, (it) => {
      const toy = seldom(it)
      const { scoreTtlMs } = it
      for (let i = 0; i < 60; i++) {
        toy.run(scoreTtlMs / 10)
        for (const one of Candidates.among(toy.state, Upstreams.find(toy.state, 0)!.members)) {
          expect((toy.atUs - one.lastSampleAtUs) / 1000).toBeLessThanOrEqual(0.9 * scoreTtlMs + 100)
        }
      }
      for (const host of hosts.slice(0, it.count)) {
        const sentMs = toy.probes.filter((one) => one.host === host).map(({ atUs }) => atUs / 1000)
        for (const [i, atMs] of sentMs.slice(1).entries()) {
          met("a sample was renewed")
          expect(atMs - sentMs[i]!).toBeGreaterThanOrEqual(0.25 * scoreTtlMs - 100)
        }
      }
    }),
    { share: 0.3, floors: { "a sample was renewed": 1_100 } }
  )

  law(
    "rests while no candidate answers: after 64 scoreTtl none is probed more often than each, and six times as seldom once given up",
    fc.property(world, fc.constantFrom(1, 3, NEVER), (drawn, staleTtls) => {
      const it = { ...drawn, times: Math.min(3, drawn.times) as World["times"] }
      const { scoreTtlMs, count } = it
      const toy = seldom(it, staleTtls * scoreTtlMs).run(2 * scoreTtlMs)
      for (const host of hosts) toy.set(host, "refused")
      toy.client().client().run(FIRST * scoreTtlMs)
      const sinceMs = toy.atMs
      toy.run(FIRST * scoreTtlMs)
      const isGivenUp = staleTtls < NEVER
      met(isGivenUp ? "it was given up" : "its set stood all the time")
      for (const host of hosts.slice(0, count)) {
        const sent = toy.probes.filter((one) => one.host === host && one.atUs / 1000 >= sinceMs).length
        // The wait is shortened by up to a tenth.
        expect(sent).toBeLessThanOrEqual(isGivenUp ? 1.3 * FIRST / 6 + 2 : FIRST + 4)
        expect(sent).toBeGreaterThanOrEqual(FIRST / 12)
      }
    }),
    { share: 0.2, floors: { "it was given up": 12, "its set stood all the time": 6 } }
  )
})
