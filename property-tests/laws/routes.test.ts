import fc from "fast-check"
import { describe, expect } from "vitest"
import { admits } from "../../src/core/access.ts"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { DialPlan, UpstreamState } from "../../src/core/model/Routes.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"
import { routesOf } from "../../src/core/routes.ts"
import { play, ruledScript, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const cheapestFirst = (a: Candidate, b: Candidate) => a.costMs - b.costMs || a.id - b.id
const suspect = ({ suspicion }: Candidate) => suspicion.pending || suspicion.session

/** Contract 3.5: the first rung that has somebody, and whom it puts first. */
function rungOf(state: State, upstream: Upstream): { readonly name: UpstreamState; readonly first: ReadonlyArray<number> } {
  const { bypass, removed, host, fallback } = state.config.upstreams[upstream.id]!
  const { sources, access } = state.config
  const spares = sources.fallback && fallback.some((one) => admits(access, one.host))
  if (!(state.override ?? state.config.enabled) || bypass || removed) return { name: "disabled", first: [] }
  if (servingOf(state, upstream).length > 0) return { name: "active", first: [] }
  const kept = keptOf(state, upstream)
  const stale = upstream.stale.filter((id) => {
    return upstream.listed.includes(id) && id !== kept?.id && Candidates.find(state, id)!.breaker.state === "closed"
  })
  if (stale.length > 0) return { name: "stale", first: stale }
  const priors = upstream.priors.map((id) => Candidates.find(state, id)).filter((one) => one !== undefined).filter((one) =>
    upstream.listed.includes(one.id) && one.breaker.state === "closed" && one.id !== kept?.id && !suspect(one)
  )
  const known = priors.slice(0, state.config.upstreams[upstream.id]!.selector.activeSetSize).map(({ id }) => id)
  if (known.length > 0) return { name: "stale", first: known }
  const name = spares ? "fallback" : host === "" ? "unranked" : "system"
  const first = kept === undefined || (name !== "unranked" && kept.suspicion.session) ? [] : [kept.id]
  return { name, first }
}

/** Measured, unsuspected, not shut out, and not in the set: those that clients may go to beside it. */
function outsideOf(state: State, { listed, members }: Upstream): ReadonlyArray<Candidate> {
  return listed
    .map((id) => Candidates.find(state, id)!)
    .filter((one) => one.costMs >= 0 && one.breaker.state === "closed" && !suspect(one) && !members.includes(one.id))
    .sort(cheapestFirst)
}

/** The one that is closed only because it is the last, and has failed as often as would open it. */
function keptOf(state: State, { listed, id }: Upstream): Candidate | undefined {
  const closed = listed.map((one) => Candidates.find(state, one)!).filter(({ breaker }) => breaker.state === "closed")
  const { enabled, failureThreshold } = state.config.upstreams[id]!.breaker
  const [last] = closed
  if (closed.length !== 1 || last === undefined || !enabled) return undefined
  return Math.max(last.breaker.consecutive, last.breaker.consecutiveAfter) >= failureThreshold ? last : undefined
}

/** Contract 3.3: unsuspected members, else the best outside the set, else suspects. */
function servingOf(state: State, upstream: Upstream): ReadonlyArray<Candidate> {
  if (keptOf(state, upstream) !== undefined) return []
  const members = upstream.members.map((id) => Candidates.find(state, id)!)
  const trusted = members.filter((one) => !suspect(one))
  if (trusted.length > 0) return trusted
  const outside = outsideOf(state, upstream).slice(0, state.config.upstreams[upstream.id]!.selector.activeSetSize)
  return outside.length > 0 ? outside : members
}

describe("routes", () => {
  law(
    "are the same object as long as they say the same, and otherwise the next version",
    fc.property(script(), (it) => {
      play(it, (_entry, before, { state }) => {
        const [was, is] = [routesOf(before), routesOf(state)]
        if (JSON.stringify(was.upstreams) === JSON.stringify(is.upstreams)) expect(is).toBe(was)
        else expect(is.version).toBe(was.version + 1)
        is.upstreams.forEach((routes, i) => {
          if (JSON.stringify(routes) === JSON.stringify(was.upstreams[i])) expect(routes).toBe(was.upstreams[i])
        })
      })
    })
  )

  law(
    "list who serves, with what they cost now and their share",
    fc.property(fc.oneof(script(), ruledScript()), (it) => {
      play(it, (_entry, _before, { state }) => {
        for (const upstream of Vector.toArray(state.upstreams)) {
          const { members, state: name, silentAfterMs } = routesOf(state).upstreams[upstream.id]!
          expect(members.map(({ candidate }) => candidate)).toEqual(servingOf(state, upstream).map(({ id }) => id))
          expect(name).toBe(rungOf(state, upstream).name)
          for (const { candidate, warmMs, dialMs, share } of members) {
            const { costMs, latency, breaker } = Candidates.find(state, candidate)!
            expect([warmMs, dialMs, share]).toEqual([costMs, costMs + latency.value, breaker.share])
          }
          const { firstByte } = upstream
          const usualMs = Math.max(100, firstByte.atUs < 0 ? 0 : 3 * firstByte.value)
          expect(Math.abs(silentAfterMs - usualMs)).toBeLessThanOrEqual(silentAfterMs / 5)
        }
      })
    })
  )

  law(
    "hold plans that can be run blindly: those that serve, then down the ladder",
    fc.property(fc.oneof(script(), ruledScript()), (it) => {
      play(it, (_entry, before, { state }) => {
        if (state.routes === before.routes) return
        met("routes changed")
        for (const { id, members, lastResort } of routesOf(state).upstreams) {
          const upstream = Vector.get(state.upstreams, id)!
          const { attempts: most } = state.config.upstreams[id]!
          expectPlan(state, upstream, lastResort, rungOf(state, upstream).first)
          const chosen = servingOf(state, upstream).map((one) => one.id)
          const outside = outsideOf(state, upstream).map((one) => one.id).filter((one) => !chosen.includes(one))
          for (const { candidate, plan } of members) {
            const others = chosen.filter((one) => one !== candidate)
            expectPlan(state, upstream, plan, [candidate, ...others, ...outside].slice(0, most))
          }
        }
      })
    }),
    { floors: { "routes changed": 560 } }
  )
})

/** First `first`, then fallback, the name's addresses and the list, each list only after the one before it had its time. */
function expectPlan(state: State, upstream: Upstream, { attempts, deadlineMs }: DialPlan, first: ReadonlyArray<number>) {
  const { dial, dns, host, port } = state.config.upstreams[upstream.id]!
  const { lastResortAttempts: most, timeoutMs, raceDelayMs } = dial
  const isOff = rungOf(state, upstream).name === "disabled"
  const spares = isOff ? [] : upstream.fallback.filter((one) => !first.includes(one)).slice(0, most)
  const listed = upstream.listed.filter((one) => ![...first, ...spares].includes(one)).slice(0, most)
  const expected: Array<readonly [candidate: number, startAfterMs: number]> = []
  let fromMs = 0
  const add = (ids: ReadonlyArray<number>) => {
    ids.forEach((one, i) => expected.push([one, fromMs + i * raceDelayMs]))
    if (ids.length > 0) fromMs += (ids.length - 1) * raceDelayMs + timeoutMs
  }
  add(first)
  add(spares)
  if (host !== "") {
    expected.push([-1, fromMs])
    fromMs += dns.timeoutMs + timeoutMs
  }
  add(listed)
  expect(attempts.map(({ candidate, startAfterMs }) => [candidate, startAfterMs])).toEqual(expected)
  expect(deadlineMs).toBe(dial.deadlineMs)
  for (const attempt of attempts) {
    expect(attempt.timeoutMs).toBe(timeoutMs)
    if (attempt.candidate < 0) {
      expect(attempt).toMatchObject({ host, port, resolve: { timeoutMs: dns.timeoutMs, raceDelayMs, most } })
      continue
    }
    const candidate = Candidates.find(state, attempt.candidate)!
    const { latency, gathered, prior } = candidate
    const slowest = Math.max(0, ...gathered.filter((tookMs) => tookMs < 1_000))
    const known = Math.max(slowest, latency.atUs < 0 ? prior?.latencyMs ?? 0 : latency.value)
    const patience = attempt.suspectAfterMs / Math.max(100, 3 * known)
    expect(patience).toBeGreaterThan(0.999_999)
    expect(patience).toBeLessThan(1.100_001)
    expect(Number.isInteger(attempt.suspectAfterMs)).toBe(true)
    expect(candidate).toMatchObject({ host: attempt.host, port: attempt.port, upstream: upstream.id })
    expect(attempt.resolve).toBeUndefined()
  }
}
