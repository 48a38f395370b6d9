/** Virtual time: what is set for a moment happens at it, in the order in which it was set. */
import { describe, expect, it } from "vitest"
import { VirtualClock } from "../../src/sim/VirtualClock.ts"

function noting() {
  const clock = new VirtualClock()
  const seen: Array<string> = []
  const note = (what: string) => () => void seen.push(`${clock.nowUs} ${what}`)
  return { clock, seen, note }
}

describe("a virtual clock", () => {
  it("fires timers in order of time, and timers of one moment in the order in which they were set", () => {
    const { clock, seen, note } = noting()
    clock.at(2_000, note("c"))
    clock.at(1_000, note("a"))
    clock.at(1_000, note("b"))
    clock.at(2_000, note("d"))
    clock.advance(5)
    expect(seen).toEqual(["1000 a", "1000 b", "2000 c", "2000 d"])
    expect(clock.nowMs).toBe(5)
  })

  it("fires a timer that another one set on the way, if it is due", () => {
    const { clock, seen, note } = noting()
    clock.after(1, () => {
      clock.after(1, note("due"))
      clock.after(4, note("later"))
    })
    clock.advance(3)
    expect([seen, clock.pending]).toEqual([["2000 due"], 1])
  })

  it("rounds a delay up to a microsecond, so that nothing fires early", () => {
    const { clock, seen, note } = noting()
    clock.after(0.0001, note("soon"))
    clock.after(-5, note("now"))
    clock.advance(1)
    expect(seen).toEqual(["0 now", "1 soon"])
  })

  it("forgets a timer that was stopped, and no other timer of the same moment", () => {
    const { clock, seen, note } = noting()
    clock.after(1, note("a"))
    const stop = clock.after(1, note("b"))
    clock.after(1, note("c"))
    stop()
    stop()
    clock.advance(1)
    expect([seen, clock.pending, clock.nextUs]).toEqual([["1000 a", "1000 c"], 0, Number.POSITIVE_INFINITY])
  })

  it("fires late what was due while time jumped, and never goes back for it", () => {
    const { clock, seen, note } = noting()
    clock.after(1, note("late"))
    clock.jump(9_000)
    clock.advance(0)
    expect(seen).toEqual(["9000 late"])
  })
})
