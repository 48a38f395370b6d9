/** TLS stages: which stage is off and for how long, what speaks against a candidate, and what becomes of it at a reload. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { TlsAttempt, TlsStage } from "../../src/core/model/Event.ts"
import { faults } from "../../src/core/invariants.ts"
import { after, resultsOf, stagesOf, START } from "../../src/core/tlsChain.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const CHAIN = { chain: ["cover", "real", "system"] as const, coverName: "cover.example" }
const config = (changes: UpstreamChanges = {}) =>
  configWith([{
    name: "web",
    host: "web.example",
    candidates: addresses(2),
    pool: { mode: "off" },
    tls: CHAIN,
    breaker: { failureThreshold: 3, cooldownMs: 10_000, timeoutCooldownMs: 20_000, maxCooldownMs: 35_000 },
    ...changes
  }])
const running = (changes: UpstreamChanges = {}) =>
  new Simulation(config(changes)).set(addresses(2)[0]!.host, 10).set(addresses(2)[1]!.host, 12).start().run(2_000)

const attempt = (stage: TlsStage, outcome: TlsAttempt["outcome"], candidate: TlsAttempt["candidate"] = "none") => ({
  stage,
  candidate,
  outcome,
  tookUs: 2_000
})
const tried = (toy: Simulation, ...attempts: ReadonlyArray<TlsAttempt>) =>
  toy.post({ _tag: "TlsTried", worker: 0, upstream: 0, tried: attempts, tookUs: 5_000 })
const usable = (toy: Simulation) =>
  stagesOf(toy.state, 0, toy.atUs).map(({ stage, isTrial }) => isTrial ? `${stage}?` : stage)
const disabled = (toy: Simulation) => toy.facts.filter((one) => one._tag === "TlsStageDisabled")
const members = (toy: Simulation) => Vector.get(toy.state.upstreams, 0)!.members
const memberOf = (toy: Simulation, i: number) => members(toy)[i]!

describe("a stage that fails for programs", () => {
  it("is off after `failureThreshold` failures in a row, and one client tries it when the cooldown is over", () => {
    const toy = running()
    for (let i = 0; i < 2; i++) tried(toy, attempt("cover", "handshake"), attempt("real", "served"))
    expect(usable(toy)).toEqual(["cover", "real", "system"])
    tried(toy, attempt("cover", "handshake"), attempt("real", "served"))
    expect(usable(toy)).toEqual(["real", "system"])
    const [one] = disabled(toy)
    expect(one).toMatchObject({ stage: "cover", reason: "handshake" })
    expect(one?.forMs).toBeGreaterThan(9_000)
    expect(one?.forMs).toBeLessThanOrEqual(10_000)
    expect(usable(toy.run(8_900))).toEqual(["real", "system"])
    expect(usable(toy.run(1_100))).toEqual(["cover?", "real", "system"])
    tried(toy, attempt("cover", "served"))
    expect(usable(toy)).toEqual(["cover", "real", "system"])
    expect(toy.facts.filter(({ _tag }) => _tag === "TlsStageEnabled")).toHaveLength(1)
    expect(faults(toy.state)).toEqual([])
  })

  it("is off for twice as long after a failed trial, and for longer after silence, up to `maxCooldown`", () => {
    const toy = running()
    for (let i = 0; i < 3; i++) tried(toy, attempt("cover", "certificate"), attempt("real", "served"))
    for (let i = 0; i < 2; i++) tried(toy.run(40_000), attempt("cover", "timeout"), attempt("real", "served"))
    expect(disabled(toy).map(({ reason }) => reason)).toEqual(["certificate", "timeout", "timeout"])
    const [first = 0, second = 0, third = 0] = disabled(toy).map(({ forMs }) => forMs)
    expect(first).toBeLessThanOrEqual(10_000)
    expect(second).toBeGreaterThan(0.9 * 35_000)
    expect(third).toBeLessThanOrEqual(35_000)
  })

  it("stays on while another outcome comes in between, and where no address was connected", () => {
    const toy = running()
    for (let i = 0; i < 6; i++) {
      tried(toy, attempt("cover", i % 2 === 0 ? "handshake" : "served"))
      tried(toy, attempt("real", "unreached"), attempt("system", "unreached"))
      tried(toy, attempt("real", "pin"))
      tried(toy, attempt("real", "cancelled"))
    }
    expect(disabled(toy)).toEqual([])
  })

  it("stays on when it is the last stage of its chain that is on, and with `breaker.enabled: false`", () => {
    const toy = running()
    for (let i = 0; i < 5; i++) {
      tried(toy, attempt("cover", "handshake"), attempt("real", "handshake"), attempt("system", "handshake"))
    }
    expect(usable(toy)).toEqual(["system"])
    const never = running({ breaker: { enabled: false } })
    for (let i = 0; i < 40; i++) tried(never, attempt("cover", "handshake"))
    expect(usable(never)).toEqual(["cover", "real", "system"])
  })

  it("is judged by what began before it was off no more", () => {
    const toy = running()
    for (let i = 0; i < 8; i++) tried(toy, attempt("cover", "handshake"))
    expect(disabled(toy)).toHaveLength(1)
    expect(Vector.get(toy.state.upstreams, 0)?.tlsStages[0]).toMatchObject({ openings: 1 })
  })

  it("is forgotten by a reload that takes it out of the chain, and one stage is on after any reload", () => {
    const toy = running()
    for (let i = 0; i < 3; i++) tried(toy, attempt("cover", "handshake"), attempt("real", "served"))
    const reload = (chain: ReadonlyArray<TlsStage>) =>
      toy.post({ _tag: "ConfigChanged", worker: 0, config: config({ tls: { ...CHAIN, chain } }) })
    reload(["real", "cover"])
    expect(usable(toy)).toEqual(["real"])
    reload(["cover"])
    expect(usable(toy)).toEqual(["cover"])
  })
})

describe("a candidate that shows a wrong certificate to a program", () => {
  const identity = { servername: "web.example", ca: "" }
  const stateOf = (toy: Simulation) => Vector.get(toy.state.candidates, 0)!.identity.state

  it("under the real name is refuted and leaves the set, though no proof was due", () => {
    const toy = running({ identity })
    expect(stateOf(toy)).toBe("verified")
    const wrong = memberOf(toy, 0)
    tried(toy, attempt("real", "certificate", wrong), attempt("real", "served", memberOf(toy, 1)))
    expect(toy.facts.filter(({ _tag }) => _tag === "IdentityFailed")).toHaveLength(1)
    expect(members(toy.run(1_100))).not.toContain(wrong)
  })

  it("under a cover name, to authorities of the program's own, or with another key is not to blame", () => {
    const toy = running({ identity })
    const one = memberOf(toy, 0)
    tried(toy, attempt("cover", "certificate", one))
    tried(toy, { ...attempt("real", "certificate", one), foreign: true })
    tried(toy, attempt("real", "pin", one))
    tried(toy, attempt("real", "timeout", one))
    expect(stateOf(toy)).toBe("verified")
    expect(members(toy.run(1_100))).toContain(one)
  })
})

describe("the chain of one program", () => {
  it("goes on to the next address, then to the next stage, and ends with a pin mismatch", () => {
    expect(after(START, "certificate", 2)).toEqual({ at: 0, tries: 1 })
    expect(after({ at: 0, tries: 1 }, "timeout", 2)).toEqual({ at: 1, tries: 0 })
    expect(after({ at: 0, tries: 1 }, "unreached", 2)).toEqual({ at: 1, tries: 0 })
    expect(after(START, "pin", 2)).toBe("stopped")
    expect(after(START, "served", 2)).toBe("served")
  })

  it("is told stage by stage, each by its most telling attempt", () => {
    const [cover, real] = resultsOf([
      attempt("cover", "certificate", 1),
      attempt("cover", "unreached"),
      attempt("real", "handshake", 1),
      attempt("real", "served", 2)
    ])
    expect(cover).toMatchObject({ isServed: false, failure: "certificate", telling: { candidate: 1 } })
    expect(real).toMatchObject({ isServed: true, telling: { candidate: 2 } })
  })
})
