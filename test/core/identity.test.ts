/** Identity: an address that answers, but cannot show the certificate of the upstream's name, never serves. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Config } from "../../src/core/model/Config.ts"
import { addresses, configWith } from "../support/config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [a, b, c, d] = addresses(4).map(({ host }) => host) as [string, string, string, string]
const identity = { servername: "web.example", ca: "" }
/** Auto-disable stays away, unless a test is about it. */
const asking = (changes: UpstreamChanges = {}, rounds = 1_000): Config => {
  const config = configWith([{ host: "web.example", identity, candidates: addresses(3), ...changes }])
  return { ...config, autoDisable: { ...config.autoDisable, failures: rounds } }
}
const proof = (toy: Simulation, slot: number) => Vector.get(toy.state.candidates, slot)!.identity.state
const plans = (toy: Simulation) => {
  const { members, lastResort } = toy.state.routes.upstreams[0]!
  return [...members.map(({ plan }) => plan), lastResort].map(({ attempts }) => attempts)
}
const served = (toy: Simulation) =>
  toy.entries.flatMap(({ event }) => event._tag === "ClientAccepted" ? [event.candidate] : [])
const facts = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)

describe("a hijacker that answers faster than all others", () => {
  it("serves no client, from the first one on", () => {
    const toy = new Simulation(asking()).set(a, 1).impostor(a).set(b, 30).set(c, 40).names("web.example", [a, b, c])
    const hijacker = 0
    toy.start()
    for (let i = 0; i < 120; i++) toy.client(50).run(1_000)
    expect(proof(toy, hijacker)).toBe("failed")
    expect(toy.active()).toEqual([2, 3])
    const first = Vector.get(toy.state.candidates, 0)!.id
    expect(served(toy).length).toBeGreaterThan(100)
    expect(served(toy)).not.toContain(first)
    expect(toy.unserved).toEqual([])
    expect(toy.warmDials.map(({ candidate }) => candidate)).not.toContain(first)
    expect(plans(toy).flat().map(({ host }) => host)).not.toContain(a)
    expect(plans(toy).flat().find(({ resolve }) => resolve !== undefined)?.resolve?.avoid).toEqual([a])
    expect(faults(toy.state)).toEqual([])
  })

  it("is told once as failed, and its breaker opens for the whole cooldown", () => {
    const toy = new Simulation(asking()).set(a, 1).impostor(a).set(b, 30).set(c, 40).start().run(120_000)
    expect(facts(toy, "IdentityFailed")).toHaveLength(1)
    const [opened] = facts(toy, "BreakerOpened")
    // The whole cooldown, less a random part: an impostor does not go away within seconds.
    expect(opened).toMatchObject({ reason: "certificate" })
    expect(opened).toHaveProperty("forMs", expect.closeTo(28_500, -3.5))
    const trials = toy.probes.filter(({ host, atUs }) => host === a && atUs > facts(toy, "BreakerOpened")[0]!.atUs)
    expect(trials.length).toBeGreaterThan(0)
    expect(trials.every((trial) => trial.identity !== null)).toBe(true)
  })

  it("becomes a member once it shows the certificate", () => {
    const toy = new Simulation(asking({ selector: { activeSetSize: 1 } })).set(a, 1).impostor(a).set(b, 200).set(c, 300)
    toy.start().run(15_000)
    expect(toy.active()).toEqual([2])
    toy.impostor(a, false).run(60_000)
    expect(facts(toy, "IdentityProven")).toHaveLength(1)
    expect(toy.active()).toEqual([1])
  })
})

describe("a proof of identity", () => {
  it("is asked for at the start and once a scoreTtl, and the latency is the connect time alone", () => {
    const toy = new Simulation(asking({ scoreTtlMs: 60_000 })).set(a, 20).set(b, 30).set(c, 40).start().run(200_000)
    const checks = toy.probes.filter(({ host, identity }) => host === a && identity !== null).map(({ atUs }) => atUs / 1e6)
    expect(checks[0]).toBe(0)
    expect(checks).toHaveLength(3)
    checks.slice(1).forEach((at, i) => expect(at - checks[i]!).toBeGreaterThanOrEqual(60))
    checks.slice(1).forEach((at, i) => expect(at - checks[i]!).toBeLessThan(75))
    expect(Vector.get(toy.state.candidates, 0)!.latency.value).toBe(20)
    expect(facts(toy, "Suspected")).toEqual([])
  })

  it("is asked of a busy member too, although clients' samples replace its probes", () => {
    const toy = new Simulation(asking({ scoreTtlMs: 20_000, pool: { mode: "off" } })).set(a, 20).set(b, 300).set(c, 400)
    toy.start()
    for (let i = 0; i < 600; i++) toy.client(20).run(100)
    const checks = toy.probes.filter(({ host, identity }) => host === a && identity !== null)
    expect(checks.length).toBeGreaterThanOrEqual(3)
  })

  it("that fails later removes a member and its warm sockets at once", () => {
    const toy = new Simulation(asking({ scoreTtlMs: 20_000 })).set(a, 20).set(b, 30).set(c, 40).start().run(5_000)
    expect(toy.active()).toEqual([1, 2, 3])
    expect(toy.warm(a)).toBeGreaterThan(0)
    toy.impostor(a).run(30_000)
    expect(toy.active()).toEqual([2, 3])
    expect(toy.warm(a)).toBe(0)
    const out = toy.moves.flatMap(({ moves }) => moves).find(({ into, reason }) => !into && reason === "certificate")
    expect(out).toBeDefined()
    const failed = toy.entries.find(({ event }) => event._tag === "ProbeFailed" && event.reason === "certificate")!
    expect(toy.moves.at(-1)!.atUs).toBe(failed.at)
  })

  it("does not help a candidate that answers faster than is plausible", () => {
    const toy = new Simulation(asking({ scoring: { minPlausibleRttMs: 5 } })).set(a, 1).set(b, 30).set(c, 40).start()
    toy.run(30_000)
    expect(proof(toy, 0)).toBe("verified")
    expect(toy.active()).toEqual([2, 3])
  })

  it("is asked for again after a scoreTtl, and by no earlier probe", () => {
    const asks = (afterMs: number) => {
      const config = asking({ candidates: addresses(1), scoreTtlMs: 20_000, probing: { intervalMs: 600_000 } })
      const toy = new Simulation(config).set(a, 10).start().run(afterMs)
      toy.post({ _tag: "RefreshRequested", worker: 0, upstream: 0 })
      return toy.probes.at(-1)!.identity !== null
    }
    // The proof was given two handshakes after the start.
    expect([asks(20_019), asks(20_020)]).toEqual([false, true])
  })

  it("is not asked for where the upstream has no identity", () => {
    const toy = new Simulation(asking({ identity: null })).set(a, 1).impostor(a).set(b, 30).set(c, 40).start().run(
      30_000
    )
    expect(toy.probes.every(({ identity }) => identity === null)).toBe(true)
    expect(proof(toy, 0)).toBe("unchecked")
    expect(toy.active()[0]).toBe(1)
  })

  it("keeps the breaker of the last candidate that has given it closed", () => {
    const toy = new Simulation(asking({ candidates: addresses(2) })).set(a, 1).impostor(a).set(b, 30).start().run(12_000)
    toy.set(b, "refused").run(120_000)
    expect(Vector.get(toy.state.candidates, 1)!.breaker.state).toBe("closed")
    expect(Vector.get(toy.state.candidates, 0)!.breaker.state).not.toBe("closed")
  })

  it("does not keep the breaker of one of two candidates that have given it closed", () => {
    const toy = new Simulation(asking()).set(a, 1).impostor(a).set(b, 30).set(c, 40).start().run(12_000)
    toy.set(b, "refused").run(120_000)
    expect(Vector.get(toy.state.candidates, 1)!.breaker.state).not.toBe("closed")
  })
})

describe("before any candidate has given a proof of identity", () => {
  it("a client's dial asks for the proof, and an impostor is passed over", () => {
    const toy = new Simulation(asking()).set(a, 1).impostor(a).set(b, 30).set(c, 40).start().client(1_000)
    toy.run(100)
    const { tried, candidate } = toy.entries.map(({ event }) => event).find(({ _tag }) => _tag === "ClientAccepted") as {
      tried: ReadonlyArray<{ candidate: number; outcome: string; verified?: true }>
      candidate: number
    }
    expect(tried.map(({ outcome, verified }) => [outcome, verified])).toEqual([
      ["certificate", undefined],
      ["connected", true]
    ])
    expect(candidate).toBe(Vector.get(toy.state.candidates, 1)!.id)
    expect(toy.unserved).toEqual([])
  })

  it("a proof in a client's dial is enough, and its candidate becomes a member", () => {
    const toy = new Simulation(
      configWith([{ identity, candidates: addresses(1) }], { ratePerSecond: 1, maxParallel: 1 })
    )
    toy.set(a, 5).start()
    // The probe is lost; the client's dial is all there is.
    toy.set(a, "lost")
    toy.set(a, 5).client(1_000).run(50)
    expect(proof(toy, 0)).toBe("verified")
    expect(toy.members()).toEqual([1])
  })

  it("an address that is not a candidate has to give the proof as well", () => {
    const toy = new Simulation(asking({ candidates: addresses(1) })).set(a, "refused").set(d, 5).impostor(d)
    toy.names("web.example", [d]).start().client(1_000).run(20_000)
    expect(toy.unserved).toEqual([1])
    toy.impostor(d, false).run(60_000).client(1_000).run(1_000)
    expect(toy.unserved).toEqual([1])
  })
})

describe("when all addresses are impostors", () => {
  const world = () => {
    const toy = new Simulation(asking({ fallback: [{ host: d, port: 443 }] }))
    for (const host of [a, b, c, d]) toy.set(host, 10).impostor(host)
    return toy.names("web.example", [a, b, c])
  }

  it("clients are reset rather than handed over, and the ladder's reason is the certificate", () => {
    const toy = world()
    for (const host of [a, b, c]) toy.impostor(host, false)
    toy.start().run(30_000)
    expect(toy.active()).toEqual([1, 2, 3])
    for (const host of [a, b, c]) toy.impostor(host)
    toy.run(330_000).client(1_000).run(15_000)
    expect(toy.unserved).toEqual([1])
    expect(plans(toy).flat().map(({ host }) => host)).toEqual([d, "web.example"])
    expect(facts(toy, "LadderStepped").at(-1)).toMatchObject({ reason: "certificate" })
    expect(facts(toy, "IdentityFailed")).toHaveLength(3)
    expect(faults(toy.state)).toEqual([])
  })

  it("an address that proves itself again serves again", () => {
    const toy = world().start().run(60_000).client().run(15_000)
    expect(toy.unserved).toEqual([1])
    toy.impostor(b, false).run(400_000).client(1_000).run(1_000)
    expect(toy.unserved).toEqual([1])
    expect(toy.active()).toEqual([2])
  })

  it("auto-disable still asks for the proof", () => {
    const toy = new Simulation(asking({}, 2))
    for (const host of [a, b, c]) toy.set(host, 10)
    toy.names("web.example", [a, b, c]).start().run(30_000)
    for (const host of [a, b, c]) toy.impostor(host)
    toy.run(400_000)
    expect(facts(toy, "AutoDisabled").length).toBeGreaterThan(0)
    for (let i = 0; i < 400 && toy.state.routes.upstreams[0]!.state !== "disabled"; i++) toy.run(1_000)
    expect(toy.state.routes.upstreams[0]!.state).toBe("disabled")
    expect(plans(toy).flat().every(({ verify }) => verify !== undefined)).toBe(true)
    toy.client(1_000).run(15_000)
    expect(toy.unserved).toEqual([1])
  })

  it("an upstream that an operator turned off asks for no proof", () => {
    const toy = world().start().run(30_000)
    toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: false }).run(1_000).client(1_000).run(1_000)
    expect(toy.unserved).toEqual([])
    expect(plans(toy).flat().every(({ verify }) => verify === undefined)).toBe(true)
  })
})

describe("a reload of the identity", () => {
  const changed = (to: UpstreamChanges) => (toy: Simulation) =>
    toy.post({ _tag: "ConfigChanged", worker: 0, config: asking(to) })

  it("to another name asks all candidates for a proof at once, and none serves before", () => {
    const toy = new Simulation(asking()).set(a, 20).set(b, 30).set(c, 40).start().run(12_000)
    expect(toy.active()).toEqual([1, 2, 3])
    changed({ identity: { servername: "other.example", ca: "" } })(toy)
    expect(toy.active()).toEqual([])
    expect(plans(toy).flat().every(({ verify }) => verify?.servername === "other.example")).toBe(true)
    toy.run(200)
    expect(toy.active()).toEqual([1, 2, 3])
    expect(toy.probes.at(-1)!.identity?.servername).toBe("other.example")
    expect(faults(toy.state)).toEqual([])
  })

  it("to another name does not count a late proof of the old one", () => {
    const toy = new Simulation(asking()).set(a, 200).set(b, 200).set(c, 200).start().run(100)
    changed({ identity: { servername: "other.example", ca: "" } })(toy)
    toy.run(350)
    expect([0, 1, 2].map((slot) => proof(toy, slot))).toEqual(["unknown", "unknown", "unknown"])
    toy.run(20_000)
    expect(toy.active()).toEqual([1, 2, 3])
  })

  it("does not count a proof in a client's dial that may have begun before it", () => {
    const dial = { deadlineMs: 4_000 }
    const believed = (afterMs: number) => {
      const toy = new Simulation(asking({ dial })).set(a, 20).set(b, 30).set(c, 40).start().run(12_000)
      for (const host of [a, b, c]) toy.set(host, "local")
      changed({ dial, identity: { servername: "other.example", ca: "" } })(toy).run(afterMs)
      const { id } = Vector.get(toy.state.candidates, 0)!
      const tried = [{ candidate: id, outcome: "connected", tookUs: 9_000, verified: true }] as const
      const of = {
        worker: 0,
        session: 9,
        upstream: 0,
        routes: 1,
        chosen: "none" as const,
        candidate: id,
        warm: 0,
        client: 1
      }
      toy.post({ _tag: "ClientAccepted", ...of, listener: "web", why: "unranked", tried })
      return proof(toy, 0)
    }
    expect([believed(3_999), believed(4_000)]).toEqual(["unknown", "verified"])
  })

  it("to none lets all candidates serve", () => {
    const toy = new Simulation(asking()).set(a, 1).impostor(a).set(b, 30).set(c, 40).start().run(12_000)
    changed({ identity: null })(toy).run(60_000)
    expect(toy.active()[0]).toBe(1)
    expect(faults(toy.state)).toEqual([])
  })
})
