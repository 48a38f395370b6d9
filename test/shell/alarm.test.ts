/** One timer for all deadlines of the core. */
import { assert, describe, it } from "@effect/vitest"
import { Alarm } from "../../src/shell/Alarm.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"

/** An alarm, the times in ms at which it rang, and by how many µs it was late. */
function alarmed() {
  const transport = new SimTransport(() => ({ afterMs: 0, result: "never" }))
  const rang: Array<number> = []
  const late: Array<number> = []
  const alarm = new Alarm(transport.service, (lateUs) => {
    rang.push(transport.nowMs)
    late.push(lateUs)
  })
  return {
    transport,
    alarm,
    rang,
    late,
    arm: (ms: number) => alarm.arm(ms * 1000),
    pass: (ms: number) => transport.advance(ms)
  }
}

describe("the alarm", () => {
  it("rings once, at its deadline", () => {
    const { rang, arm, pass, transport } = alarmed()
    arm(50)
    pass(200)
    assert.deepStrictEqual(rang, [50])
    assert.strictEqual(transport.pendingTimers, 0)
  })

  it("rings at the next full millisecond for a deadline between two, never earlier", () => {
    const { rang, arm, pass } = alarmed()
    arm(49.001)
    pass(200)
    assert.deepStrictEqual(rang, [50])
  })

  it("rings at an earlier deadline that is armed later, and at the later one once armed again", () => {
    const { rang, arm, pass } = alarmed()
    arm(80)
    pass(10)
    arm(30)
    pass(40)
    arm(80)
    pass(50)
    assert.deepStrictEqual(rang, [30, 80])
  })

  it("rings only at the new time when its deadline moves to a later one", () => {
    const { rang, arm, pass } = alarmed()
    arm(20)
    pass(5)
    arm(60)
    pass(100)
    assert.deepStrictEqual(rang, [60])
  })

  it("rings at once for a deadline that has passed, and tells how long ago that was", () => {
    const { rang, late, arm, pass } = alarmed()
    pass(10)
    arm(3)
    pass(0)
    assert.deepStrictEqual(rang, [10])
    assert.deepStrictEqual(late, [7_000])
  })

  it("holds one timer at a time, and none once it is stopped", () => {
    const { rang, alarm, arm, pass, transport } = alarmed()
    arm(50)
    arm(20)
    arm(10)
    assert.strictEqual(transport.pendingTimers, 1)
    alarm.stop()
    pass(100)
    assert.deepStrictEqual(rang, [])
    assert.strictEqual(transport.pendingTimers, 0)
  })
})
