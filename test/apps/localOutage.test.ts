/** The whole service in a network namespace whose network fails and comes back. */
import { assert, describe, it } from "vitest"
import { whyNot } from "../../bench/lab/Lab.ts"
import { unable } from "../support/able.ts"
import { differ, localOutages, moved } from "../../bench/lab/localOutage.ts"

const missing = whyNot()
const SECONDS = process.env["FAIRLEAD_DEEP"] === "1" ? 60 : 10

describe("a local outage, by a dark network or a lost interface,", () => {
  it(
    "leaves all candidates as they were, and clients are served within two seconds of its end",
    async (context) => {
      if (missing !== undefined) return unable(context, "namespaces", missing)
      // Each in a network of its own, at the same time: nearly all of it is waiting.
      const both = await Promise.all((["dark", "interface"] as const).map((loss) => localOutages([loss], SECONDS)))
      const outcomes = both.flat()
      for (const one of outcomes) {
        const text = JSON.stringify(one)
        assert.isNotNull(one.reason, text)
        assert.deepStrictEqual(differ(one.before, one.during), [], text)
        assert.deepStrictEqual(differ(one.before, one.after), [], text)
        // Samples that were collected still count; one failure would cost 100 ms, and a part of the latency for minutes.
        assert.isBelow(moved(one.before, one.during), 50, text)
        assert.deepStrictEqual(one.during, one.noticed, text)
        assert.deepStrictEqual(one.states, ["active", "active"])
        assert.isTrue(one.during.every(({ warm }) => warm === 0), text)
        assert.strictEqual(one.failed, 0, text)
        assert.isBelow(one.slowestMs, 2_000, text)
        assert.isTrue(one.after.every(({ breaker, suspect }) => breaker === "closed" && !suspect), text)
        assert.isAbove(one.warm, 0, text)
      }
      assert.deepStrictEqual(outcomes.map(({ reason }) => reason), ["silence", "interfaces"])
    },
    60_000 + 3_000 * SECONDS
  )
})
