/** The ladder: which rung serves when no member can be chosen, the steps between rungs, and the way back. */
import { describe, expect, it } from "vitest"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, spare, elsewhere] = addresses(9).map(({ host }) => host) as [string, string, string, string]
const WEB = "web.example"
const FALLBACK = [{ host: spare, port: 443 }]
const toyOf = (changes: UpstreamChanges = {}) =>
  new Simulation(configWith([{
    candidates: addresses(2),
    pool: { mode: "off" },
    breaker: { failureThreshold: 2, cooldownMs: 5_000, maxCooldownMs: 5_000, rampMs: 0 },
    ...changes
  }])).set(a, 10).set(b, 20)

const stateOf = (toy: Simulation) => toy.state.routes.upstreams[0]!.state
const steps = (toy: Simulation) =>
  toy.facts.flatMap((fact) => fact._tag === "LadderStepped" ? [`${fact.from} > ${fact.to}: ${fact.reason}`] : [])
const accepted = (toy: Simulation) =>
  toy.entries.map(({ event }) => event).filter((event): event is ClientAccepted => event._tag === "ClientAccepted")
/** One client now; the addresses that were tried for it. */
const tried = (toy: Simulation) => {
  toy.client(10).run(20_000)
  return accepted(toy).at(-1)!.tried.map(({ candidate, host, outcome }) => {
    const known = toy.state.candidates.chunks.flat().find((one) => one?.id === candidate)
    return `${known?.host ?? host} ${outcome}`
  })
}
/** Both die, and enough clients fail for the breakers to notice. */
const dying = (toy: Simulation) => {
  toy.set(a, "refused").set(b, "refused")
  for (let i = 0; i < 4; i++) toy.client(10).run(50)
  return toy
}

describe("the ladder", () => {
  it("without a host ends at the list in its order, behind the panic candidate, and returns to active by itself", () => {
    const toy = dying(toyOf().start().run(1_000))
    expect(stateOf(toy)).toBe("unranked")
    toy.set(b, 20)
    expect(tried(toy).at(-1)).toBe(`${b} connected`)
    toy.run(20_000)
    expect(stateOf(toy)).toBe("active")
    expect(steps(toy)).toEqual(["unranked > active: selected", "active > unranked: shut", "unranked > active: selected"])
    expect(toy.unserved.length).toBeGreaterThan(0)
  })

  it("with a host ends at the addresses that the system's resolver has for it", () => {
    const toy = toyOf({ host: WEB }).names(WEB, [a]).set(elsewhere, 5).start().run(1_000)
    dying(toy).names(WEB, [a, elsewhere])
    expect(stateOf(toy)).toBe("system")
    const unserved = toy.unserved.length
    const served = tried(toy)
    expect(served.at(-1)).toBe(`${elsewhere} connected`)
    expect(accepted(toy).at(-1)).toMatchObject({ candidate: "system", chosen: "none" })
    expect(toy.unserved.length).toBe(unserved)
    expect(steps(toy)).toContain("active > system: shut")
  })

  it("puts the fallback list before the system's addresses, and never probes it", () => {
    const toy = dying(toyOf({ host: WEB, fallback: FALLBACK }).names(WEB, [a]).set(spare, 30).start().run(1_000))
    expect(stateOf(toy)).toBe("fallback")
    expect(tried(toy).at(-1)).toBe(`${spare} connected`)
    expect(toy.run(60_000).probes.some(({ host }) => host === spare)).toBe(false)
    expect(toy.active()).not.toContain(3)
  })

  it("puts one attempt at the panic candidate before the rung where no candidate has ever answered", () => {
    const toy = toyOf({ fallback: FALLBACK }).set(spare, 30).set(a, "refused").set(b, "refused").start().run(60_000)
    const [first, second] = toy.state.routes.upstreams[0]!.lastResort.attempts
    expect([a, b]).toContain(first!.host)
    expect(second!.host).toBe(spare)
  })

  it("puts the rung first where all candidates failed together after they had answered", () => {
    const toy = dying(toyOf({ fallback: FALLBACK }).set(spare, 30).start().run(1_000))
    expect(toy.state.routes.upstreams[0]!.lastResort.attempts[0]!.host).toBe(spare)
  })

  it("leaves the panic candidate out while its sessions are reset, and returns to active after these are answered", () => {
    const toy = toyOf({ host: WEB, fallback: FALLBACK }).names(WEB, [a]).set(spare, 30).start().run(1_000)
    const before = toy.unserved.length
    toy.client(10).run(100).replies(a, "reset").replies(b, "reset")
    for (let i = 0; i < 6; i++) toy.client(10).run(50)
    expect(stateOf(toy)).toBe("fallback")
    expect(tried(toy)).toEqual([`${spare} connected`])
    expect(toy.unserved.length).toBe(before)
    toy.replies(a, 1).replies(b, 1)
    for (let i = 0; i < 60; i++) toy.client(10).run(1_000)
    expect(stateOf(toy)).toBe("active")
  })

  it("leaves the panic candidate out while reset sessions make it suspect, and puts it first once that has lapsed", () => {
    const breaker = { firstTrialMs: 5_000, cooldownMs: 60_000, maxCooldownMs: 60_000, rampMs: 0 }
    const of = (failureThreshold: number): UpstreamChanges => ({
      fallback: FALLBACK,
      breaker: { ...breaker, failureThreshold }
    })
    const toy = toyOf(of(3)).set(spare, 30).start().run(1_000).client(10).run(100)
    const kept = toy.state.candidates.chunks.flat().find((one) => one?.host === b)!.id
    // Two sessions fail while the other candidate still answers; then that one refuses until its breaker opens.
    for (const session of [101, 102]) {
      toy.post({
        ...{ _tag: "ClientClosed", worker: 0, session, candidate: kept, client: session, bytesUp: 9, bytesDown: 0 },
        ...{ firstByteUs: -1, answerUs: -1, durationUs: 1_000, silence: "none", cause: "upstream-reset" }
      }).client(10).run(100)
    }
    toy.set(a, "refused")
    for (let i = 0; i < 3; i++) toy.post({ _tag: "RefreshRequested", worker: 0, upstream: 0 }).run(50)
    expect(stateOf(toy)).toBe("active")
    // Two failed sessions are enough now.
    toy.post({ _tag: "ConfigChanged", worker: 0, config: toyOf(of(2)).state.config })
    const first = () => toy.state.routes.upstreams[0]!.lastResort.attempts[0]!.host
    expect([stateOf(toy), first()]).toEqual(["fallback", spare])
    toy.run(30_000)
    expect([stateOf(toy), first()]).toEqual(["fallback", b])
  })

  it("puts the panic candidate first in spite of reset sessions where only the list is left", () => {
    const toy = toyOf().start().run(1_000).client(10).run(100).replies(a, "reset").replies(b, "reset")
    for (let i = 0; i < 6; i++) toy.client(10).run(50)
    expect(stateOf(toy)).toBe("unranked")
    const kept = toy.state.candidates.chunks.flat().find((one) => one?.breaker.state === "closed")
    expect(toy.state.routes.upstreams[0]!.lastResort.attempts[0]!.candidate).toBe(kept!.id)
  })

  it("begins at the rung below until the first candidate answers", () => {
    const toy = toyOf().start()
    expect(stateOf(toy)).toBe("unranked")
    toy.run(1_000)
    expect(steps(toy)).toEqual(["unranked > active: selected"])
  })

  it("serves the old set as stale for staleFor when nothing was measured, and then goes on to the next rung", () => {
    const toy = toyOf({ scoreTtlMs: 30_000, staleForMs: 60_000, host: WEB }).names(WEB, [a]).start().run(5_000)
    // This machine cannot probe any more, which says nothing about the candidates.
    toy.set(a, "local").set(b, "local").run(40_000)
    expect(stateOf(toy)).toBe("stale")
    expect(toy.state.routes.upstreams[0]!.lastResort.attempts.slice(0, 2).map(({ host }) => host).toSorted()).toEqual([a, b])
    toy.run(60_000)
    expect(stateOf(toy)).toBe("system")
    toy.set(a, 10).set(b, 20).run(30_000)
    expect(steps(toy).slice(1)).toEqual(["active > stale: expired", "stale > system: expired", "system > active: selected"])
  })

  it("goes on to the list when the resolver has no address either", () => {
    const toy = toyOf({ host: WEB, candidates: [{ host: b, port: 443 }] }).start()
    expect(stateOf(toy)).toBe("system")
    toy.client(10).run(1)
    expect(toy.run(2_000).unserved).toEqual([])
  })
})
