/** A client's dial that requires a proof of identity, with exact times: alone, and as an attempt of a plan. */
import { assert, describe, it } from "@effect/vitest"
import type { Endpoint } from "../../src/core/model/Candidate.ts"
import type { Identity } from "../../src/core/model/Config.ts"
import type { DialFailure } from "../../src/core/model/Event.ts"
import type { DialAttempt, DialPlan, ResolveLimits } from "../../src/core/model/Routes.ts"
import type { Dialled } from "../../src/plane/DialRun.ts"
import { runPlanUnsafe } from "../../src/plane/DialRun.ts"
import type { QueryDns } from "../../src/plane/DnsQueries.ts"
import type { Verified } from "../../src/plane/verifiedDial.ts"
import { dialVerifiedUnsafe } from "../../src/plane/verifiedDial.ts"
import { attempt, RESOLVE_LIMITS } from "../support/attempts.ts"
import type { Fate } from "../../src/sim/Fate.ts"
import { SimSocket } from "../../src/sim/SimSocket.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"

const verify: Identity = { servername: "web.example", ca: "" }
const connected = (afterMs: number): Fate => ({ afterMs, result: "connected" })
/** A dial that connects after 20 ms and gets `proof` another `proofAfterMs` later. */
const asked = (proofAfterMs: number, proof: Fate["proof"] = null): Fate => ({
  afterMs: 20,
  result: "connected",
  proofAfterMs,
  proof: proof ?? null
})

function dial(check: Fate, second: Fate) {
  const sim = new SimTransport((_address, nth) => nth === 0 ? check : second)
  const answers: Array<Verified | DialFailure> = []
  const cancel = dialVerifiedUnsafe(sim.service, { host: "h", port: 1 }, verify, 0, (result) => {
    sim.note(typeof result === "string" ? result : `got one after ${result.tookUs / 1000}`)
    answers.push(result)
  })
  const socket = () => {
    const [answer] = answers
    return typeof answer === "object" ? answer.socket as SimSocket : undefined
  }
  return { sim, cancel, answers, socket }
}

describe("a dial that requires a proof of identity", () => {
  it("dials for the client once the checking connection is up, and hands over once that has its proof", () => {
    const { sim, socket } = dial(asked(35), connected(22))
    sim.advance(1_000)
    assert.deepStrictEqual(sim.log, ["0 identify h:1", "20 dial h:1", "55 got one after 20"])
    assert.strictEqual(socket()?.state, "open")
  })

  it("waits for the client's connection when the proof comes first", () => {
    const { sim } = dial(asked(5), connected(30))
    sim.advance(1_000)
    assert.deepStrictEqual(sim.log, ["0 identify h:1", "20 dial h:1", "50 got one after 20"])
  })

  it("hands over no connection when the proof fails, and leaves none open", () => {
    const late = dial(asked(35, "certificate"), connected(10))
    late.sim.advance(1_000)
    assert.deepStrictEqual(late.sim.log, ["0 identify h:1", "20 dial h:1", "55 certificate"])
    const early = dial(asked(5, "certificate"), connected(10))
    early.sim.advance(1_000)
    assert.deepStrictEqual(early.sim.log, ["0 identify h:1", "20 dial h:1", "25 cancel h:1", "25 certificate"])
    assert.strictEqual(early.answers.length, 1)
  })

  it("fails with the reason of the connection that failed first", () => {
    const refused = dial({ afterMs: 3, result: "refused" }, connected(1))
    refused.sim.advance(1_000)
    assert.deepStrictEqual(refused.sim.log, ["0 identify h:1", "3 refused"])
    const reset = dial(asked(100), { afterMs: 4, result: "reset" })
    reset.sim.advance(1_000)
    assert.deepStrictEqual(reset.sim.log, ["0 identify h:1", "20 dial h:1", "24 cancel identify h:1", "24 reset"])
  })

  it("that is cancelled at any stage cancels its connections and gives no answer", () => {
    const before = dial(asked(35), connected(10))
    before.sim.advance(10)
    before.cancel()
    before.sim.advance(1_000)
    assert.deepStrictEqual(before.sim.log, ["0 identify h:1", "10 cancel identify h:1"])

    const between = dial(asked(35), { afterMs: 0, result: "never" })
    between.sim.advance(60)
    between.cancel()
    between.sim.advance(1_000)
    assert.deepStrictEqual(between.sim.log, ["0 identify h:1", "20 dial h:1", "60 cancel h:1"])
    assert.deepStrictEqual([between.answers.length, between.sim.pendingTimers], [0, 0])

    const stalled = dial(asked(0, "never"), connected(10))
    stalled.sim.advance(60)
    stalled.cancel()
    stalled.cancel()
    assert.deepStrictEqual(stalled.sim.log, ["0 identify h:1", "20 dial h:1", "60 cancel identify h:1"])
    assert.strictEqual(stalled.answers.length, 0)
  })
})

describe("an attempt of a plan that requires a proof", () => {
  const proven = (candidate: Endpoint, more: Partial<DialAttempt> = {}) => attempt(candidate, { verify, ...more })
  const named = (resolve: Partial<ResolveLimits> = {}) =>
    proven("system", {
      host: "web.example",
      resolve: { ...RESOLVE_LIMITS, ...resolve }
    })

  function run(
    attempts: ReadonlyArray<DialAttempt>,
    who: Readonly<Record<string, Fate>>,
    names: ReadonlyArray<string> = []
  ) {
    const plan: DialPlan = { attempts, deadlineMs: 2_000 }
    const sim = new SimTransport(({ host }) => who[host] ?? { afterMs: 0, result: "never" })
    const done: Array<Dialled> = []
    const ask: QueryDns = (_host, _limits, answer) => sim.service.timerUnsafe(10, () => answer(names, true))
    runPlanUnsafe(sim.service, ask, plan, 0, () => {}, (dialled) => void done.push(dialled))
    sim.advance(60_000)
    assert.strictEqual(done.length, 1)
    assert.strictEqual(sim.pendingTimers, 0)
    return { sim, ...done[0]! }
  }

  it("reports which candidate is verified, and the time of the handshake alone", () => {
    const { tried, candidate } = run([proven(1), proven(2, { startAfterMs: 300 })], {
      h1: asked(35, "certificate"),
      h2: asked(35)
    })
    assert.strictEqual(candidate, 2)
    assert.deepStrictEqual(tried, [
      { candidate: 1, outcome: "certificate", tookUs: 55_000 },
      { candidate: 2, outcome: "connected", tookUs: 20_000, verified: true }
    ])
  })

  it("times out when the proof stalls, as when the dial is not answered", () => {
    const { tried, candidate } = run([proven(1)], { h1: asked(0, "never") })
    assert.strictEqual(candidate, "none")
    assert.deepStrictEqual(tried, [{ candidate: 1, outcome: "timeout", tookUs: 500_000 }])
  })

  it("requires it of the addresses of a host too, and dials none that it avoids", () => {
    const who = { x: asked(35, "certificate"), y: connected(1), z: asked(35) }
    const { sim, tried, candidate } = run([named({ avoid: ["y"] })], who, ["y", "x", "z"])
    assert.strictEqual(candidate, "system")
    assert.deepStrictEqual(tried.map(({ host, outcome, verified }) => [host, outcome, verified]), [
      ["x", "certificate", undefined],
      ["z", "connected", true]
    ])
    assert.isFalse(sim.log.some((line) => line.includes("y:9")), sim.log.join())
  })

  it("dials a resolved address that is a candidate without proof as the plan says", () => {
    const { verify: _, ...plain } = proven(3, { startAfterMs: 1_000 })
    const { tried } = run([named(), plain], { h3: connected(5) }, ["h3"])
    assert.deepStrictEqual(tried, [{ candidate: 3, outcome: "connected", tookUs: 5_000 }])
  })
})
