import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { State } from "../../src/core/model/State.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { config } from "../arbitraries/config.ts"
import type { Move } from "../arbitraries/moves.ts"
import type { Script } from "../arbitraries/run.ts"
import { play, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

const withEachUpstream = (
  config: Config,
  change: (upstream: Config["upstreams"][number]) => Config["upstreams"][number]
): Config => ({
  ...config,
  upstreams: config.upstreams.map(change).map(expiring)
})

/** Renewals are for rounds that are rarer than `scoreTtl` (see renewal.test.ts). */
const expiring = (one: Config["upstreams"][number]) => ({
  ...one,
  scoreTtlMs: Math.max(one.scoreTtlMs, 2 * one.probing.intervalMs)
})

const roundsOnly = config.map((config) => withEachUpstream(config, (one) => one))

/** Long lists of which few are probed in a round, and most probes are answered. */
const rounds = script(80, roundsOnly).map((it): Script => ({
  ...it,
  config: {
    ...it.config,
    probing: { maxParallel: 6, perHost: 2, ratePerSecond: 1_000 },
    upstreams: it.config.upstreams.map((one, i) => ({
      ...one,
      candidates: Array.from({ length: 9 }, (_, j) => ({ host: `127.0.0.${j + 1}`, port: 443 + i })),
      probing: { ...one.probing, candidatesPerRound: Math.min(2, one.probing.candidatesPerRound) }
    }))
  },
  moves: it.moves.map((one, i): Move =>
    one.pick % 6 === 0
      ? one
      : { ...one, kind: i % 4 === 0 ? "tick" : "answer", failure: null, gapUs: Math.min(one.gapUs, 200_000) }
  )
}))

/** An answer for each host, so that some refuse, some time out and some answer. */
const answers = fc.array(
  fc.constantFrom<number | "refused" | "timeout" | "local">(3, 20, 90, "refused", "timeout", "local"),
  {
    minLength: 10,
    maxLength: 10
  }
)

/** Suspicion, breakers, trials after a failure and troubles of the upstream send probes of their own; a common cause does for all. */
function isCalm(state: State, { id, upstream, suspicion, breaker }: Candidate): boolean {
  const { trouble } = Vector.get(state.upstreams, upstream)!
  return !suspicion.pending && !suspicion.session && breaker.state === "closed" && breaker.trialDueUs < 0
    && (trouble === null || (trouble.commonAtUs < 0 && !trouble.order.includes(id)))
}

function world(config: Config, answers: ReadonlyArray<number | "refused" | "timeout" | "local">): Simulation {
  const quiet = withEachUpstream(
    config,
    (one) => ({ ...one, host: "", pool: { ...one.pool, mode: "off" }, breaker: { ...one.breaker, enabled: false } })
  )
  const toy = new Simulation(quiet)
  answers.forEach((answer, i) => toy.set(`127.0.0.${i}`, answer))
  return toy.start()
}

const present = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const candidatesOf = (state: State, upstream: number) =>
  present(state).filter((one) => one.upstream === upstream && one.sources.length > 0)

/** Members and the next challengers by cost. */
function frequentlyAsked(state: State, upstream: number): ReadonlyArray<number> {
  const { members } = Vector.get(state.upstreams, upstream)!
  const challengers = candidatesOf(state, upstream)
    .filter((one) => one.costMs >= 0 && one.breaker.state === "closed" && !members.includes(one.id))
    .sort((a, b) => a.costMs - b.costMs || a.id - b.id)
    .slice(0, state.config.upstreams[upstream]!.probing.challengers)
  return [...members, ...challengers.map(({ id }) => id)]
}

/** Whether as many probes of the candidate's host are under way as may be. */
const isBusy = (open: ReadonlyMap<number, string>, { host }: Candidate, perHost: number) =>
  [...open.values()].filter((one) => one === host).length >= perHost

describe("refresh", () => {
  law(
    "never has more probes under way than maxParallel, nor to one host than perHost",
    fc.property(script(), (it) => {
      const { maxParallel, perHost } = it.config.probing
      const open = new Map<number, string>()
      play(it, ({ event }, _before, { state, decisions }) => {
        if (event._tag === "ProbeSucceeded" || event._tag === "ProbeFailed") open.delete(event.probe)
        if ((event._tag === "WorkerLost" && event.worker === 0) || event._tag === "Started") open.clear()
        for (const decision of decisions) if (decision._tag === "Probe") open.set(decision.probe, decision.host)
        if (open.size === maxParallel && decisions.some(({ _tag }) => _tag === "Probe")) met("the last permit was given")
        if (open.size < maxParallel && present(state).some((one) => one.queue !== "none" && isBusy(open, one, perHost))) {
          met("a candidate waits for its host alone")
        }
        expect(open.size).toBeLessThanOrEqual(maxParallel)
        for (const host of open.values()) {
          expect([...open.values()].filter((other) => other === host).length).toBeLessThanOrEqual(perHost)
        }
        expect(state.probing.inFlight.map(({ probe }) => probe).toSorted()).toEqual([...open.keys()].toSorted())
      })
    }),
    { floors: { "the last permit was given": 270, "a candidate waits for its host alone": 76 } }
  )

  law(
    "sends in no stretch of time more probes than the rate and one burst of maxParallel allow",
    fc.property(script(), (it) => {
      const { maxParallel, ratePerSecond } = it.config.probing
      const sentUs: Array<number> = []
      play(it, ({ at }, _before, { decisions }) => {
        for (const decision of decisions) if (decision._tag === "Probe") sentUs.push(at)
      })
      const gapUs = Math.floor(1_000_000 / ratePerSecond)
      sentUs.forEach((from, i) => {
        for (let j = i; j < sentUs.length; j++) {
          const most = maxParallel + Math.floor((sentUs[j]! - from) / gapUs)
          if (j - i + 1 === most) met("the rate was used up")
          expect(j - i + 1).toBeLessThanOrEqual(most)
        }
      })
    }),
    { floors: { "the rate was used up": 110 } }
  )

  law(
    "probes each candidate once at the start, whatever it answers, and again only after silence in a short try",
    fc.property(config, answers, (config, answers) => {
      const longRounds = withEachUpstream(config, (one) => ({ ...one, probing: { ...one.probing, intervalMs: 10_000_000 } }))
      const toy = world(longRounds, answers).run(200_000)
      const probed = toy.probes.map(({ candidate }) => Number(candidate)).toSorted((a, b) => a - b)
      expect([...new Set(probed)]).toEqual(Vector.toArray(toy.state.candidates).map((one) => one!.id))
      for (const { id, unsampled, untried, listed } of Vector.toArray(toy.state.upstreams)) {
        const { timeoutMs: longMs } = toy.state.config.upstreams[id]!.probing
        const wasShort = ({ host, timeoutMs }: (typeof toy.probes)[number]) => {
          const answer = toy.network.answerOf(host, "probe")
          return timeoutMs < longMs && (answer === "timeout" || (typeof answer === "number" && answer >= timeoutMs))
        }
        const probes = listed.map((id) => toy.probes.filter((one) => one.candidate === id))
        for (const all of probes) {
          if (all.length > 1) met("a short try was repeated")
          if (typeof toy.network.answerOf(all[0]!.host, "probe") === "string") met("a probe failed")
          expect(all.slice(0, -1).every(wasShort)).toBe(true)
          expect(all.slice(1).every(({ timeoutMs }, i) => timeoutMs === Math.min(longMs, 2 * all[i]!.timeoutMs))).toBe(true)
        }
        const local = probes.filter((all) => toy.network.answerOf(all[0]!.host, "probe") === "local").length
        expect(untried).toBe(local)
        expect(unsampled).toBe(local + probes.filter((all) => wasShort(all.at(-1)!)).length)
      }
    }),
    { floors: { "a short try was repeated": 7, "a probe failed": 170 } }
  )

  law(
    "reaches every candidate again and again, however bad, when rounds have room for the stalest",
    fc.property(config, answers, (config, answers) => {
      const fast = withEachUpstream(config, (one) => ({
        ...one,
        probing: {
          ...one.probing,
          intervalMs: 1_000,
          timeoutMs: 100,
          idle: "always",
          candidatesPerRound: Math.max(1, one.probing.candidatesPerRound)
        }
      }))
      const toy = world({ ...fast, probing: { maxParallel: 4, perHost: 2, ratePerSecond: 1_000 } }, answers).run(40_000)
      const times = (id: number) => toy.probes.filter(({ candidate }) => candidate === id).length
      // At most nine candidates take turns, one a second: each is due at least every tenth second or so.
      for (const one of Vector.toArray(toy.state.candidates)) {
        const { members } = Vector.get(toy.state.upstreams, one!.upstream)!
        if (!members.includes(one!.id)) met(one!.costMs < 0 ? "one that never answered" : "one outside the set")
        expect(times(one!.id)).toBeGreaterThanOrEqual(4)
      }
    }),
    { share: 0.2, floors: { "one that never answered": 52, "one outside the set": 11 } }
  )

  law(
    "sends no probe while a sample of any kind is fresh, and probes members and challengers when none is, troubles aside",
    fc.property(rounds, (it) => {
      play(it, ({ event, at }, before, { state }) => {
        if (event._tag !== "Ticked") return
        for (const was of Vector.toArray(before.upstreams)) {
          if (was.roundDueUs < 0 || was.roundDueUs > at) continue
          if (it.config.upstreams[was.id]!.probing.idle === "lazy") continue
          const freshUs = at - (it.config.upstreams[was.id]!.probing.intervalMs * 1000) / 2
          const all = candidatesOf(state, was.id)
          const frequent = frequentlyAsked(state, was.id)
          for (const after of all) {
            const earlier = Candidates.find(before, after.id)
            if (earlier === undefined || !isCalm(state, after) || !isCalm(before, earlier)) continue
            const idle = earlier.probe === 0 && earlier.queue === "none"
            const fresh = after.lastSampleAtUs >= 0 && after.lastSampleAtUs > freshUs
            if (fresh && idle) met("a sample was fresh")
            if (fresh && idle) expect([after.probe, after.queue]).toEqual([0, "none"])
            if (frequent.includes(after.id) && !fresh) met("no sample was fresh")
            if (frequent.includes(after.id) && !fresh) expect(after.probe !== 0 || after.queue === "urgent").toBe(true)
          }
        }
      })
    }),
    { floors: { "a sample was fresh": 140, "no sample was fresh": 250 } }
  )

  law(
    "takes the stalest of all others in each round, up to candidatesPerRound of them",
    fc.property(rounds, (it) => {
      play(it, ({ event, at }, before, { state }) => {
        if (event._tag !== "Ticked") return
        for (const { id, roundDueUs } of Vector.toArray(before.upstreams)) {
          if (roundDueUs < 0 || roundDueUs > at) continue
          const { candidatesPerRound, intervalMs, idle: whenIdle } = it.config.upstreams[id]!.probing
          // Where idle is lazy an unused candidate is spared: laws/sparing.
          if (whenIdle === "lazy") continue
          if ([before, state].some((of) => candidatesOf(of, id).some((one) => !isCalm(of, one)))) continue
          met("a round came")
          const agedUs = (one: Candidate) => Math.max(one.probedAtUs, one.lastSampleAtUs)
          const idle = candidatesOf(before, id).filter((one) => {
            const after = Candidates.find(state, one.id)
            // A candidate that left in this very step is not probed.
            return one.probe === 0 && one.queue === "none" && after !== undefined && after.sources.length > 0
          })
          const joined = idle.filter((one) => {
            const after = Candidates.find(state, one.id)!
            return after.probe !== 0 || after.queue !== "none"
          })
          const frequent = frequentlyAsked(state, id)
          expect(joined.filter((one) => !frequent.includes(one.id)).length).toBeLessThanOrEqual(candidatesPerRound)
          const left = idle.filter((one) => !joined.includes(one) && agedUs(one) <= at - intervalMs * 500)
          // Urgent ones may come beside them, but none that waited longer is left behind while others of the rest go.
          if (left.length === 0) continue
          met("some have to wait for another round")
          expect(joined.length).toBeGreaterThanOrEqual(candidatesPerRound)
          const longestWaiting = Math.min(...left.map(agedUs))
          const rest = joined.map(agedUs).filter((since) => since <= longestWaiting)
          expect(rest.length).toBeGreaterThanOrEqual(candidatesPerRound)
        }
      })
    }),
    { floors: { "a round came": 250, "some have to wait for another round": 40 } }
  )
})
