/** How a dial plan runs, with exact times. An attempt is identified by its port. */
import { assert, describe, it } from "@effect/vitest"
import type { DialAttempt, DialPlan } from "../../src/core/model/Routes.ts"
import type { Dialled } from "../../src/plane/DialRun.ts"
import { runPlanUnsafe } from "../../src/plane/DialRun.ts"
import type { QueryDns } from "../../src/plane/DnsQueries.ts"
import type { Fate } from "../../src/sim/Fate.ts"
import { networks } from "../support/access.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"
import { resolveLimits } from "../support/config.ts"

const never: Fate = { afterMs: 0, result: "never" }
const after = (afterMs: number, result: Fate["result"]): Fate => ({ afterMs, result })

/** Attempts at the given offsets; candidate and port are 1, 2, 3 ... */
function planOf(offsetsMs: ReadonlyArray<number>, timeoutMs = 1_000, deadlineMs = 10_000): DialPlan {
  const attempts: ReadonlyArray<DialAttempt> = offsetsMs.map((startAfterMs, i) => {
    return { candidate: i + 1, host: "h", port: i + 1, startAfterMs, timeoutMs, suspectAfterMs: 60_000 }
  })
  return { attempts, deadlineMs }
}

/** The resolver's answers for a name, and when each arrives; the last one is complete. */
type Told = ReadonlyArray<{ readonly afterMs: number; readonly addresses: ReadonlyArray<string> }>
const names = new Map<string, Told>()

/** Starts a plan; the dial to each port ends as scripted. */
function run(plan: DialPlan, ...script: ReadonlyArray<Fate>) {
  const sim = new SimTransport(({ port }) => script[port - 1] ?? never)
  const ask: QueryDns = (host, _limits, answer) => {
    sim.note(`ask ${host}`)
    const told = names.get(host) ?? []
    const stops = told.map(({ afterMs, addresses }, i) =>
      sim.service.timerUnsafe(afterMs, () => answer(addresses, i === told.length - 1))
    )
    return () => {
      sim.note(`forget ${host}`)
      for (const stop of stops) stop()
    }
  }
  const done: Array<Dialled> = []
  const cancel = runPlanUnsafe(
    sim.service,
    ask,
    plan,
    0,
    (candidate, pendingUs) => sim.note(`${candidate} pending for ${pendingUs / 1000}`),
    (dialled) => {
      sim.note(dialled.socket === undefined ? "gave up" : `got ${dialled.candidate}`)
      done.push(dialled)
    }
  )
  return { sim, done, cancel }
}

describe("a dial plan", () => {
  it("starts no second attempt when the first one connects before that is due", () => {
    const { sim, done } = run(planOf([0, 250]), after(30, "connected"))
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log, ["0 dial h:1", "30 got 1"])
    assert.deepStrictEqual(done[0]?.tried, [{ candidate: 1, outcome: "connected", tookUs: 30_000 }])
    assert.strictEqual(sim.pendingTimers, 0)
  })

  it("starts attempts in order at their offsets while earlier ones are pending", () => {
    const { sim } = run(planOf([0, 250, 600]))
    sim.advance(700)
    assert.deepStrictEqual(sim.log, ["0 dial h:1", "250 dial h:2", "600 dial h:3"])
  })

  it("starts the next attempt as soon as all earlier ones have failed", () => {
    const { sim } = run(planOf([0, 250, 500]), after(40, "refused"), after(7, "unreachable"), after(5, "connected"))
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log, ["0 dial h:1", "40 dial h:2", "47 dial h:3", "52 got 3"])
  })

  it("waits for an attempt's offset while an earlier one is pending, even if another one has failed", () => {
    const { sim } = run(planOf([0, 250, 500]), never, after(10, "refused"), after(5, "connected"))
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log, ["0 dial h:1", "250 dial h:2", "500 dial h:3", "505 cancel h:1", "505 got 3"])
  })

  it("starts attempts with the same offset at once", () => {
    const { sim } = run(planOf([0, 0, 0]))
    assert.deepStrictEqual(sim.log, ["0 dial h:1", "0 dial h:2", "0 dial h:3"])
  })

  it("takes the first attempt that connects, cancels the others and reports how long they ran", () => {
    const { sim, done } = run(planOf([0, 250, 400]), after(900, "connected"), after(200, "connected"), never)
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log.slice(3), ["450 cancel h:1", "450 cancel h:3", "450 got 2"])
    assert.deepStrictEqual(done[0]?.tried, [
      { candidate: 2, outcome: "connected", tookUs: 200_000 },
      { candidate: 1, outcome: "cancelled", tookUs: 450_000 },
      { candidate: 3, outcome: "cancelled", tookUs: 50_000 }
    ])
    assert.strictEqual(done.length, 1)
  })

  it("cancels an attempt at its timeout and starts the next one at once", () => {
    const { sim, done } = run(planOf([0, 5_000], 1_000), never, after(3, "connected"))
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log, ["0 dial h:1", "1000 cancel h:1", "1000 dial h:2", "1003 got 2"])
    assert.deepStrictEqual(done[0]?.tried[0], { candidate: 1, outcome: "timeout", tookUs: 1_000_000 })
  })

  it("counts each attempt's timeout from its own start", () => {
    const { sim } = run(planOf([0, 250], 1_000))
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log.slice(2), ["1000 cancel h:1", "1250 cancel h:2", "1250 gave up"])
  })

  it("ends at its deadline: its early attempt has timed out, a late one counts as cancelled", () => {
    const { sim, done } = run(planOf([0, 600], 1_000, 700))
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log.slice(2), ["700 cancel h:1", "700 cancel h:2", "700 gave up"])
    assert.deepStrictEqual(done[0]?.tried, [
      { candidate: 1, outcome: "timeout", tookUs: 700_000 },
      { candidate: 2, outcome: "cancelled", tookUs: 100_000 }
    ])
    assert.strictEqual(sim.pendingTimers, 0)
  })

  it("starts no attempt with an offset at or after the deadline", () => {
    const { sim } = run(planOf([0, 700, 800], 5_000, 700))
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log, ["0 dial h:1", "700 cancel h:1", "700 gave up"])
  })

  it("gives up as soon as all attempts have failed, and reports each of them", () => {
    const { sim, done } = run(planOf([0, 250, 500]), after(1, "refused"), after(2, "reset"), after(3, "local"))
    sim.advance(60_000)
    assert.strictEqual(sim.log.at(-1), "6 gave up")
    assert.deepStrictEqual(done[0]?.tried.map(({ outcome }) => outcome), ["refused", "reset", "local"])
    assert.deepStrictEqual([done[0]?.candidate, done.length, sim.pendingTimers], ["none", 1, 0])
  })

  it("keeps exact times with fractions of a millisecond", () => {
    const { sim } = run(planOf([0, 250.3, 400.7], 33.333), after(12.345, "refused"), never, after(0.001, "connected"))
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log, [
      "0 dial h:1",
      "12.345 dial h:2",
      "45.678 cancel h:2",
      "45.678 dial h:3",
      "45.679 got 3"
    ])
  })

  it("without attempts gives up after the call has returned", () => {
    const { sim, done } = run(planOf([]))
    assert.strictEqual(done.length, 0)
    sim.advance(1)
    assert.deepStrictEqual(sim.log, ["0 gave up"])
  })

  it("with a deadline of zero gives up after the call has returned", () => {
    const { sim, done } = run(planOf([0], 1_000, 0))
    assert.strictEqual(done.length, 0)
    sim.advance(1)
    assert.strictEqual(sim.log.at(-1), "0 gave up")
  })

  it("that is cancelled cancels every attempt, leaves no timer and makes no callback", () => {
    const { sim, done, cancel } = run(planOf([0, 100, 9_000]), after(5_000, "connected"), after(3_000, "refused"))
    sim.advance(150)
    cancel()
    cancel()
    sim.advance(60_000)
    assert.deepStrictEqual(sim.log, ["0 dial h:1", "100 dial h:2", "150 cancel h:1", "150 cancel h:2"])
    assert.deepStrictEqual([done.length, sim.pendingTimers], [0, 0])
  })

  it("that is cancelled before it gives up makes no callback", () => {
    const { sim, done, cancel } = run(planOf([]))
    cancel()
    sim.advance(1)
    assert.deepStrictEqual(done, [])
  })

  describe("with an attempt that names a host", () => {
    const plan: DialPlan = {
      attempts: [
        ...planOf([0]).attempts,
        {
          candidate: "system",
          host: "web.example",
          port: 9,
          startAfterMs: 250,
          timeoutMs: 1_000,
          suspectAfterMs: 1_000,
          resolve: resolveLimits
        },
        { ...planOf([0, 0]).attempts[1]!, startAfterMs: 2_000 },
        { candidate: 7, host: "known", port: 9, startAfterMs: 3_000, timeoutMs: 1_000, suspectAfterMs: 60_000 }
      ],
      deadlineMs: 10_000
    }
    const refused = after(10, "refused")
    const known = (...addresses: ReadonlyArray<string>) => void names.set("web.example", [{ afterMs: 20, addresses }])
    /** The early addresses after 20 ms, the late ones after `afterMs`. */
    const knownLate = (early: ReadonlyArray<string>, afterMs: number, late: ReadonlyArray<string>) =>
      void names.set("web.example", [{ afterMs: 20, addresses: early }, { afterMs, addresses: [...early, ...late] }])

    it("resolves the host when that attempt is due, and dials at most `most` addresses in order", () => {
      known("x", "y", "z", "more")
      const { sim, done } = run(plan, refused, ...Array<Fate>(7).fill(never), never)
      sim.advance(1_000)
      assert.deepStrictEqual(sim.log, ["0 dial h:1", "10 ask web.example", "30 dial x:9", "130 dial y:9", "230 dial z:9"])
      assert.strictEqual(done.length, 0)
    })

    it("dials no address that the plan's access denies, and reports it as denied", () => {
      known("198.18.0.1", "198.18.0.2", "::ffff:198.18.0.1", "198.18.0.3")
      const access = { allow: networks(["198.18.0.0/24"]), deny: networks(["198.18.0.1", "198.18.0.3"]) }
      const attempts = plan.attempts.map((one) =>
        one.resolve === undefined ? one : { ...one, resolve: { ...one.resolve, access } }
      )
      const script = [refused, ...Array<Fate>(7).fill(never), after(5, "connected")]
      const { sim, done } = run({ ...plan, attempts }, ...script)
      sim.advance(60_000)
      assert.deepStrictEqual(sim.log.slice(1, -1), ["10 ask web.example", "30 dial 198.18.0.2:9"])
      assert.deepStrictEqual(done[0]?.tried.slice(1), [
        { candidate: "system", host: "198.18.0.1", outcome: "denied", tookUs: 0 },
        { candidate: "system", host: "::ffff:198.18.0.1", outcome: "denied", tookUs: 0 },
        { candidate: "system", host: "198.18.0.3", outcome: "denied", tookUs: 0 },
        { candidate: "system", host: "198.18.0.2", outcome: "connected", tookUs: 5_000 }
      ])
    })

    it("reports a system address that is no candidate by its host, and that no candidate serves", () => {
      known("x")
      const { sim, done } = run(plan, refused, ...Array<Fate>(7).fill(never), after(5, "connected"))
      sim.advance(60_000)
      assert.strictEqual(done[0]?.candidate, "system")
      assert.deepStrictEqual(done[0]?.tried, [
        { candidate: 1, outcome: "refused", tookUs: 10_000 },
        { candidate: "system", host: "x", outcome: "connected", tookUs: 5_000 }
      ])
    })

    it("dials a resolved address that is a candidate of the plan as that candidate, and only once", () => {
      known("known", "h")
      const { sim, done } = run(
        {
          ...plan,
          attempts: plan.attempts.map((one) => one.candidate === 1 ? { ...one, port: 9 } : one)
        },
        ...Array<Fate>(8).fill(never),
        refused
      )
      sim.advance(60_000)
      assert.deepStrictEqual(sim.log.filter((line) => line.includes("dial")), [
        "0 dial h:9",
        "30 dial known:9",
        "40 dial h:2"
      ])
      assert.deepStrictEqual(done[0]?.tried.map(({ candidate }) => candidate), [1, 7, 2])
    })

    it("reports a host without addresses as unresolved and starts the next attempt", () => {
      known()
      const { sim, done } = run(plan, refused, after(3, "connected"))
      sim.advance(60_000)
      assert.deepStrictEqual(sim.log, ["0 dial h:1", "10 ask web.example", "30 dial h:2", "33 got 2"])
      assert.deepStrictEqual(done[0]?.tried[1], {
        candidate: "system",
        host: "web.example",
        outcome: "unresolved",
        tookUs: 20_000
      })
    })

    it("waits for the resolver until the DNS timeout or the plan's deadline", () => {
      names.clear()
      const { sim, done } = run(plan, refused, after(3, "connected"))
      sim.advance(60_000)
      assert.deepStrictEqual(sim.log.slice(1), ["10 ask web.example", "510 forget web.example", "510 dial h:2", "513 got 2"])
      assert.strictEqual(done[0]?.tried[1]?.outcome, "timeout")
      const short = run({ ...plan, deadlineMs: 100 }, refused)
      short.sim.advance(60_000)
      assert.deepStrictEqual(short.sim.log.slice(1), ["10 ask web.example", "100 forget web.example", "100 gave up"])
    })

    it("cancels the DNS query when another attempt connects", () => {
      names.clear()
      const { sim } = run(plan, after(300, "connected"))
      sim.advance(60_000)
      assert.deepStrictEqual(sim.log, ["0 dial h:1", "250 ask web.example", "300 forget web.example", "300 got 1"])
      assert.strictEqual(sim.pendingTimers, 0)
    })

    it("dials early addresses at once, and alternates late ones with those not yet dialled", () => {
      knownLate(["x", "y", "z"], 50, ["late"])
      const most = plan.attempts.map((one) =>
        one.resolve === undefined ? one : { ...one, resolve: { ...one.resolve, most: 4 } }
      )
      const { sim } = run({ ...plan, attempts: most }, refused)
      sim.advance(500)
      assert.deepStrictEqual(sim.log.slice(2), ["30 dial x:9", "130 dial late:9", "230 dial y:9", "330 dial z:9"])
    })

    it("dials at most `most` addresses of the host, early and late ones together", () => {
      knownLate(["x", "y"], 300, ["late", "later"])
      const { sim } = run(plan, refused)
      sim.advance(900)
      assert.deepStrictEqual(sim.log.slice(2), ["30 dial x:9", "130 dial y:9", "310 dial late:9"])
    })

    it("starts the next attempts when all early addresses fail, and dials late ones when they arrive", () => {
      knownLate(["x"], 200, ["late"])
      const { sim, done } = run(plan, refused, after(40, "refused"), ...Array<Fate>(6).fill(never), after(5, "refused"))
      sim.advance(100)
      assert.deepStrictEqual(sim.log.slice(2), ["30 dial x:9", "35 dial h:2", "75 dial known:9"])
      sim.advance(60_000)
      assert.deepStrictEqual(sim.log.slice(5), ["210 dial late:9", "215 gave up"])
      assert.deepStrictEqual(done[0]?.tried.map(({ host, outcome }) => `${host ?? "plan"} ${outcome}`), [
        "plan refused",
        "x refused",
        "plan refused",
        "plan refused",
        "late refused"
      ])
    })

    it("starts the next attempts when access denies the early addresses and late ones are pending", () => {
      knownLate(["198.18.0.1"], 200, [])
      const access = { allow: [], deny: networks(["198.18.0.1"]) }
      const attempts = plan.attempts.map((one) =>
        one.resolve === undefined ? one : { ...one, resolve: { ...one.resolve, access } }
      )
      const { sim, done } = run({ ...plan, attempts }, refused, after(40, "refused"), ...Array<Fate>(7).fill(refused))
      sim.advance(60_000)
      assert.deepStrictEqual(sim.log.slice(1), ["10 ask web.example", "30 dial h:2", "70 dial known:9", "210 gave up"])
      assert.deepStrictEqual(done[0]?.tried.map(({ outcome }) => outcome), [
        "refused",
        "denied",
        "refused",
        "refused",
        "unresolved"
      ])
    })

    it("waits for late addresses until the DNS timeout, and leaves no query and no timer", () => {
      names.set("web.example", [{ afterMs: 20, addresses: ["x"] }, { afterMs: 5_000, addresses: ["x", "late"] }])
      const refusing = run(plan, refused, refused, ...Array<Fate>(6).fill(never), refused)
      refusing.sim.advance(60_000)
      assert.deepStrictEqual(refusing.sim.log.slice(-2), ["510 forget web.example", "510 gave up"])
      const served = run(plan, refused, refused, ...Array<Fate>(6).fill(never), after(30, "connected"))
      served.sim.advance(60_000)
      assert.deepStrictEqual(served.sim.log.slice(-2), ["60 forget web.example", "60 got system"])
      assert.deepStrictEqual([refusing.sim.pendingTimers, served.sim.pendingTimers], [0, 0])
    })
  })
})
