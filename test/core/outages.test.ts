/** An address that dies in any of the usual ways: clients go elsewhere at once, and come back when it has proved itself. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import { addresses, configWith } from "../support/config.ts"
import type { Answer } from "../support/ToyInterpreter.ts"
import { ToyInterpreter } from "../support/ToyInterpreter.ts"
import type { Reply } from "../support/toySession.ts"

const [a, b, c] = addresses(9).map(({ host }) => host) as [string, string, string]
const accepted = (toy: ToyInterpreter) =>
  toy.entries.map(({ event }) => event).filter((event): event is ClientAccepted => event._tag === "ClientAccepted")
const facts = (toy: ToyInterpreter, ...tags: ReadonlyArray<string>) =>
  toy.facts.filter(({ _tag }) => tags.length === 0 || tags.includes(_tag))
const first = (toy: ToyInterpreter) => Vector.get(toy.state.candidates, 0)!

/** The first is best; a client comes every fifty ms and stays for a hundred. */
function busy(changes: Partial<Config> = {}): ToyInterpreter {
  const config = { ...configWith([{ candidates: addresses(3) }]), ...changes }
  const toy = new ToyInterpreter(config).set(a, 10).set(b, 40).set(c, 50).start()
  toy.run(1_000)
  return visit(toy, 10_000)
}

function visit(toy: ToyInterpreter, forMs: number): ToyInterpreter {
  for (let i = 0; i < forMs / 50; i++) toy.client(100).run(50)
  return toy
}

/** How many of the clients of the last while were given to the first address. */
function shareOfFirst(toy: ToyInterpreter, since: number): number {
  const recent = accepted(toy).slice(since)
  return recent.filter(({ chosen }) => chosen === first(toy).id).length / recent.length
}

describe("an outage", () => {
  const kinds: ReadonlyArray<readonly [what: string, answer: Answer, reply: Reply]> = [
    ["a black hole", "timeout", "silent"],
    ["refusal", "refused", "reset"],
    ["a stall: it connects and never says a word", 10, "silent"],
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
    // It is well again: after what was feared has run its course it serves as before.
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
    // Trials before the fifth failure, which opens it, have lengthened the wait already.
    expect(opened[0]).toBeLessThan(5_000)
    expect(opened.length).toBeGreaterThan(20)
    opened.slice(2).forEach((forMs, i) => {
      const wholeMs = Math.min(30_000, 2 * opened[i]!)
      expect(forMs).toBeGreaterThan(0.9 * Math.min(30_000, opened[i]!))
      expect(forMs).toBeLessThanOrEqual(wholeMs / 0.9)
    })
  })

  it("by timeouts waits for the longer cooldown", () => {
    const toy = new ToyInterpreter(configWith([{ candidates: addresses(2), pool: { mode: "off" } }])).set(a, 10).set(b, 20)
    toy.start().run(1_000).set(a, "timeout").run(1_800_000)
    const opened = facts(toy, "BreakerOpened").flatMap((fact) => (fact._tag === "BreakerOpened" ? [fact] : []))
    expect(new Set(opened.map(({ reason }) => reason))).toEqual(new Set(["timeout"]))
    const longestMs = Math.max(...opened.map(({ forMs }) => forMs))
    expect(longestMs).toBeGreaterThan(162_000)
    expect(longestMs).toBeLessThanOrEqual(180_000)
  })

  it("of everybody keeps the last one in: somebody must be left to try", () => {
    // Without a pause of the whole, which would come after five rounds.
    const toy = busy({ autoDisable: { failures: 1_000, cooldownMs: 1_000, roundMs: 10_000 } })
    // One after the other: those that refuse together have a common cause.
    for (const host of [a, b, c]) {
      toy.set(host, "refused")
      for (let i = 0; i < 40; i++) toy.client().run(1_000)
    }
    const open = Vector.toArray(toy.state.candidates).filter((one) => one!.breaker.state !== "closed")
    expect(open).toHaveLength(2)
    // It has failed as often as the others: it is tried, but no client is promised to it.
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

  it("of one request that is slow suspects nobody who answers others meanwhile", () => {
    const toy = busy().replies(a, 2_000).client(3_000)
    toy.run(1).replies(a, 1)
    visit(toy, 3_000)
    expect(facts(toy, "Suspected")).toEqual([])
  })

  it("by silence is seen while a slow request still waits, as long as the outage begins after a byte to others", () => {
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

  it("is only suspected from a pending dial, and the answer clears it", () => {
    const toy = new ToyInterpreter(configWith([{ candidates: addresses(2), pool: { mode: "off" } }])).set(a, 10).set(b, 20)
    toy.start().run(1_000).set(a, 900).run(9_200)
    expect(facts(toy, "Suspected")).toMatchObject([{ reason: "pending" }])
    expect(toy.members()).toEqual([2])
    toy.run(900)
    expect(facts(toy, "Cleared")).toHaveLength(1)
    expect(toy.members()).toContain(1)
  })

  it("is not feared anew with each dial of who has only become slower", () => {
    const toy = busy()
    toy.set(a, 150)
    visit(toy, 20_000)
    const ofFirst = facts(toy, "Suspected").filter((fact) => fact._tag === "Suspected" && fact.candidate === first(toy).id)
    expect(ofFirst.length).toBeLessThanOrEqual(2)
  })

  it("after connect by a client who dislikes one address alone does not open its breaker", () => {
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

  it("of half the parked sockets within a tenth of a second makes a suspect, a polite end does not", () => {
    const config = configWith([{ candidates: addresses(2), pool: { mode: "fixed", size: 6 } }])
    const warm = () => new ToyInterpreter(config).set(a, 10).set(b, 20).start().run(1_000)
    expect(facts(warm().lose(a, "closed", 4).run(5), "Suspected")).toEqual([])
    expect(facts(warm().lose(a, "reset", 2).run(5), "Suspected")).toEqual([])
    expect(facts(warm().lose(a, "reset", 4).run(5), "Suspected")).toMatchObject([{ reason: "parked-reset" }])
  })
})
