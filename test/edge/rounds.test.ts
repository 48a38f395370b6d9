/** Rounds of a worker in virtual time: what one round does, and what becomes of a round that lost its request. */
import { assert, describe, it } from "vitest"
import { EdgeCore } from "../../src/adapters/edge/EdgeCore.ts"
import type { RoundLimits } from "../../src/adapters/edge/Rounds.ts"
import { Rounds } from "../../src/adapters/edge/Rounds.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Fate } from "../../src/sim/Fate.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"
import { addresses, configWith } from "../support/config.ts"

const LIMITS: RoundLimits = { roundMs: 15_000, actsPerRound: 40, lingerMs: 100 }
const CONNECTED: Fate = { afterMs: 20, result: "connected" }

function world(count: number, fate: (host: string, nth: number) => Fate, limits: Partial<RoundLimits> = {}) {
  const transport = new SimTransport(({ host }, nth) => fate(host, nth))
  const dialler = transport.service
  const config = configWith([{ candidates: addresses(count), pool: { mode: "off" } }], { maxParallel: 6 })
  const core = new EdgeCore({ config, seed: 1, nowUs: dialler.nowUs, wallMs: () => 1_790_000_000_000 })
  const rounds = new Rounds(core, dialler, undefined, { ...LIMITS, ...limits })
  const dials = () => transport.log.filter((line) => line.includes(" dial ")).map((line) => line.split(" ")[2])
  return { transport, core, rounds, dials, members: () => core.state.routes.upstreams[0]?.members.length ?? 0 }
}

/** Whether the promise is settled once all that is due has run. */
async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false
  void promise.then(() => (over = true))
  await new Promise((resolve) => setImmediate(resolve))
  return over
}

describe("a round", () => {
  it("probes every candidate, six at a time, and ends without a timer when nothing is due soon", async () => {
    const { transport, rounds, dials, members } = world(8, () => CONNECTED)
    const round = rounds.run()
    assert.lengthOf(dials(), 6)
    transport.advance(200)
    assert.lengthOf(dials(), 8)
    assert.isTrue(await isOver(round))
    assert.strictEqual(transport.pendingTimers, 0)
    assert.isAbove(members(), 0)
    assert.isFalse(rounds.isDue)
    transport.advance(11_000)
    assert.isTrue(rounds.isDue)
  })

  it("begins no more acts than it may, and the next one goes on with the others", async () => {
    const { transport, rounds, dials } = world(8, () => CONNECTED, { actsPerRound: 3 })
    const first = rounds.run()
    transport.advance(1_000)
    assert.isTrue(await isOver(first))
    assert.lengthOf(dials(), 3)
    for (let i = 0; i < 2; i++) {
      const next = rounds.run()
      transport.advance(1_000)
      assert.isTrue(await isOver(next))
    }
    assert.strictEqual(new Set(dials()).size, 8)
  })

  it("does nothing while another one is under way, and fails an address that is silent for probing.timeout", async () => {
    const { transport, rounds, dials, core } = world(1, () => ({ afterMs: 0, result: "never" }))
    const round = rounds.run()
    assert.isTrue(await isOver(rounds.run()))
    assert.lengthOf(dials(), 1)
    transport.advance(2_001)
    assert.isTrue(await isOver(round))
    assert.strictEqual(core.state.probing.inFlight.length, 0)
    assert.strictEqual(Vector.get(core.state.candidates, 0)?.breaker.consecutive, 1)
  })
})

describe("a round that lost its request", () => {
  it("keeps no permit: when its time is over, the next round probes anew, and late answers count for nothing", async () => {
    // The first sockets died with their request, timers included: nothing of them ever calls back.
    const dead = new SimTransport(() => ({ afterMs: 0, result: "never" }))
    const { transport, core, members } = world(6, () => CONNECTED)
    const frozen = { ...dead.service, nowUs: transport.service.nowUs }
    let isGone = true
    const dialler = new Proxy(transport.service, {
      get: (live, key) => Reflect.get(isGone ? frozen : live, key)
    })
    const rounds = new Rounds(core, dialler, undefined, LIMITS)
    const lost = rounds.run()
    assert.strictEqual(core.state.probing.inFlight.length, 6)
    isGone = false
    transport.advance(14_000)
    assert.isTrue(await isOver(rounds.run()))
    assert.strictEqual(members(), 0)
    transport.advance(1_001)
    const next = rounds.run()
    transport.advance(500)
    assert.isTrue(await isOver(next))
    assert.isAbove(members(), 0)
    const { seq } = core.state
    dead.advance(20_000)
    assert.strictEqual(core.state.seq, seq)
    assert.isTrue(await isOver(lost))
  })
})
