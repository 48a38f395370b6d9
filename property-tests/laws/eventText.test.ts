import fc from "fast-check"
import { describe, expect } from "vitest"
import type { Event } from "../../src/core/model/Event.ts"
import { eventText } from "../../src/record/eventText.ts"
import { law } from "../check.ts"

const count = fc.integer({ min: -1, max: 2 ** 48 })
const ref = fc.oneof(count, fc.constantFrom("system", "none", "reference"))
const attempt = fc.record({ candidate: ref, outcome: fc.constantFrom("connected", "refused", "cancelled"), tookUs: count })
const accepted = fc.record({
  _tag: fc.constant("ClientAccepted"),
  worker: count,
  session: count,
  listener: fc.string({ unit: "binary" }),
  upstream: count,
  routes: count,
  chosen: ref,
  why: fc.constantFrom("only", "cheapest", "balanced", "unranked"),
  candidate: ref,
  warm: count,
  client: count,
  tried: fc.array(attempt, { maxLength: 3 })
}, { noNullPrototype: true })
const closed = fc.record({
  _tag: fc.constant("ClientClosed"),
  worker: count,
  session: count,
  candidate: ref,
  client: count,
  bytesUp: count,
  bytesDown: count,
  firstByteUs: count,
  answerUs: count,
  durationUs: count,
  silence: fc.constantFrom("none", "silent", "stalled"),
  cause: fc.constantFrom("done", "client-reset", "half-close-timeout")
}, { noNullPrototype: true })
const parked = fc.record(
  { _tag: fc.constant("WarmConnected"), worker: count, warm: count, candidate: count, tookUs: count },
  { noNullPrototype: true }
)
const ticked = fc.record({ _tag: fc.constant("Ticked"), worker: count }, { noNullPrototype: true })

describe("an event's text", () => {
  law(
    "is that of JSON.stringify, to the last byte",
    fc.property(fc.oneof(accepted, closed, parked, ticked), (event) => {
      expect(eventText(event as Event)).toBe(JSON.stringify(event))
    })
  )
})
