import fc from "fast-check"
import { describe, expect } from "vitest"
import { advance } from "../../src/core/advance.ts"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { SLOTS } from "../../src/core/model/Candidate.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { State } from "../../src/core/model/State.ts"
import { initial } from "../../src/core/state.ts"
import { config } from "../arbitraries/config.ts"
import { play, script, wanderingScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const start = (state: State) =>
  advance(state, { seq: state.seq + 1, at: state.at, event: { _tag: "Started", worker: 0, wallMs: 0 } }).state
const present = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const nameOf = ({ host, port }: { readonly host: string; readonly port: number }) => `${host} ${port}`
const measured = ({ latency, jitter, success, penalty, streak, baseline, costMs, lastSampleAtUs }: Candidate) => ({
  ...{ latency, jitter, success, penalty, streak, baseline, costMs, lastSampleAtUs }
})
const isIdle = ({ connections, probe, warm }: Candidate) =>
  connections.every((count) => count === 0) && probe === 0 && warm.ready.length + warm.dialling.length === 0

describe("membership", () => {
  law(
    "has one candidate for each different address, in configured order, numbered from 1",
    fc.property(config, (config) => {
      const state = start(initial(config, 1))
      config.upstreams.forEach(({ candidates }, id) => {
        const names = [...new Set(candidates.map(nameOf))]
        const { listed, nextOrdinal, unsampled } = Vector.get(state.upstreams, id)!
        const own = listed.map((id) => present(state).find((one) => one.id === id)!)
        expect(own.map(nameOf)).toEqual(names)
        expect(own.map(({ ordinal }) => ordinal)).toEqual(names.map((_, i) => i + 1))
        expect([nextOrdinal, unsampled]).toEqual([names.length + 1, names.length])
        expect(own.every((one) => one.upstream === id && one.sources.join() === "user-static")).toBe(true)
      })
      expect(present(state)).toHaveLength(Vector.toArray(state.upstreams).flatMap(({ listed }) => listed).length)
    })
  )

  law(
    "lists the union of what its sources name and of what served on the last resort, while there is room, and knows what left",
    fc.property(script(120), (it) => {
      /** The resolver's last answer for each upstream; while a server is silent, at most twice in a row, an answer only adds. */
      const named = new Map<number, ReadonlyArray<string>>()
      const silences = new Map<number, number>()
      play(it, ({ event }, before, { state, decisions }) => {
        if (event._tag === "Resolved" && event.addresses.length > 0) {
          const { port } = it.config.upstreams[event.upstream] ?? { port: 0 }
          const asked = Vector.get(before.upstreams, event.upstream)?.resolve
          if (asked === event.resolve && asked !== 0) {
            const told = event.addresses.map((host) => nameOf({ host, port }))
            const silence = event.silent === 0 ? 0 : (silences.get(event.upstream) ?? 0) + 1
            if (event.more !== true) silences.set(event.upstream, silence)
            else met("an answer comes in parts")
            named.set(
              event.upstream,
              event.more === true || silence === 1 || silence === 2 ? [...(named.get(event.upstream) ?? []), ...told] : told
            )
          }
        }
        // An address that served on the last resort counts as named by the resolver, until its next answer.
        const stranger = event._tag === "ClientAccepted" && event.candidate === "system"
          ? event.tried.find(({ candidate, outcome }) => candidate === "system" && outcome === "connected")?.host
          : undefined
        if (event._tag === "ClientAccepted" && stranger !== undefined) {
          const { host, port } = it.config.upstreams[event.upstream]!
          const name = nameOf({ host: stranger, port })
          const told = named.get(event.upstream) ?? []
          if (host !== "" && !told.includes(name)) named.set(event.upstream, [...told, name])
          met("an address that was no candidate served")
        }
        for (const { id, listed, left } of Vector.toArray(state.upstreams)) {
          const byHistory = listed.map((one) => Candidates.find(state, one)!).filter(({ sources }) =>
            sources.includes("history")
          )
          const wanted = new Set(
            [...it.config.upstreams[id]!.candidates, ...byHistory].map(nameOf).concat(named.get(id) ?? [])
          )
          const names = listed.map((one) => nameOf(Candidates.find(state, one)!))
          expect(new Set(names).size).toBe(names.length)
          expect(names.filter((name) => !wanted.has(name))).toEqual([])
          expect(listed.length).toBeLessThanOrEqual(it.config.maxCandidates)
          expect(listed.length + left.length).toBeLessThanOrEqual(it.config.maxCandidates)
          if (it.config.maxCandidates >= 10_000) expect(names.toSorted()).toEqual([...wanted].toSorted())
          const all = present(state).filter((one) => one.upstream === id).map((one) => one.id)
          expect([...listed, ...left].toSorted()).toEqual(all.toSorted())
          const was = Vector.get(before.upstreams, id)?.listed ?? []
          const fact = decisions.find((one) => one._tag === "MembershipChanged" && one.upstream === id)
          if (event._tag === "Started") continue
          const joined = listed.filter((one) => !was.includes(one))
          const gone = was.filter((one) => !listed.includes(one))
          if (joined.length > 0) met("one joined")
          if (gone.length > 0) met("one left")
          if (it.config.maxCandidates < 10_000 && names.length < wanted.size) met("there was no room")
          if (joined.length + gone.length === 0) expect(fact).toBeUndefined()
          else expect(fact).toMatchObject({ joined: expect.arrayContaining(joined), left: gone })
        }
      })
    }),
    {
      share: 0.5,
      floors: {
        "an answer comes in parts": 12,
        "an address that was no candidate served": 17,
        "one joined": 36,
        "one left": 9,
        "there was no room": 450
      }
    }
  )

  law(
    "lets candidates that left drain: no probe, no warm dial, no new client, and measurements are kept",
    fc.property(wanderingScript(100), (it) => {
      play(it, ({ at }, before, { state, decisions }) => {
        const gone = present(state).filter(({ sources }) => sources.length === 0)
        for (const decision of decisions) {
          if (decision._tag !== "Probe" && decision._tag !== "DialWarm") continue
          met("a probe or warm dial was asked for")
          expect(gone.some(({ id }) => id === decision.candidate)).toBe(false)
        }
        for (const { members, lastResort } of state.routes.upstreams) {
          const offered = [lastResort, ...members.map(({ plan }) => plan)].flatMap(({ attempts }) => attempts)
          for (const { candidate } of offered) expect(gone.some(({ id }) => id === candidate)).toBe(false)
        }
        for (const after of gone) {
          const was = Candidates.find(before, after.id)!
          // Its cost may expire in the very moment.
          const expires = was.expireDueUs >= 0 && was.expireDueUs <= at && after.costMs < 0
          const kept = expires ? { ...measured(was), costMs: -1 } : measured(was)
          if (was.sources.length > 0) {
            met("one left")
            if (was.costMs >= 0) met("one left that had been measured")
            expect(measured(after)).toEqual(kept)
          }
          expect(after.queue).toBe("none")
        }
        // A candidate that comes back is the same one, with what was known of it.
        for (const was of present(before)) {
          const back = Candidates.find(state, was.id)
          if (was.sources.length > 0 || (back?.sources.length ?? 0) === 0) continue
          met("one returned")
          expect(measured(back!)).toEqual(measured(was))
        }
      })
    }),
    {
      floors: {
        "a probe or warm dial was asked for": 1_300,
        "one left": 420,
        "one left that had been measured": 30,
        "one returned": 120
      }
    }
  )

  law(
    "forgets a candidate that left after staleFor, or sooner for lack of room, but never one in use",
    fc.property(wanderingScript(100), (it) => {
      play(it, ({ event, at }, before, { state }) => {
        for (const was of present(before)) {
          const { staleForMs } = it.config.upstreams[was.upstream]!
          const after = Candidates.find(state, was.id)
          if (was.sources.length > 0 && after?.sources.length === 0) expect(after.forgetDueUs).toBe(at + staleForMs * 1000)
          if (after === undefined) {
            met(event._tag === "Ticked" ? "one was forgotten in time" : "one was forgotten for lack of room")
            // A candidate that leaves may make room at once for those that come.
            expect(was.sources.filter((source) => event._tag !== "Resolved" || source !== "dns")).toEqual([])
            // With a new process everything is over that was under way in the old one.
            if (event._tag !== "Started") expect(isIdle(was)).toBe(true)
            if (event._tag === "Ticked") expect(at).toBeGreaterThanOrEqual(was.forgetDueUs)
            else expect(it.config.maxCandidates).toBeLessThan(10_000)
          } else if (event._tag === "Ticked" && was.sources.length === 0 && at >= was.forgetDueUs) {
            met("one was kept in use")
            expect(isIdle(was)).toBe(false)
          }
        }
      })
    }),
    {
      floors: {
        "one was forgotten in time": 130,
        "one was forgotten for lack of room": 47,
        "one was kept in use": 100
      }
    }
  )

  law(
    "forgets sockets when a process starts again, but no measurement, and adds no candidate twice",
    fc.property(script(), (it) => {
      const { last } = play({ ...it, moves: it.moves.filter(({ kind }) => kind !== "history") })
      const again = start(last)
      expect(Vector.toArray(again.upstreams).map(({ listed }) => listed))
        .toEqual(Vector.toArray(last.upstreams).map(({ listed }) => listed))
      present(again).forEach((after, i) => {
        const before = present(last)[i]!
        if (before.warm.ready.length > 0) met("one had warm sockets")
        if (Candidates.connectionsOf(before) > 0) met("one had sessions")
        if (before.probe !== 0) met("one had a probe under way")
        expect(measured(after)).toEqual(measured(before))
        expect(Candidates.connectionsOf(after)).toBe(0)
        expect(after.warm.ready).toEqual([])
        expect(after.suspicion.silent).toEqual([])
        expect(after.probe === 0 || !last.probing.inFlight.some(({ probe }) => probe === after.probe)).toBe(true)
      })
    }),
    { floors: { "one had warm sockets": 8, "one had sessions": 24, "one had a probe under way": 230 } }
  )

  law(
    "mints ids that no candidate had before, in new slots, in freed ones and after a restart of the core",
    fc.property(config, fc.nat(12), fc.integer({ min: 1, max: 2 ** 26 }), (config, freed, generation) => {
      const first = start(initial(config, 1, { probe: 1, warm: 1, resolve: 1, generation }))
      const used = new Set(present(first).map(({ id }) => id))
      const { minted } = first
      const restarted = start(initial(config, 2, { ...minted, generation: minted.generation + 1 }))
      for (const { id } of present(restarted)) expect(used.has(id)).toBe(false)
      // As if that many candidates had left: their slots are free, their ids are spent.
      const holes = Math.min(freed, present(first).length)
      const emptied: State = {
        ...initial(config, 3, minted),
        candidates: Vector.fromArray(Array.from({ length: present(first).length }, () => null)),
        freeSlots: Array.from({ length: holes }, (_, i) => i)
      }
      const refilled = present(start(emptied))
      if (holes > 0) met("a slot was free")
      expect(new Set(refilled.map(({ id }) => id)).size).toBe(refilled.length)
      for (const { id } of refilled) {
        expect(used.has(id)).toBe(false)
        expect(refilled.find((one) => one.id % SLOTS === id % SLOTS)!.id).toBe(id)
      }
    }),
    { floors: { "a slot was free": 66 } }
  )
})
