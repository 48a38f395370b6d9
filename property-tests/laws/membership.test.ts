import fc from "fast-check"
import { describe, expect } from "vitest"
import { advance } from "../../src/core/advance.ts"
import { connectionsOf } from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { SLOTS } from "../../src/core/model/Candidate.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { State } from "../../src/core/model/State.ts"
import { initial } from "../../src/core/state.ts"
import { config } from "../arbitraries/config.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

const start = (state: State) =>
  advance(state, { seq: state.seq + 1, at: state.at, event: { _tag: "Started", worker: 0, wallMs: 0 } }).state
const present = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)

describe("membership", () => {
  law(
    "has one candidate for each different address, in configured order, numbered from 1",
    fc.property(config, (config) => {
      const state = start(initial(config, 1))
      config.upstreams.forEach(({ candidates }, id) => {
        const names = [...new Set(candidates.map(({ host, port }) => `${host} ${port}`))]
        const { listed, nextOrdinal, unsampled } = Vector.get(state.upstreams, id)!
        const own = listed.map((id) => present(state).find((one) => one.id === id)!)
        expect(own.map(({ host, port }) => `${host} ${port}`)).toEqual(names)
        expect(own.map(({ ordinal }) => ordinal)).toEqual(names.map((_, i) => i + 1))
        expect([nextOrdinal, unsampled]).toEqual([names.length + 1, names.length])
        expect(own.every((one) => one.upstream === id && one.source === "user-static")).toBe(true)
      })
      expect(present(state)).toHaveLength(Vector.toArray(state.upstreams).flatMap(({ listed }) => listed).length)
    })
  )

  law(
    "forgets sockets when a process starts anew, and nothing that was measured; nobody joins twice",
    fc.property(script(), (it) => {
      const { last } = play(it)
      const again = start(last)
      expect(Vector.toArray(again.upstreams).map(({ listed }) => listed))
        .toEqual(Vector.toArray(last.upstreams).map(({ listed }) => listed))
      present(again).forEach((after, i) => {
        const before = present(last)[i]!
        const measured = ({ latency, jitter, success, penalty, streak, costMs, lastSampleAtUs }: Candidate) => ({
          ...{ latency, jitter, success, penalty, streak, costMs, lastSampleAtUs }
        })
        expect(measured(after)).toEqual(measured(before))
        expect(connectionsOf(after)).toBe(0)
        expect(after.probe === 0 || !last.probing.inFlight.some(({ probe }) => probe === after.probe)).toBe(true)
      })
    })
  )

  law(
    "mints ids that no candidate had before, in new slots, in freed ones and after a restart of the core",
    fc.property(config, fc.nat(12), fc.integer({ min: 1, max: 2 ** 26 }), (config, freed, generation) => {
      const first = start(initial(config, 1, { probe: 1, generation }))
      const used = new Set(present(first).map(({ id }) => id))
      const { minted } = first
      const restarted = start(initial(config, 2, { probe: minted.probe, generation: minted.generation + 1 }))
      for (const { id } of present(restarted)) expect(used.has(id)).toBe(false)
      // As if that many candidates had left: their slots are free, their ids are spent.
      const holes = Math.min(freed, present(first).length)
      const emptied: State = {
        ...initial(config, 3, minted),
        candidates: Vector.fromArray(Array.from({ length: present(first).length }, () => null)),
        freeSlots: Array.from({ length: holes }, (_, i) => i)
      }
      const refilled = present(start(emptied))
      expect(new Set(refilled.map(({ id }) => id)).size).toBe(refilled.length)
      for (const { id } of refilled) {
        expect(used.has(id)).toBe(false)
        expect(refilled.find((one) => one.id % SLOTS === id % SLOTS)!.id).toBe(id)
      }
    })
  )
})
