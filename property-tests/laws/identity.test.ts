/** Laws of identity: a candidate without the certificate serves no client unproven, and one that failed its proof serves nowhere. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { cheapFault, faults } from "../../src/core/invariants.ts"
import type { CandidateRef } from "../../src/core/model/Candidate.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import type { Move } from "../arbitraries/moves.ts"
import { play, provenScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const plansOf = (state: State, id: number) => {
  const routes = state.routes.upstreams[id]!
  return [routes.lastResort, ...routes.members.map(({ plan }) => plan)].flatMap(({ attempts }) => attempts)
}

/** The candidates that an event shows to have the certificate, and those that could not show it. */
function told(event: Event): { readonly shown: ReadonlyArray<CandidateRef>; readonly failed: ReadonlyArray<CandidateRef> } {
  switch (event._tag) {
    case "ProbeSucceeded":
      return { shown: event.identity === "verified" ? [event.candidate] : [], failed: [] }
    case "ProbeFailed":
      return { shown: [], failed: event.reason === "certificate" ? [event.candidate] : [] }
    case "Raced":
    case "ClientAccepted":
      return {
        shown: event.tried.filter(({ verified }) => verified === true).map(({ candidate }) => candidate),
        failed: event.tried.filter(({ outcome }) => outcome === "certificate").map(({ candidate }) => candidate)
      }
    default:
      return { shown: [], failed: [] }
  }
}

/** Many proofs fail. */
const failing = provenScript().map((it) => ({
  ...it,
  moves: it.moves.map((one): Move => one.pick % 3 > 0 ? one : { ...one, kind: "answer", failure: "certificate" })
}))

describe("proofs of identity", () => {
  law(
    "break no invariant, whatever candidates answer and whatever a reload asks for",
    fc.property(failing, (it) => {
      play(it, (entry, before, { state }) => {
        if (told(entry.event).failed.length > 0) met("a proof failed")
        if (told(entry.event).shown.length > 0) met("a proof was given")
        expect(faults(state), `after entry ${entry.seq} (${entry.event._tag})`).toEqual([])
        expect(cheapFault(before, state)).toBeNull()
      })
    }),
    { share: 0.5, floors: { "a proof failed": 41, "a proof was given": 14 } }
  )

  law(
    "that failed keep their candidate out of the set, the routes and new warm dials",
    fc.property(failing, (it) => {
      play(it, (_entry, _before, { state, decisions }) => {
        const hasFailed = (id: CandidateRef) => Candidates.find(state, id)?.identity.state === "failed"
        if (Vector.toArray(state.candidates).some((one) => one?.identity.state === "failed")) met("a proof had failed")
        for (const { id, members } of Vector.toArray(state.upstreams)) {
          expect(members.filter(hasFailed)).toEqual([])
          expect(plansOf(state, id).filter(({ candidate }) => hasFailed(candidate))).toEqual([])
        }
        expect(decisions.filter((one) => one._tag === "DialWarm" && hasFailed(one.candidate))).toEqual([])
      })
    }),
    { share: 0.5, floors: { "a proof had failed": 207 } }
  )

  law(
    "since the last change of identity are needed for the set, for being chosen and for warm sockets",
    fc.property(provenScript(), (it) => {
      const shown = new Set<CandidateRef>()
      play(it, (entry, before, { state, decisions }) => {
        const said = told(entry.event)
        for (const one of said.shown) shown.add(one)
        for (const { id } of Vector.toArray(state.upstreams)) {
          const was = before.config.upstreams[id]?.identity ?? null
          const { identity } = Upstreams.configOf(state, id)
          if (JSON.stringify(was) !== JSON.stringify(identity)) {
            for (const one of Vector.toArray(state.candidates)) if (one?.upstream === id) shown.delete(one.id)
          }
          if (identity === null) continue
          met("an upstream asked for a proof")
          const chosen = [
            ...Vector.get(state.upstreams, id)!.members,
            ...state.routes.upstreams[id]!.members.map((one) => one.candidate)
          ]
          expect(chosen.filter((one) => !shown.has(one))).toEqual([])
        }
        for (const one of decisions) {
          if (one._tag !== "DialWarm") continue
          met("a warm dial was asked for")
          const { upstream } = Candidates.find(state, one.candidate)!
          if (Upstreams.configOf(state, upstream).identity !== null) expect(shown.has(one.candidate)).toBe(true)
        }
      })
    }),
    { floors: { "an upstream asked for a proof": 2_900, "a warm dial was asked for": 100 } }
  )

  law(
    "are asked for in plans exactly from addresses that have given none, and from none while the upstream is off",
    fc.property(provenScript(), (it) => {
      play(it, (_entry, before, { state }) => {
        if (state.routes === before.routes) return
        met("routes changed")
        for (const { id } of Vector.toArray(state.upstreams)) {
          const { identity, port } = Upstreams.configOf(state, id)
          const asks = Upstreams.isOn(state, id) ? identity ?? undefined : undefined
          for (const { candidate, verify, resolve } of plansOf(state, id)) {
            const known = Candidates.find(state, candidate)
            expect(verify).toEqual(known?.identity.state === "verified" ? undefined : asks)
            for (const host of resolve?.avoid ?? []) {
              const impostors = Vector.toArray(state.candidates).filter((one) => one?.upstream === id && one.host === host)
              expect(impostors.some((one) => one?.port === port && one.identity.state === "failed")).toBe(true)
            }
          }
        }
      })
    }),
    { floors: { "routes changed": 510 } }
  )

  law(
    "are asked for by probes exactly when due: when never given, when failed, or a scoreTtl after the last one",
    fc.property(provenScript(), (it) => {
      const provenAtUs = new Map<number, number>()
      play(it, ({ at, event }, before, { state, decisions }) => {
        for (const one of Vector.toArray(before.candidates)) {
          if (one === null) continue
          const is = Candidates.find(state, one.id)
          if (is?.identity.state === "verified" && is.identity.atUs === at) provenAtUs.set(one.id, at)
        }
        for (const one of decisions) {
          if (one._tag !== "Probe") continue
          met("a probe was asked for")
          const candidate = Candidates.find(state, one.candidate)!
          const { identity, scoreTtlMs } = Candidates.configOf(state, candidate)
          const since = candidate.identity.state === "verified" ? provenAtUs.get(candidate.id) ?? -1 : -1
          // scoreTtl may have changed since the proof was given.
          if (since >= 0 && event._tag !== "ConfigChanged" && candidate.identity.dueUs - since === scoreTtlMs * 1000) {
            expect(one.identity).toEqual(at - since >= scoreTtlMs * 1000 ? identity : null)
          }
          if (since < 0) expect(one.identity).toEqual(identity)
        }
      })
    }),
    { floors: { "a probe was asked for": 320 } }
  )
})
