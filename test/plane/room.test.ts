/** The reserve of descriptors: when it is touched, warm sockets close and listeners pause; both come back by themselves. */
import { assert, describe, it } from "vitest"
import type { DialWarm } from "../../src/core/model/Decision.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { Listening } from "../../src/plane/ports/Transport.ts"
import * as Effect from "effect/Effect"
import { Room } from "../../src/plane/Room.ts"
import { WarmPool } from "../../src/plane/WarmPool.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"

const RESERVE = 10
const act = (warm: number): DialWarm => ({
  _tag: "DialWarm",
  worker: 0,
  warm,
  candidate: 1,
  host: "198.18.0.1",
  port: 443,
  timeoutMs: 1_000,
  keepAliveMs: 0,
  keepForMs: 60_000
})

function stage() {
  const sim = new SimTransport(() => ({ afterMs: 0, result: "connected" }))
  const told: Array<Event> = []
  const shelf = new WarmPool(sim.service, (event) => told.push(event))
  const done: Array<string> = []
  const listening: Listening = {
    address: { host: "127.0.0.1", port: 1 },
    stop: Effect.void,
    pauseUnsafe: () => done.push("pause"),
    resumeUnsafe: () => done.push("resume")
  }
  const clients = { served: 1 }
  const room = new Room(sim.service, shelf, RESERVE, () => [listening], () => clients.served === 0, () => done.push("say"))
  const warmed = (warm: number) => {
    shelf.dial(act(warm))
    sim.advance(1)
    return told.at(-1)?._tag
  }
  return { sim, told, shelf, done, room, warmed, clients }
}

describe("room for clients", () => {
  it("does nothing while the reserve is free", () => {
    const { sim, room, done } = stage()
    sim.descriptors = RESERVE
    room.changed()
    assert.deepStrictEqual(done, [])
    assert.isFalse(room.isPaused)
  })

  it("pauses listeners when the reserve is touched, and resumes them when one more client fits", () => {
    const { sim, room, done } = stage()
    sim.descriptors = RESERVE - 1
    room.changed()
    assert.deepStrictEqual(done, ["pause", "say"])
    sim.descriptors = RESERVE + 1
    sim.advance(1_000)
    assert.isTrue(room.isPaused)
    sim.descriptors = RESERVE + 2
    sim.advance(20)
    assert.deepStrictEqual(done, ["pause", "say", "resume"])
    assert.isFalse(room.isPaused)
  })

  it("resumes listeners while no client is served, even with no descriptor free", () => {
    const { sim, room, done, clients } = stage()
    sim.descriptors = 0
    room.changed()
    sim.advance(20)
    assert.isTrue(room.isPaused)
    clients.served = 0
    sim.advance(20)
    assert.deepStrictEqual(done, ["pause", "say", "resume"])
  })

  it("closes warm sockets at once and dials none until twice the reserve is free", () => {
    const { sim, told, shelf, room, warmed } = stage()
    assert.strictEqual(warmed(1), "WarmConnected")
    sim.descriptors = RESERVE - 1
    room.changed()
    assert.strictEqual(shelf.size, 0)
    assert.include(told.at(-1), { _tag: "WarmLost", warm: 1, reason: "drained" })
    assert.strictEqual(warmed(2), "WarmFailed")
    assert.include(told.at(-1), { warm: 2, reason: "local" })
    sim.descriptors = 2 * RESERVE - 1
    sim.advance(20)
    assert.isFalse(room.isPaused)
    assert.strictEqual(warmed(3), "WarmFailed")
    sim.descriptors = 2 * RESERVE
    sim.advance(20)
    assert.strictEqual(warmed(4), "WarmConnected")
    assert.isAtMost(sim.pendingTimers, 1)
  })

  it("closes a warm socket that connects only after the pause", () => {
    const { sim, told, shelf, room } = stage()
    shelf.dial(act(1))
    sim.descriptors = RESERVE - 1
    room.changed()
    sim.advance(1)
    assert.deepStrictEqual(told.map(({ _tag }) => _tag), ["WarmConnected", "WarmLost"])
    assert.include(told.at(-1), { warm: 1, reason: "drained" })
    assert.strictEqual(shelf.size, 0)
  })

  it("keeps at most a quarter of the limit, and dials warm sockets while twice that is free", () => {
    const { sim, room, done, warmed } = stage()
    // A quarter of 24 is less than the reserve.
    sim.descriptorLimit = 24
    sim.descriptors = 6
    room.changed()
    assert.deepStrictEqual(done, [])
    sim.descriptors = 11
    assert.strictEqual(warmed(1), "WarmFailed")
    sim.descriptors = 12
    assert.strictEqual(warmed(2), "WarmConnected")
    sim.descriptors = 5
    room.changed()
    assert.deepStrictEqual(done, ["pause", "say"])
  })

  it("dials no warm socket while less than twice the reserve is free, also before anything pauses", () => {
    const { sim, told, shelf, room, warmed } = stage()
    sim.descriptors = 2 * RESERVE
    assert.strictEqual(warmed(1), "WarmConnected")
    sim.descriptors = 2 * RESERVE - 1
    assert.strictEqual(warmed(2), "WarmFailed")
    assert.include(told.at(-1), { warm: 2, reason: "local" })
    assert.strictEqual(shelf.size, 1)
    assert.isFalse(room.isPaused)
    sim.descriptors = 2 * RESERVE
    assert.strictEqual(warmed(3), "WarmConnected")
  })

  it("pauses a listener that binds later", () => {
    const { sim, room, done } = stage()
    sim.descriptors = 0
    room.changed()
    room.changed()
    assert.deepStrictEqual(done, ["pause", "say", "pause"])
  })

  it("logs a pause at most once a minute", () => {
    const { sim, room, done } = stage()
    for (const afterMs of [0, 30_000, 59_000, 60_100]) {
      sim.advance(afterMs - sim.nowMs)
      sim.descriptors = 0
      room.changed()
      sim.descriptors = 3 * RESERVE
      sim.advance(20)
    }
    assert.strictEqual(done.filter((one) => one === "say").length, 2)
    assert.strictEqual(done.filter((one) => one === "resume").length, 4)
  })
})
