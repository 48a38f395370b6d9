/** Requests of reducers, and the phase of the step in which each kind is read. */
import { describe, expect, it } from "vitest"
import type { Phase } from "../../src/core/requests.ts"
import * as Requests from "../../src/core/requests.ts"

const stepIn = (phase: Phase) => {
  const step = Requests.stepOf({ seq: 0, at: 0, event: { _tag: "Ticked", worker: 0 } }, [], [])
  Requests.enter(step, phase)
  return step
}

/** Each request with the last phase in which it may be made. */
const REQUESTS: ReadonlyArray<readonly [string, (step: ReturnType<typeof stepIn>) => void, Phase]> = [
  ["startUpstream", (step) => Requests.startUpstream(step, 0), "common causes"],
  ["recover", (step) => Requests.recover(step, 0), "common causes"],
  ["keepSamples", (step) => Requests.keepSamples(step, []), "common causes"],
  ["networkReturned", (step) => Requests.networkReturned(step), "network"],
  ["markDirty", (step) => Requests.markDirty(step, 0), "selection"],
  ["requestProbes", (step) => Requests.requestProbes(step), "acts"],
  ["requestRoutes", (step) => Requests.requestRoutes(step, 0), "probes"]
]

describe.each(REQUESTS)("the request %s", (_name, request, last) => {
  const end = Requests.PHASES.indexOf(last) + 1

  it(`is in time up to the phase ${last}`, () => {
    for (const phase of Requests.PHASES.slice(0, end)) {
      const step = stepIn(phase)
      request(step)
      expect(step.requests.late, phase).toBeNull()
    }
  })

  it(`is reported as late after the phase ${last}`, () => {
    const after = Requests.PHASES.slice(end)
    expect(after.length).toBeGreaterThan(0)
    for (const phase of after) {
      const step = stepIn(phase)
      request(step)
      expect(step.requests.late).toContain(phase)
    }
  })
})

describe("a step", () => {
  it("keeps the requests for several upstreams, in their order and each once", () => {
    const step = stepIn("operator")
    for (const id of [3, 1, 3]) {
      Requests.startUpstream(step, id)
      Requests.recover(step, id)
      Requests.markDirty(step, id)
    }
    const { started, recovered, dirty } = step.requests
    for (const ids of [started, recovered, dirty]) expect([...ids]).toEqual([3, 1])
  })

  it("begins without the requests of the step before it", () => {
    Requests.startUpstream(stepIn("operator"), 7)
    expect(stepIn("operator").requests.started.size).toBe(0)
  })
})
