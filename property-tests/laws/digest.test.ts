import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { decisionsDigest, stateDigest } from "../../src/core/digest.ts"
import { toHex } from "../../src/core/math/hash.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import { closedBreaker } from "../../src/core/candidate/breaker.ts"
import { noSuspicion } from "../../src/core/candidate/suspicion.ts"
import { emptyWarmPool } from "../../src/core/candidate/warm.ts"
import type { State } from "../../src/core/model/State.ts"
import { addresses, configWith } from "../../test/support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { law } from "../check.ts"

/** Three chunks of candidates and two upstreams. */
const config = configWith([{ candidates: addresses(100) }, { name: "api", candidates: addresses(40) }])
const { state } = new Simulation(config, { otherwise: 20 }).start().run(5_000)
const digestOf = (state: State) => toHex(stateDigest(state))
const whole = digestOf(state)

const fields: ReadonlyArray<Partial<Candidate>> = [
  { costMs: 20.000000000000004 },
  { streak: 99 },
  { lastSampleAtUs: 1 },
  { sampleWindow: [1.5] },
  { success: { newest: 0, ok: [0, 0, 0, 0, 0, 0, 0, 0, 0, 9], failed: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] } },
  { connections: [0, 3] },
  { sources: ["user-static", "dns"] },
  { breaker: { ...closedBreaker, consecutive: 1 } },
  { suspicion: { ...noSuspicion, silent: [{ session: 1, sinceUs: 2 }] } },
  { warm: { ...emptyWarmPool, ready: [7] } }
]

describe("the digest of a state", () => {
  law(
    "changes with any candidate, wherever it lies, and returns with the old candidate",
    fc.property(fc.nat(139), fc.constantFrom(...fields), (slot, field) => {
      const before = Vector.get(state.candidates, slot)!
      const changed = { ...state, candidates: Vector.set(state.candidates, slot, { ...before, ...field }) }
      expect(digestOf(changed)).not.toBe(whole)
      expect(digestOf({ ...changed, candidates: Vector.set(changed.candidates, slot, before) })).toBe(whole)
      const gone = { ...state, candidates: Vector.set(state.candidates, slot, null) }
      expect(digestOf(gone)).not.toBe(whole)
    })
  )

  law(
    "changes with any upstream, and with time, chance, counters and probes under way",
    fc.property(fc.nat(1), fc.integer({ min: 1, max: 1_000 }), (id, more) => {
      const upstream = Vector.get(state.upstreams, id)!
      const upstreams = Vector.set(state.upstreams, id, { ...upstream, unsampled: upstream.unsampled + more })
      const others: ReadonlyArray<State> = [
        { ...state, upstreams },
        { ...state, at: state.at + more },
        { ...state, rng: { ...state.rng, a: state.rng.a ^ more } },
        { ...state, minted: { ...state.minted, probe: state.minted.probe + more } },
        { ...state, minted: { ...state.minted, warm: state.minted.warm + more } },
        { ...state, warmTotal: state.warmTotal + more },
        { ...state, wantsRoom: [id] },
        { ...state, clients: { first: more, several: false } },
        { ...state, probing: { ...state.probing, tatUs: state.probing.tatUs + more } },
        { ...state, routes: { ...state.routes, version: state.routes.version + more } }
      ]
      expect(new Set([whole, ...others.map(digestOf)]).size).toBe(others.length + 1)
    })
  )

  law(
    "of a step changes with each route, even if nothing was decided",
    fc.property(fc.nat(1), fc.integer({ min: 1, max: 1_000 }), (id, more) => {
      const { version, upstreams } = state.routes
      const rerouted = (by: number) => ({
        ...state,
        routes: { version: version + 1, upstreams: upstreams.with(id, { ...upstreams[id]!, toleranceMs: by }) }
      })
      expect(decisionsDigest([], state, state)).toBeNull()
      expect(decisionsDigest([], state, rerouted(more))).not.toEqual(decisionsDigest([], state, rerouted(more + 1)))
      expect(decisionsDigest([], state, rerouted(more))).toEqual(decisionsDigest([], state, rerouted(more)))
    })
  )
})
