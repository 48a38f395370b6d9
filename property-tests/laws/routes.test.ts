import fc from "fast-check"
import { describe, expect } from "vitest"
import { admits } from "../../src/core/access.ts"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate, Endpoint } from "../../src/core/model/Candidate.ts"
import type { DialPlan, UpstreamState } from "../../src/core/model/Routes.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"
import { routesOf } from "../../src/core/routes.ts"
import { play, ruledScript, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const cheapestFirst = (a: Candidate, b: Candidate) => a.costMs - b.costMs || a.id - b.id
const suspect = ({ suspicion }: Candidate) => suspicion.pending || suspicion.session

interface Rung {
  readonly name: UpstreamState
  readonly first: ReadonlyArray<number>
  /** The candidates from before a common cause, behind the first list that follows. */
  readonly then: ReadonlyArray<number>
}

/** Contract 3.5: the first rung that has a candidate, and which candidates it puts first. */
function rungOf(state: State, upstream: Upstream): Rung {
  const rung = rungWithout(state, upstream)
  const [order, then] = [orderOf(state, upstream), []]
  const isLowest = state.config.upstreams[upstream.id]!.host === ""
  if (rung.name === "disabled") return { ...rung, first: isLowest ? order : [], then }
  if (!isPanic(state, upstream)) return { ...rung, then }
  const name = rung.hasSpares ? "fallback" : isLowest ? "unranked" : "system"
  return { name, first: name === "unranked" ? order : [], then: order }
}

/** Whether as many failures as open a breaker came since all candidates of the order failed. */
function isPanic(state: State, { trouble, id }: Upstream): boolean {
  const { failureThreshold } = state.config.upstreams[id]!.breaker
  return trouble !== null && trouble.commonAtUs >= 0 && trouble.failures >= failureThreshold
}

/** The order from before the trouble, without candidates that left; where sessions fail, each failure turns it. */
function orderOf(state: State, { trouble, listed }: Upstream): ReadonlyArray<number> {
  const { order, byConnect, turn } = trouble ?? { order: [], byConnect: true, turn: 0 }
  const turned = order.map((_, i) => order[(i + (byConnect ? 0 : turn)) % order.length]!)
  return turned.filter((id) => Candidates.find(state, id) !== undefined && listed.includes(id))
}

function rungWithout(state: State, upstream: Upstream): Omit<Rung, "then"> & { readonly hasSpares: boolean } {
  const { host, fallback } = state.config.upstreams[upstream.id]!
  const { sources, access } = state.config
  const hasSpares = sources.fallback && fallback.some((one) => admits(access, one.host))
  if (isOff(state, upstream)) return { name: "disabled", first: [], hasSpares }
  if (servingOf(state, upstream).length > 0) return { name: "active", first: [], hasSpares }
  const kept = keptOf(state, upstream)
  const stale = upstream.stale.filter((id) => {
    return upstream.listed.includes(id) && id !== kept?.id && Candidates.find(state, id)!.breaker.state === "closed"
  })
  if (stale.length > 0) return { name: "stale", first: stale, hasSpares }
  const priors = upstream.priors.map((id) => Candidates.find(state, id)).filter((one) => one !== undefined).filter((one) =>
    upstream.listed.includes(one.id) && one.breaker.state === "closed" && one.id !== kept?.id && !suspect(one)
  )
  const known = priors.slice(0, state.config.upstreams[upstream.id]!.selector.activeSetSize).map(({ id }) => id)
  if (known.length > 0) return { name: "stale", first: known, hasSpares }
  const name = hasSpares ? "fallback" : host === "" ? "unranked" : "system"
  const first = kept === undefined || (name !== "unranked" && kept.suspicion.session) ? [] : [kept.id]
  return { name, first, hasSpares }
}

/** Measured, not suspected, with a closed breaker, and not in the set: clients may go to these beside the set. */
function outsideOf(state: State, { listed, members }: Upstream): ReadonlyArray<Candidate> {
  return listed
    .map((id) => Candidates.find(state, id)!)
    .filter((one) => one.costMs >= 0 && one.breaker.state === "closed" && !suspect(one) && !members.includes(one.id))
    .sort(cheapestFirst)
}

/** The panic candidate: its breaker is closed only because it is the last, and it has failed as often as would open it. */
function keptOf(state: State, { listed, id }: Upstream): Candidate | undefined {
  const closed = listed.map((one) => Candidates.find(state, one)!).filter(({ breaker }) => breaker.state === "closed")
  const { enabled, failureThreshold } = state.config.upstreams[id]!.breaker
  const [last] = closed
  if (closed.length !== 1 || last === undefined || !enabled) return undefined
  return Math.max(last.breaker.consecutive, last.breaker.consecutiveAfter) >= failureThreshold ? last : undefined
}

/** Whether an operator, or auto-disable, has turned it off. */
function isOff(state: State, { id }: Upstream): boolean {
  const { bypass, removed } = state.config.upstreams[id]!
  return !(state.override ?? state.config.enabled) || bypass || removed
}

/** Contract 3.3: unsuspected members, else the best outside the set, else suspects; none when it is off, or all fail together. */
function servingOf(state: State, upstream: Upstream): ReadonlyArray<Candidate> {
  if (isOff(state, upstream) || isPanic(state, upstream) || keptOf(state, upstream) !== undefined) return []
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
        const isSame = JSON.stringify(was.upstreams) === JSON.stringify(is.upstreams)
        met(isSame ? "routes say the same" : "routes changed")
        if (isSame) expect(is).toBe(was)
        else expect(is.version).toBe(was.version + 1)
        is.upstreams.forEach((routes, i) => {
          if (JSON.stringify(routes) === JSON.stringify(was.upstreams[i])) expect(routes).toBe(was.upstreams[i])
        })
      })
    }),
    { floors: { "routes say the same": 1_800, "routes changed": 640 } }
  )

  law(
    "list the candidates that serve, with their cost and slow-start weight",
    fc.property(fc.oneof(script(), ruledScript()), (it) => {
      play(it, (_entry, _before, { state }) => {
        for (const upstream of Vector.toArray(state.upstreams)) {
          const { members, state: name, silentAfterMs } = routesOf(state).upstreams[upstream.id]!
          expect(members.map(({ candidate }) => candidate)).toEqual(servingOf(state, upstream).map(({ id }) => id))
          met(`the rung is ${name}`)
          if (members.some(({ slowStartWeight }) => slowStartWeight < 1)) met("a member is in slow start")
          expect(name).toBe(rungOf(state, upstream).name)
          for (const { candidate, warmMs, dialMs, slowStartWeight } of members) {
            const { costMs, latency, breaker } = Candidates.find(state, candidate)!
            expect([warmMs, dialMs, slowStartWeight]).toEqual([costMs, costMs + latency.value, breaker.slowStartWeight])
          }
          const { firstByte } = upstream
          const usualMs = Math.max(100, firstByte.atUs < 0 ? 0 : 3 * firstByte.value)
          expect(Math.abs(silentAfterMs - usualMs)).toBeLessThanOrEqual(silentAfterMs / 5)
        }
      })
    }),
    {
      floors: {
        "the rung is active": 950,
        "the rung is stale": 250,
        "the rung is fallback": 320,
        "the rung is system": 1_300,
        "the rung is unranked": 1_000,
        "the rung is disabled": 1_200,
        "a member is in slow start": 41
      }
    }
  )

  law(
    "hold plans that need no decision: first the candidates that serve, then the rungs of the ladder",
    fc.property(fc.oneof(script(), ruledScript()), (it) => {
      play(it, (_entry, before, { state }) => {
        if (state.routes === before.routes) return
        met("routes changed")
        for (const { id, members, lastResort } of routesOf(state).upstreams) {
          const upstream = Vector.get(state.upstreams, id)!
          const { attempts: most } = state.config.upstreams[id]!
          const { first, then } = rungOf(state, upstream)
          if (then.length > 0) met("all candidates of the order had failed")
          if (members.length > 1) met("several members serve")
          expectPlan(state, upstream, lastResort, first, then)
          const chosen = servingOf(state, upstream).map((one) => one.id)
          const outside = outsideOf(state, upstream).map((one) => one.id).filter((one) => !chosen.includes(one))
          for (const { candidate, plan } of members) {
            const others = chosen.filter((one) => one !== candidate)
            expectPlan(state, upstream, plan, [candidate, ...others, ...outside].slice(0, most), [])
          }
        }
      })
    }),
    { floors: { "routes changed": 560, "all candidates of the order had failed": 15, "several members serve": 32 } }
  )
})

/**
 * First `first`, then fallback, the name's addresses and the list, and `then` behind the first of those three that there is; each
 * joins the race `raceDelay` after the last attempt before it, or once that one has been pending for too long, if that is later.
 */
function expectPlan(
  state: State,
  upstream: Upstream,
  { attempts, deadlineMs }: DialPlan,
  first: ReadonlyArray<number>,
  then: ReadonlyArray<number>
) {
  const { dial, dns, host, port } = state.config.upstreams[upstream.id]!
  const { lastResortAttempts: most, timeoutMs, raceDelayMs } = dial
  const isOff = rungOf(state, upstream).name === "disabled"
  const expected: Array<readonly [candidate: Endpoint, startAfterMs: number]> = []
  let fromMs = 0
  const suspectAfterMs = (id: number) => attempts.find(({ candidate }) => candidate === id)?.suspectAfterMs ?? 0
  const add = (ids: ReadonlyArray<number>, most: number) => {
    const more = ids.filter((id) => !expected.some(([known]) => known === id)).slice(0, most)
    more.forEach((one, i) => expected.push([one, fromMs + i * raceDelayMs]))
    const last = more.at(-1)
    if (last === undefined) return
    fromMs += (more.length - 1) * raceDelayMs + Math.min(timeoutMs, Math.max(raceDelayMs, suspectAfterMs(last)))
  }
  const addName = () => {
    if (host === "") return
    expected.push(["system", fromMs])
    fromMs += raceDelayMs
  }
  const spares = isOff ? [] : upstream.fallback
  add(first, first.length)
  add(spares, most)
  if (spares.length > 0) add(then, most)
  addName()
  add(then, most)
  add(upstream.listed, most)
  expect(attempts.map(({ candidate, startAfterMs }) => [candidate, startAfterMs])).toEqual(expected)
  expect(deadlineMs).toBe(dial.deadlineMs)
  for (const attempt of attempts) {
    expect(attempt.timeoutMs).toBe(timeoutMs)
    if (attempt.candidate === "system") {
      expect(attempt).toMatchObject({ host, port, resolve: { timeoutMs: dns.timeoutMs, raceDelayMs, most } })
      continue
    }
    const candidate = Candidates.find(state, attempt.candidate)!
    const { latency, sampleWindow, prior } = candidate
    const slowest = Math.max(0, ...sampleWindow.filter((tookMs) => tookMs < 1_000))
    const known = Math.max(slowest, latency.atUs < 0 ? prior?.latencyMs ?? 0 : latency.value)
    const patience = attempt.suspectAfterMs / Math.max(100, 3 * known)
    expect(patience).toBeGreaterThan(0.999_999)
    expect(patience).toBeLessThan(1.100_001)
    expect(Number.isInteger(attempt.suspectAfterMs)).toBe(true)
    expect(candidate).toMatchObject({ host: attempt.host, port: attempt.port, upstream: upstream.id })
    expect(attempt.resolve).toBeUndefined()
  }
}
