/** Laws of reloading: the new configuration is in force at once, and what is still named keeps what is known of it. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { accessFor, admits } from "../../src/core/access.ts"
import * as Candidates from "../../src/core/candidates.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { Config } from "../../src/core/model/Config.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import type { Move } from "../arbitraries/moves.ts"
import type { Script } from "../arbitraries/run.ts"
import { play, ruledScript } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

/** Lists, limits and sections change; every other reload changes no more than an interval. */
const reloaded = ruledScript(70).map((it): Script => {
  // Breakers that open soon are on in one configuration and off in the next.
  const on = it.reloads!.map((config, i) => ({
    ...config,
    enabled: true,
    sources: { ...config.sources, userStatic: true },
    upstreams: config.upstreams.map((one) => ({
      ...one,
      breaker: { ...one.breaker, failureThreshold: 1, enabled: i % 2 === 0 }
    }))
  }))
  return {
    ...it,
    config: on[0]!,
    reloads: on,
    moves: it.moves.map((one, i): Move =>
      i % 12 === 11
        ? { ...one, kind: "reload" }
        : i % 3 === 0 && one.kind !== "override"
        ? { ...one, kind: "answer", failure: one.pick % 3 === 0 ? "refused" : null, gapUs: Math.min(one.gapUs, 500_000) }
        : one
    )
  }
})

/** What a reload of the same scoring leaves as it is. */
const known = ({ latency, jitter, success, penalty, streak, baseline, breaker }: Candidate) => ({
  ...{ latency, jitter, success, penalty, streak, baseline },
  ...{ consecutive: breaker.consecutive, openings: breaker.openings, slowStartWeight: breaker.slowStartWeight }
})

const upstreamNamed = ({ upstreams }: Config, name: string) =>
  upstreams.find((one) => one.name === name && !one.removed && !one.onDemand)

describe("a reload", () => {
  law(
    "lists exactly the user's addresses that are admitted, and keeps sessions and measurements of those that stay",
    fc.property(reloaded, (it) => {
      play(it, ({ event }, before, { state }) => {
        if (event._tag !== "ConfigChanged") return
        met("the configuration was changed")
        for (const { id, name } of Upstreams.all(state)) {
          const is = upstreamNamed(event.config, name)
          if (is === undefined) continue
          const access = accessFor(event.config, is)
          const wanted = is.candidates.filter(({ host }) => admits(access, host)).map(({ host, port }) => `${host} ${port}`)
          const { listed } = Upstreams.find(state, id)!
          const byUser = Candidates.among(state, listed).filter(({ sources }) => sources.includes("user-static"))
          const found = byUser.map(({ host, port }) => `${host} ${port}`)
          if (before.upstreams !== state.upstreams) expect(found.toSorted()).toEqual([...new Set(wanted)].toSorted())
          if (Upstreams.find(before, id)?.name !== name) {
            met("an upstream was added")
            continue
          }
          met("an upstream stays")
          const stayed = Upstreams.isOn(before, id) && Upstreams.isOn(state, id)
          const alike = JSON.stringify(before.config.upstreams[id]!.identity) === JSON.stringify(is.identity)
          for (const after of Candidates.among(state, listed)) {
            const was = Candidates.find(before, after.id)
            if (was === undefined) {
              met("a candidate joined")
              continue
            }
            if (Candidates.connectionsOf(was) > 0) met("a candidate with sessions stays")
            expect(after.connections).toEqual(was.connections)
            if (!stayed || !alike || !Candidates.isListed(was) || was.breaker.state !== after.breaker.state) continue
            if (was.latency.atUs >= 0) met("a candidate that was measured stays")
            expect(known(after)).toEqual(known(was))
          }
        }
      })
    }),
    {
      share: 0.5,
      floors: {
        "the configuration was changed": 130,
        "an upstream was added": 63,
        "an upstream stays": 184,
        "a candidate joined": 90,
        "a candidate with sessions stays": 7,
        "a candidate that was measured stays": 34
      }
    }
  )

  law(
    "is in force at once: routes, rounds, breakers and warm sockets follow it, and nothing of a removed upstream is left to choose",
    fc.property(reloaded, (it) => {
      play(it, ({ event, at }, before, { state, decisions }) => {
        if (event._tag !== "ConfigChanged") return
        expect(decisions.filter(({ _tag }) => _tag === "ConfigApplied")).toHaveLength(1)
        expect([state.override, state.autoDisable.untilUs]).toEqual([null, -1])
        if (before.override !== null) met("an override ended")
        for (const { id, listed, members, roundDueUs, resolve, resolveDueUs } of Upstreams.all(state)) {
          const is = Upstreams.configOf(state, id)
          const routes = state.routes.upstreams[id]!
          if (is.removed) {
            met("an upstream was removed")
            expect([members, routes.members, listed]).toEqual([[], [], []])
            continue
          }
          const { policy, toleranceMs } = is.balancing
          expect(routes).toMatchObject({ policy, toleranceMs })
          const { deadlineMs, timeoutMs } = is.dial
          expect(routes.lastResort.deadlineMs).toBe(deadlineMs)
          for (const attempt of routes.lastResort.attempts) expect(attempt.timeoutMs).toBe(timeoutMs)
          if (!Upstreams.isOn(state, id)) continue
          const was = Upstreams.find(before, id)
          if (was !== undefined && was.roundDueUs > at + is.probing.intervalMs * 1000) met("a round was due too late")
          expect(roundDueUs).toBeLessThanOrEqual(at + is.probing.intervalMs * 1000)
          if (was !== undefined && was.resolveDueUs > at + is.dns.refreshMs * 1000) met("a query was due too late")
          // A query that is under way may take its time first.
          const waitMs = is.dns.refreshMs + (resolve === 0 ? 0 : is.dns.timeoutMs)
          expect(resolveDueUs).toBeLessThanOrEqual(at + waitMs * 1000)
          if (is.breaker.enabled) continue
          if (was !== undefined && was.shut > 0) met("open breakers were turned off")
          for (const one of Candidates.among(state, listed)) expect(one.breaker.state).toBe("closed")
        }
      })
    }),
    {
      share: 0.5,
      floors: {
        "an override ended": 17,
        "an upstream was removed": 99,
        "a round was due too late": 9,
        "a query was due too late": 12,
        "open breakers were turned off": 4
      }
    }
  )
})
