/** An address dies in one of the usual ways: clients leave it at once, and come back after it has proved itself. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import { addresses, configWith } from "../support/config.ts"
import type { Answer } from "../../src/sim/Network.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import type { Reply } from "../../src/sim/session.ts"

const [a, b, c] = addresses(9).map(({ host }) => host) as [string, string, string]
const accepted = (toy: Simulation) =>
  toy.entries.map(({ event }) => event).filter((event): event is ClientAccepted => event._tag === "ClientAccepted")
const facts = (toy: Simulation, ...tags: ReadonlyArray<string>) =>
  toy.facts.filter(({ _tag }) => tags.length === 0 || tags.includes(_tag))
const first = (toy: Simulation) => Vector.get(toy.state.candidates, 0)!

/** The first candidate is the best; a client comes every 50 ms and stays for 100 ms. */
function busy(changes: Partial<Config> = {}): Simulation {
  const config = { ...configWith([{ candidates: addresses(3) }]), ...changes }
  const toy = new Simulation(config).set(a, 10).set(b, 40).set(c, 50).start()
  toy.run(1_000)
  return visit(toy, 10_000)
}

function visit(toy: Simulation, forMs: number): Simulation {
  for (let i = 0; i < forMs / 50; i++) toy.client(100).run(50)
  return toy
}

/** The share of clients since then that were given to the first address. */
function shareOfFirst(toy: Simulation, since: number): number {
  const recent = accepted(toy).slice(since)
  return recent.filter(({ chosen }) => chosen === first(toy).id).length / recent.length
}

describe("an outage of an address", () => {
  const kinds: ReadonlyArray<readonly [what: string, answer: Answer, reply: Reply]> = [
    ["a black hole", "timeout", "silent"],
    ["refusal", "refused", "reset"],
    ["a stall: it connects and never sends a byte", 10, "silent"],
    ["resets: it connects and cuts every session off", 10, "reset"]
  ]

  it.each(kinds)("by %s moves clients away at once, and they come back after cooldown and ramp", (_what, answer, reply) => {
    const toy = busy()
    expect(shareOfFirst(toy, 0)).toBe(1)
    toy.set(a, answer).replies(a, reply)
    if (reply === "reset") toy.lose(a, "reset")
    const dies = accepted(toy).length
    visit(toy, 500)
    const settled = accepted(toy).length
    visit(toy, 20_000)
    expect(accepted(toy).slice(dies).filter(({ chosen }) => chosen === first(toy).id).length).toBeLessThanOrEqual(10)
    expect(shareOfFirst(toy, settled)).toBeLessThan(0.01)
    expect(toy.unserved).toEqual([])
    // The address is well again: after its cooldown and ramp it serves as before.
    toy.set(a, 10).replies(a, 1)
    visit(toy, 420_000)
    const back = accepted(toy).length
    visit(toy, 20_000)
    expect(shareOfFirst(toy, back)).toBe(1)
    expect(first(toy)).toMatchObject({
      breaker: { state: "closed", slowStartWeight: 1 },
      suspicion: { pending: false, session: false }
    })
  })

  it("that lasts is tried again after waits that double with every second trial, up to the cooldown", () => {
    const toy = busy()
    toy.set(a, "refused").run(900_000)
    const opened = facts(toy, "BreakerOpened").flatMap((fact) => (fact._tag === "BreakerOpened" ? [fact.forMs] : []))
    // The trials before the fifth failure, which opens the breaker, have lengthened the wait already.
    expect(opened[0]).toBeLessThan(5_000)
    expect(opened.length).toBeGreaterThan(20)
    opened.slice(2).forEach((forMs, i) => {
      const wholeMs = Math.min(30_000, 2 * opened[i]!)
      expect(forMs).toBeGreaterThan(0.9 * Math.min(30_000, opened[i]!))
      expect(forMs).toBeLessThanOrEqual(wholeMs / 0.9)
    })
  })

  it("by timeouts has trials up to the longer cooldown apart", () => {
    const toy = new Simulation(configWith([{ candidates: addresses(2), pool: { mode: "off" } }])).set(a, 10).set(b, 20)
    toy.start().run(1_000).set(a, "timeout").run(1_800_000)
    const opened = facts(toy, "BreakerOpened").flatMap((fact) => (fact._tag === "BreakerOpened" ? [fact] : []))
    expect(new Set(opened.map(({ reason }) => reason))).toEqual(new Set(["timeout"]))
    const longestMs = Math.max(...opened.map(({ forMs }) => forMs))
    expect(longestMs).toBeGreaterThan(162_000)
    expect(longestMs).toBeLessThanOrEqual(180_000)
  })

  it("and then of all others leaves one breaker closed, and that candidate is tried first on the ladder", () => {
    // Auto-disable, which would come after five rounds, stays away.
    const toy = busy({ autoDisable: { failures: 1_000, cooldownMs: 1_000, roundMs: 10_000 } })
    // One after the other, because candidates that refuse together have a common cause.
    for (const host of [a, b, c]) {
      toy.set(host, "refused")
      for (let i = 0; i < 40; i++) toy.client().run(1_000)
    }
    const open = Vector.toArray(toy.state.candidates).filter((one) => one!.breaker.state !== "closed")
    expect(open).toHaveLength(2)
    // This panic candidate has failed as often as the others: it is tried, but clients are not given to it as a member.
    expect(toy.active()).toHaveLength(1)
    expect(toy.state.routes.upstreams[0]).toMatchObject({ state: "unranked", members: [] })
    expect(toy.state.routes.upstreams[0]!.lastResort.attempts[0]!.candidate)
      .toBe(Vector.get(toy.state.upstreams, 0)!.members[0])
    toy.set(b, 40).run(400_000)
    const lateUs = toy.atUs
    expect(toy.client(10).run(1_000) && toy.unserved.length).toBeGreaterThan(0)
    expect(accepted(toy).at(-1)?.candidate).toBe(Vector.get(toy.state.candidates, 1)!.id)
    expect(lateUs).toBeLessThan(toy.atUs)
  })

  it("is not suspected from one slow request while other clients are answered", () => {
    const toy = busy().replies(a, 2_000).client(3_000)
    toy.run(1).replies(a, 1)
    visit(toy, 3_000)
    expect(facts(toy, "Suspected")).toEqual([])
  })

  it("by silence is found while a slow request still waits, when it begins after a byte to other clients", () => {
    const toy = busy().replies(a, 60_000).client(60_000)
    toy.run(1).replies(a, 1)
    visit(toy, 3_000)
    expect(facts(toy, "Suspected")).toEqual([])
    toy.replies(a, "silent")
    const dies = accepted(toy).length
    visit(toy, 5_000)
    expect(facts(toy, "Suspected")).toMatchObject([{ reason: "silent" }])
    expect(accepted(toy).slice(dies).filter(({ chosen }) => chosen === first(toy).id).length).toBeLessThanOrEqual(5)
  })

  it("is only suspected from a pending dial, and the answer clears the suspicion", () => {
    const toy = new Simulation(configWith([{ candidates: addresses(2), pool: { mode: "off" } }])).set(a, 10).set(b, 20)
    toy.start().run(1_000).set(a, 900).run(9_200)
    expect(facts(toy, "Suspected")).toMatchObject([{ reason: "pending" }])
    expect(toy.members()).toEqual([2])
    toy.run(900)
    expect(facts(toy, "Cleared")).toHaveLength(1)
    expect(toy.members()).toContain(1)
  })

  it("is not suspected with each dial when the address has only become slower", () => {
    const toy = busy()
    toy.set(a, 150)
    visit(toy, 20_000)
    const ofFirst = facts(toy, "Suspected").filter((fact) => fact._tag === "Suspected" && fact.candidate === first(toy).id)
    expect(ofFirst.length).toBeLessThanOrEqual(2)
  })

  it("that one client alone sees after connect does not open the breaker", () => {
    const toy = busy()
    // A hundred sessions of one client are cut off within half a minute.
    toy.replies(a, "reset")
    for (let i = 0; i < 100; i++) {
      const { id } = first(toy)
      toy.post({
        ...{ _tag: "ClientClosed", worker: 0, session: 9_000 + i, candidate: id, client: 77, bytesUp: 9, bytesDown: 0 },
        ...{ firstByteUs: -1, answerUs: -1, durationUs: 1_000, silence: "none", cause: "upstream-reset" }
      })
      toy.run(300)
    }
    expect(first(toy).breaker).toMatchObject({ state: "closed", consecutiveAfter: 2 })
    // The suspicion lapses after 5 s, and then after 10 s, and is renewed each time.
    expect(facts(toy, "Suspected")).toMatchObject([{ reason: "reset" }, { reason: "reset" }, { reason: "reset" }])
  })

  it("is suspected when half of the warm sockets are reset within a tenth of a second, not when they are closed", () => {
    const config = configWith([{ candidates: addresses(2), pool: { mode: "fixed", size: 6 } }])
    const warm = () => new Simulation(config).set(a, 10).set(b, 20).start().run(1_000)
    expect(facts(warm().lose(a, "closed", 4).run(5), "Suspected")).toEqual([])
    expect(facts(warm().lose(a, "reset", 2).run(5), "Suspected")).toEqual([])
    expect(facts(warm().lose(a, "reset", 4).run(5), "Suspected")).toMatchObject([{ reason: "parked-reset" }])
  })
})
