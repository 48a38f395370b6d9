/** All candidates fail round after round: auto-disable sends clients to the last resort. */
import { describe, expect, it } from "vitest"
import { faults } from "../../src/core/invariants.ts"
import type { Config } from "../../src/core/model/Config.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { configWith } from "../support/config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import type { Answer } from "../../src/sim/Network.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const HOSTS = ["198.18.0.1", "198.18.0.2", "198.18.1.1", "198.18.1.2"]
const at = (...hosts: ReadonlyArray<string>) => hosts.map((host) => ({ host, port: 443 }))
const web: UpstreamChanges = { name: "web", host: "web.example", candidates: at(...HOSTS.slice(0, 2)) }
const api: UpstreamChanges = { name: "api", candidates: at(...HOSTS.slice(2)) }

function running(upstreams: ReadonlyArray<UpstreamChanges>, changes: Partial<Config["autoDisable"]> = {}): Simulation {
  const config = configWith(upstreams)
  const toy = new Simulation({ ...config, autoDisable: { ...config.autoDisable, ...changes } })
  return all(toy, 10).names("web.example", HOSTS.slice(0, 1)).start().run(25_000)
}

function all(toy: Simulation, answer: Answer, hosts: ReadonlyArray<string> = HOSTS): Simulation {
  for (const host of hosts) toy.set(host, answer)
  return toy
}

const facts = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)
const states = (toy: Simulation) => toy.state.routes.upstreams.map(({ state }) => state)
const disabledAfterS = (toy: Simulation, fromUs: number) =>
  ((facts(toy, "AutoDisabled")[0]?.atUs ?? Number.POSITIVE_INFINITY) - fromUs) / 1e6

describe("auto-disable", () => {
  it("begins after five rounds in which all candidates failed, ends after the cooldown, and then all upstreams serve again", () => {
    const toy = running([web, api])
    const from = toy.atUs
    all(toy, "refused").run(100_000)
    expect(disabledAfterS(toy, from)).toBeGreaterThan(45)
    expect(disabledAfterS(toy, from)).toBeLessThan(75)
    expect(facts(toy, "AutoDisabled")).toMatchObject([{ rounds: 5, forMs: 300_000 }])
    expect(facts(toy, "EnabledChanged")).toMatchObject([{ enabled: false, override: null }])
    expect(states(toy)).toEqual(["disabled", "disabled"])
    // The last rung: the addresses of the name come before the list.
    expect(toy.state.routes.upstreams[0]?.lastResort.attempts[0]).toMatchObject({ candidate: "system", host: "web.example" })
    expect(faults(toy.state)).toEqual([])
    const probes = toy.probes.length
    toy.run(200_000)
    expect(toy.probes).toHaveLength(probes)
    all(toy, 10).run(75_000)
    expect(facts(toy, "AutoEnabled")).toMatchObject([{ reason: "cooldown" }])
    expect(states(toy)).toEqual(["active", "active"])
    expect(toy.state.autoDisable).toMatchObject({ rounds: 0, untilUs: -1 })
    expect(faults(toy.state)).toEqual([])
  })

  it("begins again as early as the first time when all candidates fail again", () => {
    const toy = running([web, api], { cooldownMs: 10_000 })
    all(toy, "refused").run(100_000)
    expect(facts(toy, "AutoDisabled")).toHaveLength(1)
    all(toy, 10).run(60_000)
    all(toy, "refused").run(100_000)
    expect(facts(toy, "AutoDisabled")).toHaveLength(2)
  })

  it("follows each pause with the next one while all candidates go on refusing", () => {
    const toy = running([web, api], { cooldownMs: 10_000, failures: 2 })
    all(toy, "refused").run(400_000)
    // The candidates answered within staleFor, so two rounds and the next pause follow each pause.
    expect(facts(toy, "AutoDisabled").length).toBeGreaterThan(3)
    expect(facts(toy, "AutoEnabled").length).toBeGreaterThanOrEqual(facts(toy, "AutoDisabled").length - 1)
  })

  it("begins sooner with fewer failures, and later with a longer round", () => {
    const secondsOf = (changes: Partial<Config["autoDisable"]>) => {
      const toy = running([web, api], changes)
      const from = toy.atUs
      all(toy, "refused").run(300_000)
      return disabledAfterS(toy, from)
    }
    expect(secondsOf({ failures: 2 })).toBeLessThan(secondsOf({}) - 20)
    expect(secondsOf({ roundMs: 20_000 })).toBeGreaterThan(secondsOf({}) + 20)
  })

  it("starts its count again when candidates answer between failures, and so never begins", () => {
    const toy = running([web, api])
    for (let i = 0; i < 6; i++) {
      all(toy, "refused").run(35_000)
      all(toy, 10).run(12_000)
    }
    expect(facts(toy, "AutoDisabled")).toEqual([])
  })

  it("needs all candidates of two upstreams to fail, or those of the only upstream in use", () => {
    const [first, second] = [HOSTS.slice(0, 2), HOSTS.slice(2)]
    const both = running([web, api])
    all(both, "refused", first).run(300_000)
    expect(facts(both, "AutoDisabled")).toEqual([])
    const alone = running([web])
    all(alone, "refused", first).run(100_000)
    expect(facts(alone, "AutoDisabled")).toHaveLength(1)
    const other = running([{ ...web, bypass: true }, api])
    all(other, "refused", second).run(100_000)
    expect(facts(other, "AutoDisabled")).toHaveLength(1)
  })

  it("does not count an upstream that has never answered, or not within staleFor", () => {
    const never = new Simulation(configWith([web, api]))
    all(never, "refused").start().run(300_000)
    expect(facts(never, "AutoDisabled")).toEqual([])
    const old = running([web, api].map((one) => ({ ...one, staleForMs: 30_000 })))
    all(old, "refused").run(300_000)
    expect(facts(old, "AutoDisabled")).toEqual([])
  })

  describe("of one address that is never probed again and refuses after 1 ms", () => {
    const once = () => {
      const alone = { ...api, candidates: at(HOSTS[2]!), staleForMs: 30_000, probing: { intervalMs: 3_600_000 } }
      const config = configWith([{ ...alone, pool: { mode: "off" } }])
      const toy = new Simulation({ ...config, autoDisable: { failures: 1, cooldownMs: 10_000, roundMs: 1_000 } })
      return all(toy, 10).start().run(10)
    }
    /** Whether clients that fail at this moment, and again a round later, bring about auto-disable. */
    const failsAt = (toy: Simulation, atMs: number) => {
      all(toy, "refused").run(atMs - 1 - toy.atMs).client().run(1_000).client().run(1)
      return facts(toy, "AutoDisabled").length === 1
    }

    it("counts an answer exactly staleFor ago, and none a millisecond older", () => {
      expect([failsAt(once(), 30_010), failsAt(once(), 30_011)]).toEqual([true, false])
    })

    it("renews the time of the last answer only when it is a second old", () => {
      const again = (afterMs: number) => once().run(afterMs - 10).client().run(10)
      expect([failsAt(again(999), 31_010), failsAt(again(1_000), 31_010)]).toEqual([false, true])
    })
  })

  it("does not count rounds during a local outage", () => {
    const far = ["198.19.0.1", "198.19.0.2"]
    const toy = running([web, { name: "api", candidates: at(...far) }])
    all(toy, 10, far).run(10_000)
    all(all(toy, "timeout"), "timeout", far).run(300_000)
    expect(facts(toy, "OutageBegan")).toHaveLength(1)
    expect(facts(toy, "AutoDisabled")).toEqual([])
    expect(Vector.toArray(toy.state.upstreams).every(({ members }) => members.length > 0)).toBe(true)
  })

  it("ends early when an operator enables everything, and begins again when all candidates fail later", () => {
    const toy = running([web, api])
    all(toy, "refused").run(100_000)
    all(toy, 10).post({ _tag: "EnabledOverridden", worker: 0, enabled: true }).run(2_000)
    expect(facts(toy, "AutoEnabled")).toMatchObject([{ reason: "operator" }])
    expect(states(toy)).toEqual(["active", "active"])
    all(toy, "refused").run(100_000)
    expect(facts(toy, "AutoDisabled")).toHaveLength(2)
    expect(faults(toy.state)).toEqual([])
  })

  it("ends early with a reload", () => {
    const toy = running([web, api])
    all(toy, "refused").run(100_000)
    all(toy, 10).post({ _tag: "ConfigChanged", worker: 0, config: toy.state.config }).run(2_000)
    expect(facts(toy, "AutoEnabled")).toMatchObject([{ reason: "reload" }])
    expect(states(toy)).toEqual(["active", "active"])
    expect(faults(toy.state)).toEqual([])
  })
})
