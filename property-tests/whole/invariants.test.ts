/** What must hold after every entry of any run, and what must never come twice. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { Minted } from "../../src/core/model/State.ts"
import { cheapFault, faults } from "../../src/core/invariants.ts"
import { darkScript, farScript, play, ruledScript, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

/** What concerns all candidates at once. */
const FOR_ALL: ReadonlyArray<Decision["_tag"]> = ["OutageBegan", "OutageEnded", "AutoDisabled", "AutoEnabled"]

describe("in any run", () => {
  law(
    "no invariant is broken after any entry",
    fc.property(script(), (it) => {
      play(it, (entry, before, { state, late }) => {
        expect(faults(state), `after entry ${entry.seq} (${entry.event._tag})`).toEqual([])
        expect(cheapFault(before, state)).toBeNull()
        expect(late, `in entry ${entry.seq} (${entry.event._tag})`).toBeNull()
      })
    })
  )

  law(
    "no invariant is broken when the configuration changes, everything is turned off and on, and upstreams are refreshed",
    fc.property(ruledScript(), (it) => {
      play(it, (entry, before, { state, late }) => {
        const { _tag: tag } = entry.event
        if (tag === "ConfigChanged" || tag === "EnabledOverridden" || tag === "RefreshRequested") met(tag)
        expect(faults(state), `after entry ${entry.seq} (${entry.event._tag})`).toEqual([])
        expect(cheapFault(before, state)).toBeNull()
        expect(late, `in entry ${entry.seq} (${entry.event._tag})`).toBeNull()
      })
    }),
    { floors: { ConfigChanged: 86, EnabledOverridden: 78, RefreshRequested: 91 } }
  )

  law(
    "no invariant is broken in local outages and by auto-disable",
    fc.property(fc.oneof(farScript(), darkScript(100)), (it) => {
      play(it, (entry, before, { state, decisions, late }) => {
        for (const { _tag: tag } of decisions) if (FOR_ALL.includes(tag)) met(tag)
        expect(faults(state), `after entry ${entry.seq} (${entry.event._tag})`).toEqual([])
        expect(cheapFault(before, state)).toBeNull()
        expect(late, `in entry ${entry.seq} (${entry.event._tag})`).toBeNull()
      })
    }),
    { floors: { OutageBegan: 18, OutageEnded: 6, AutoDisabled: 1, AutoEnabled: 1 } }
  )

  law(
    "no id of a probe, a warm socket, a query or a candidate comes twice, and a candidate keeps its id",
    fc.property(fc.oneof(script(), farScript()), (it) => {
      const ids = new Set<string>()
      const numberOf = (decision: Decision): readonly [keyof Minted, number] | undefined => {
        if (decision._tag === "Probe") return ["probe", decision.probe]
        if (decision._tag === "DialWarm") return ["warm", decision.warm]
        return decision._tag === "Resolve" ? ["resolve", decision.resolve] : undefined
      }
      const owners = new Map<number, string>()
      /** How often a slot changed hands: the next upstream in it counts its candidates anew. */
      const lives = new Map<number, number>()
      play(it, (_entry, before, { state, decisions }) => {
        for (const decision of decisions) {
          const [kind, id] = numberOf(decision) ?? []
          if (kind === undefined || id === undefined) continue
          expect(ids.has(`${kind} ${id}`), `${kind} ${id} twice`).toBe(false)
          expect(id).toBeGreaterThanOrEqual(before.minted[kind])
          expect(id).toBeLessThan(state.minted[kind])
          ids.add(`${kind} ${id}`)
        }
        for (const { id, name, listed, left } of Vector.toArray(state.upstreams)) {
          const was = Vector.get(before.upstreams, id)
          // A name on demand hands its candidates over to the upstream that is configured for it.
          const isHeir = was !== undefined
            && [...listed, ...left].some((one) => was.listed.includes(one) || was.left.includes(one))
          if (was?.name !== name && !isHeir) lives.set(id, (lives.get(id) ?? 0) + 1)
        }
        for (const candidate of Vector.toArray(state.candidates)) {
          if (candidate === null) continue
          const owner = `${candidate.upstream} ${
            lives.get(candidate.upstream)
          } ${candidate.host} ${candidate.port} ${candidate.ordinal}`
          expect(owners.get(candidate.id) ?? owner).toBe(owner)
          owners.set(candidate.id, owner)
        }
      })
      expect(new Set(owners.values()).size).toBe(owners.size)
    })
  )

  law(
    "one entry folded twice from the same state gives the same state, decisions and digest",
    fc.property(script(40), (it) => {
      const once = play(it)
      const twice = play(it)
      expect(twice.entries).toEqual(once.entries)
      expect(twice.advanced.map(({ digest, decisions }) => ({ digest, decisions })))
        .toEqual(once.advanced.map(({ digest, decisions }) => ({ digest, decisions })))
      expect(twice.last).toEqual(once.last)
    }),
    { share: 0.5 }
  )
})
