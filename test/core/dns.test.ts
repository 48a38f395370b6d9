/** Candidates that come from a name: which of them join, drain and are remembered. */
import { describe, expect, it } from "vitest"
import { connectionsOf } from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c] = addresses(9).map(({ host }) => host) as [string, string, string]
const WEB = "web.example"
const named = (changes = {}, more = {}) => ({
  ...configWith([{ host: WEB, dns: { refreshMs: 60_000 }, ...changes }]),
  ...more
})
const at = (toy: Simulation, host: string) =>
  Vector.toArray(toy.state.candidates).filter((one): one is Candidate => one?.host === host)
const listed = (toy: Simulation) =>
  Vector.toArray(toy.state.candidates).filter((one) => (one?.sources.length ?? 0) > 0).map((one) => one!.host)

/** The candidate refuses five clients. */
function refuse(toy: Simulation, host: string): void {
  for (let i = 0; i < 5; i++) {
    const tried = [{ candidate: at(toy, host)[0]!.id, outcome: "refused" as const, tookUs: 1_000 }]
    const choice = {
      listener: "web",
      upstream: 0,
      routes: 1,
      chosen: "none" as const,
      why: "unranked" as const,
      warm: 0,
      client: 1
    }
    toy.post({ _tag: "ClientAccepted", worker: 0, session: 900 + i, ...choice, candidate: "none", tried })
  }
}

describe("a name", () => {
  it("is queried at the start and after each refresh interval, and its addresses serve", () => {
    const toy = new Simulation(named(), { otherwise: 20 }).names(WEB, [a, b]).start().run(200_000)
    expect(toy.queries.map(({ atUs }) => Math.round(atUs / 1e6))).toEqual([0, 60, 120, 180])
    expect(listed(toy)).toEqual([a, b])
    expect(toy.members().toSorted()).toEqual([1, 2])
  })

  it("without an answer is queried again after five seconds, and its candidates stay", () => {
    const toy = new Simulation(named(), { otherwise: 20 }).names(WEB, [a]).start().run(59_000)
    toy.names(WEB, []).run(12_000)
    expect(toy.queries).toHaveLength(4)
    expect(listed(toy)).toEqual([a])
    expect(toy.names(WEB, [b]).run(60_000) && listed(toy)).toEqual([b])
  })

  it("that is answered in parts has each part's addresses at once, and then the whole answer's alone", () => {
    const toy = new Simulation(named(), { otherwise: 20 })
    toy.network.names.resolvesAfterMs = 2_000
    toy.names(WEB, [b, c]).start().run(100)
    const { worker, resolve, upstream } = toy.queries[0]!
    const part = (addresses: ReadonlyArray<string>) =>
      toy.post({ _tag: "Resolved", worker, resolve, upstream, addresses, omitted: 0, silent: 1, more: true })
    part([a])
    expect(listed(toy)).toEqual([a])
    part([a, b])
    expect(listed(toy)).toEqual([a, b])
    toy.run(1_000)
    expect(toy.members()).toHaveLength(2)
    expect(toy.queries).toHaveLength(1)
    toy.run(1_000)
    expect(listed(toy)).toEqual([b, c])
    // The whole answer had no silence in it, so the next question comes with the refresh.
    toy.run(50_000)
    expect(toy.queries).toHaveLength(1)
    part([a])
    expect(listed(toy)).toEqual([b, c])
  })

  it("of an upstream found on first use is raced for with the first part of its answer", () => {
    const toy = new Simulation(named({ preheat: false }), { otherwise: 20 })
    toy.network.names.resolvesAfterMs = 2_000
    toy.names(WEB, [a, b]).start()
    toy.post({ _tag: "DomainRequested", worker: 0, upstream: 0, host: "", port: 0 })
    const { worker, resolve, upstream } = toy.queries[0]!
    const answer = { _tag: "Resolved", worker, resolve, upstream, omitted: 1, silent: 1, more: true } as const
    toy.run(10).post({ ...answer, addresses: [] })
    expect(toy.races).toEqual([])
    toy.post({ ...answer, addresses: [a] })
    expect(toy.races).toHaveLength(1)
    toy.run(500)
    expect(toy.members()).toHaveLength(1)
    toy.run(3_000)
    expect(listed(toy)).toEqual([a, b])
    expect(toy.races).toHaveLength(1)
  })

  it("with a resolver slower than the refresh interval is resolved all the same", () => {
    const toy = new Simulation(named({ dns: { refreshMs: 1_000, timeoutMs: 3_000 } }), { otherwise: 20 })
    toy.network.names.resolvesAfterMs = 2_900
    toy.names(WEB, [a]).start().run(3_000)
    expect(listed(toy)).toEqual([a])
    toy.run(20_000)
    expect(toy.queries.map(({ atUs }) => Math.round(atUs / 1e5) / 10)).toEqual([0, 3.9, 7.8, 11.7, 15.6, 19.5])
  })

  it("with a resolver that never answers is queried again exactly when refresh and timeout are over", () => {
    const toy = new Simulation(named({ dns: { refreshMs: 1_000, timeoutMs: 3_000 } }), { otherwise: 20 })
    toy.network.names.resolvesAfterMs = 1_000_000
    toy.names(WEB, [a]).start().run(9_000)
    expect(toy.queries.map(({ atUs }) => atUs)).toEqual([0, 4_000_000, 8_000_000])
  })

  it("adds to the configured addresses, and removes only its own", () => {
    const config = named({ candidates: [{ host: a, port: 443 }] })
    const toy = new Simulation(config, { otherwise: 20 }).names(WEB, [b, a]).start().run(1_000)
    expect(at(toy, a).map(({ sources }) => sources)).toEqual([["user-static", "dns"]])
    toy.names(WEB, [c]).run(61_000)
    expect(listed(toy)).toEqual([a, c])
    expect(toy.facts.filter(({ _tag }) => _tag === "MembershipChanged")).toHaveLength(2)
  })

  it("that loses an address lets its candidate drain: the session stays, no new client comes", () => {
    const toy = new Simulation(named()).set(a, 10).set(b, 200).names(WEB, [a, b]).start().run(1_000)
    toy.client(300_000).run(20)
    expect(toy.warm(a)).toBeGreaterThan(0)
    toy.names(WEB, [b]).run(60_000)
    expect(toy.active()).toEqual([2])
    expect(connectionsOf(at(toy, a)[0]!)).toBe(1)
    expect(toy.warm(a)).toBe(0)
    const probed = toy.probes.length
    for (let i = 0; i < 10; i++) toy.client(1_000).run(10_000)
    expect(toy.probes.slice(probed).every(({ host }) => host === b)).toBe(true)
    expect(connectionsOf(at(toy, a)[0]!)).toBe(1)
    expect(toy.moves.at(-1)?.moves).toMatchObject([{ reason: "left" }])
  })

  it("that regains an address finds the same candidate with its measurements, and it serves again at once", () => {
    const toy = new Simulation(named()).set(a, 10).set(b, 200).names(WEB, [a, b]).start().run(70_000)
    const known = at(toy, a)[0]!
    toy.names(WEB, [b]).run(60_000).names(WEB, [a, b])
    const probed = toy.probes.length
    toy.run(60_000)
    expect(at(toy, a)).toHaveLength(1)
    expect(at(toy, a)[0]).toMatchObject({ id: known.id, ordinal: 1 })
    expect(at(toy, a)[0]!.streak).toBeGreaterThanOrEqual(known.streak)
    expect(toy.active()).toEqual([1, 2])
    expect(toy.probes.slice(probed).some(({ host }) => host === a)).toBe(true)
  })

  it("that regains an address with an open breaker keeps that breaker, and its trial comes when it is due", () => {
    const toy = new Simulation(named({ breaker: { firstTrialMs: 90_000, cooldownMs: 90_000, maxCooldownMs: 900_000 } }))
      .set(a, 10).set(b, 20).names(WEB, [a, b]).start().run(1_000)
    refuse(toy, b)
    const { trialDueUs } = at(toy, b)[0]!.breaker
    expect(at(toy, b)[0]!.breaker.state).toBe("open")
    const state = () => at(toy, b)[0]!.breaker.state
    // Away at 60 s, back at 120 s: the trial has been due for half a minute and is made at once, not sooner.
    toy.names(WEB, [a]).run(100_000)
    const probed = toy.probes.length
    expect([at(toy, b)[0]!.sources, state(), at(toy, b)[0]!.breaker.trialDueUs]).toEqual([[], "open", trialDueUs])
    expect(toy.atUs).toBeGreaterThan(trialDueUs)
    toy.names(WEB, [a, b]).run(20_100)
    const trials = toy.probes.slice(probed).filter(({ host }) => host === b)
    const closed = toy.facts.find(({ _tag }) => _tag === "BreakerClosed")!
    expect(trials[0]!.atUs).toBe(closed.atUs - 20_000)
    expect([state(), toy.active()]).toEqual(["closed", [1, 2]])
    // Away and back within one cooldown: the breaker stays open until its trial, which was due all the time.
    refuse(toy.run(30_000), b)
    const dueUs = at(toy, b)[0]!.breaker.trialDueUs
    toy.names(WEB, [a]).run(60_000).names(WEB, [a, b]).run(60_000)
    expect([at(toy, b)[0]!.sources, state(), at(toy, b)[0]!.breaker.trialDueUs]).toEqual([["dns"], "open", dueUs])
    toy.run(dueUs / 1_000 - toy.atMs + 100)
    expect(state()).toBe("closed")
  })

  it("that returns only addresses that left with open breakers closes the first of these breakers and probes its candidate", () => {
    const toy = new Simulation(named()).set(a, 10).set(b, 20).set(c, 30).names(WEB, [a, b, c]).start().run(1_000)
    for (const host of [b, c]) refuse(toy.set(host, "refused"), host)
    toy.names(WEB, [a]).run(60_000).names(WEB, [b, c])
    const [first, second] = [b, c].toSorted((one, other) => {
      const [x, y] = [one, other].map((host) => at(toy, host)[0]!.breaker.trialDueUs)
      return x! - y!
    }) as [string, string]
    const probed = toy.probes.length
    toy.run(60_050)
    expect([first, second].map((host) => at(toy, host)[0]!.breaker.state)).toEqual(["closed", "open"])
    expect(toy.probes.slice(probed).some(({ host }) => host === first)).toBe(true)
  })

  it("forgets a candidate that left after staleFor, when its last session has ended", () => {
    const toy = new Simulation(named({ staleForMs: 100_000 })).set(a, 10).set(b, 20).names(WEB, [a]).start().run(1_000)
    toy.client(400_000).run(1_000).names(WEB, [b]).run(200_000)
    expect(at(toy, a)).toHaveLength(1)
    expect(toy.run(300_000) && at(toy, a)).toEqual([])
    toy.names(WEB, [a]).run(61_000)
    expect(at(toy, a)[0]!.id % 2 ** 20).toBe(0)
    expect(at(toy, a)[0]!.ordinal).toBe(3)
  })

  it("with more addresses than maxCandidates keeps the candidates it has, in whatever order they come", () => {
    const toy = new Simulation(named({}, { maxCandidates: 2 }), { otherwise: 20 }).names(WEB, [a, b]).start().run(1_000)
    toy.names(WEB, [c, b, a]).run(120_000)
    expect(listed(toy)).toEqual([a, b])
    toy.names(WEB, [c, a]).run(120_000)
    expect(listed(toy).toSorted()).toEqual([a, c])
  })

  it("that keeps only addresses with open breakers closes the first of them, so that one is left to try", () => {
    const toy = new Simulation(named()).set(a, 10).set(b, 20).set(c, 30).names(WEB, [a, b, c]).start().run(1_000)
    for (const host of [b, c]) refuse(toy.set(host, "refused"), host)
    expect([b, c].map((host) => at(toy, host)[0]!.breaker.state)).toEqual(["open", "open"])
    toy.names(WEB, [b, c]).run(60_000)
    expect([b, c].map((host) => at(toy, host)[0]!.breaker.state).filter((state) => state === "closed")).toHaveLength(1)
  })

  it("that keeps only an address that has never answered closes its breaker, and still counts it as never answered", () => {
    const toy = new Simulation(named({ breaker: { failureThreshold: 2 } })).set(a, 10).set(b, "refused").names(WEB, [
      a,
      b
    ])
    toy.start().run(30_000)
    expect(at(toy, b)[0]).toMatchObject({ latency: { atUs: -1 }, breaker: { state: "open" } })
    toy.names(WEB, [b]).run(40_000)
    expect(toy.facts.filter(({ _tag }) => _tag === "BreakerClosed")).toHaveLength(1)
    expect(at(toy, b)[0]!.latency.atUs).toBe(-1)
  })

  it("is queried as often as before after auto-disable has ended", () => {
    const toy = new Simulation({ ...named(), autoDisable: { failures: 2, cooldownMs: 30_000, roundMs: 10_000 } })
    toy.set(a, 10).names(WEB, [a]).start().run(20_000).set(a, "refused").run(60_000)
    expect(toy.facts.map(({ _tag }) => _tag)).toContain("AutoDisabled")
    toy.set(a, 10).run(60_000)
    expect(toy.facts.map(({ _tag }) => _tag)).toContain("AutoEnabled")
    const asked = toy.queries.length
    toy.run(300_000)
    expect(toy.queries.length - asked).toBe(5)
  })

  it("gains a candidate that served on the last resort, until an answer no longer has its address", () => {
    const toy = new Simulation(named()).set(a, 10).names(WEB, [a]).start().run(20_000)
    toy.set(a, "refused").set(b, 20).client().run(500).client().run(500)
    for (let i = 0; i < 5; i++) toy.client().run(500)
    toy.names(WEB, [b])
    for (let i = 0; i < 3; i++) toy.client().run(500)
    expect(listed(toy)).toContain(b)
    toy.client().run(500)
    expect(toy.active()).toContain(at(toy, b)[0]!.ordinal)
    toy.names(WEB, [a]).set(a, 10).run(130_000)
    expect(listed(toy)).toEqual([a])
  })
})
