/** A local outage leaves no trace in what is known of any candidate. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { advance } from "../../src/core/advance.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { DialFailure } from "../../src/core/model/Event.ts"
import { needsNetwork } from "../../src/core/network.ts"
import type { State } from "../../src/core/model/State.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { darkScript, play } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const candidates = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const known = (state: State) =>
  candidates(state).map(({ id, success, penalty, streak, latency, jitter, costMs, forecastMs, breaker, suspicion }) => {
    const { pending, session } = suspicion
    // Trials are put off to the end of the outage.
    const shut = { ...breaker, trialDueUs: -1 }
    return { id, success, penalty, streak, latency, jitter, costMs, forecastMs, shut, pending, session }
  })
const sets = (state: State) => Vector.toArray(state.upstreams).map(({ members }) => members)

const SILENCE = fc.constantFrom<DialFailure>("timeout", "unreachable")
const world = fc.record({
  latencies: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 6, maxLength: 6 }),
  dead: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  how: fc.array(SILENCE, { minLength: 6, maxLength: 6 }),
  clients: fc.array(fc.nat(1), { maxLength: 20 }),
  threshold: fc.integer({ min: 1, max: 5 }),
  beforeMs: fc.integer({ min: 5_000, max: 60_000 }),
  outageMs: fc.integer({ min: 15_000, max: 90_000 })
})

const HOSTS = ["198.18.0.1", "198.18.0.2", "198.18.0.3", "198.19.0.1", "198.19.0.2", "198.19.0.3"]
const at = (hosts: ReadonlyArray<string>) => hosts.map((host) => ({ host, port: 443 }))

describe("a local outage", () => {
  law(
    "that is found leaves scores, breakers, suspicions and sets as they were, whatever failed in it and in whatever order",
    fc.property(world, ({ latencies, dead, how, clients, threshold, beforeMs, outageMs }) => {
      const common = { breaker: { failureThreshold: threshold }, probing: { intervalMs: 5_000 } }
      const config = configWith([
        { ...common, name: "a", candidates: at(HOSTS.slice(0, 3)) },
        { ...common, name: "b", candidates: at(HOSTS.slice(3)) }
      ])
      const toy = new Simulation(config)
      // The first address of each upstream works: an upstream without a working one is no evidence.
      HOSTS.forEach((host, i) => toy.set(host, i % 3 > 0 && dead[i] ? "refused" : latencies[i]!))
      toy.start().run(beforeMs)
      // At rest: an open sample window would add a sample meanwhile, and a refusal under way is an answer.
      while (
        candidates(toy.state).some(({ sampleWindow, probe, warm }) => sampleWindow.length + probe + warm.dialling.length > 0)
      ) {
        toy.run(100)
      }
      const before = toy.state
      HOSTS.forEach((host, i) => toy.set(host, how[i]!).replies(host, "silent"))
      for (const upstream of clients) toy.client(100, upstream).run(150)
      toy.run(outageMs)
      if (toy.state.outage.sinceUs < 0) expect(outageMs).toBeLessThan(20_000)
      else {
        met("an outage was found")
        // A candidate that failed before may have failed once more before the first of the others did.
        const worked = (_: unknown, i: number) => candidates(before)[i]!.streak > 0
        expect(known(toy.state).filter(worked)).toEqual(known(before).filter(worked))
        expect(sets(toy.state)).toEqual(sets(before))
      }
      expect(faults(toy.state)).toEqual([])
    }),
    { share: 0.3, floors: { "an outage was found": 40 } }
  )

  law(
    "changes no score, breaker, penalty or suspicion of a candidate beyond this machine",
    fc.property(darkScript(150), (it) => {
      play(it, (entry, before, { state }) => {
        if (before.outage.sinceUs < 0 || state.outage.sinceUs < 0 || entry.event._tag === "Started") return
        met("an entry came in an outage")
        for (const one of candidates(state)) {
          const was = Vector.get(before.candidates, candidates(before).findIndex(({ id }) => id === one.id))
          if (was?.id !== one.id || !needsNetwork(one.host) || was.sources !== one.sources) continue
          // An operator who turns an upstream off settles its breakers, outage or not (enabled.ts).
          if (Upstreams.isOn(before, was.upstream) && !Upstreams.isOn(state, was.upstream)) continue
          met("a candidate beyond this machine was compared")
          expect(one.penalty).toEqual(was.penalty)
          expect(one.success).toEqual(was.success)
          expect(one.breaker.consecutive).toBe(was.breaker.consecutive)
          expect(one.suspicion.pending || !was.suspicion.pending).toBe(true)
          expect(was.breaker.state === "closed").toBe(one.breaker.state === "closed")
        }
      })
    }),
    { share: 0.5, floors: { "an entry came in an outage": 300, "a candidate beyond this machine was compared": 2_000 } }
  )

  law(
    "begins only with a failed dial, and one fact tells each beginning and each end",
    fc.property(darkScript(150), (it) => {
      play(it, (entry, before, { state, decisions }) => {
        const began = decisions.some(({ _tag }) => _tag === "OutageBegan")
        const ended = decisions.some(({ _tag }) => _tag === "OutageEnded")
        expect(began).toBe(before.outage.sinceUs < 0 && state.outage.sinceUs >= 0)
        expect(ended).toBe(before.outage.sinceUs >= 0 && state.outage.sinceUs < 0)
        if (began) met("an outage began")
        if (ended) met("an outage ended")
        if (began) expect(["ProbeFailed", "WarmFailed", "ClientAccepted"]).toContain(entry.event._tag)
        expect(advance(before, entry).state.outage).toEqual(state.outage)
      })
    }),
    { floors: { "an outage began": 20, "an outage ended": 15 } }
  )
})
