/** What all candidates of an upstream fail in leaves no trace, and a candidate that fails is tried in proportion. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { faults as faultsOf } from "../../src/core/invariants.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { isCommon } from "../../src/core/upstream/trouble.ts"
import { configWith } from "../../test/support/config.ts"
import type { Fault, Faulty } from "../../src/sim/weather.ts"
import { follow } from "../../src/sim/weather.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { config } from "../arbitraries/config.ts"
import { play, script } from "../arbitraries/run.ts"
import { law, met } from "../check.ts"

/** Beyond this machine, where silence may mean a local outage; and on loopback. */
const HOSTS = ["198.18.0.1", "198.18.0.2", "198.18.0.3", "198.18.0.4", "198.18.0.5"]
const NEAR = HOSTS.map((_, i) => `127.0.0.${i + 1}`)
const NEVER_MS = 1e12
/** As long as a probe may be under way. */
const PROBE_MS = 2_000

const fault = fc.constantFrom<Fault>("dark", "refused")
const distance = fc.integer({ min: 1, max: 300 })
/** Clients one after the other: how long after the one before, how many at once, how long they stay. */
const clients = fc.array(
  fc.record({ afterMs: fc.oneof(fc.nat(300), fc.nat(8_000)), count: fc.integer({ min: 1, max: 6 }), holdMs: fc.nat(500) }),
  { maxLength: 40 }
)

const candidates = (state: State) => Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null)
const isListed = (state: State, id: CandidateId) => {
  const candidate = Candidates.find(state, id)
  return candidate !== undefined && Candidates.isListed(candidate)
}
const told = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)

/** Addresses at these distances, of which the script says how they fail; nothing has happened yet. */
function world(
  distances: ReadonlyArray<number>,
  faulty: Array<Faulty>,
  changes: Parameters<typeof configWith>[0][number] = {},
  all = HOSTS
): Simulation {
  const hosts = all.slice(0, distances.length)
  const whole = configWith([{ candidates: hosts.map((host) => ({ host, port: 443 })), ...changes }])
  const toy = new Simulation(whole, { failAfterMs: 20 })
  hosts.forEach((host, i) => {
    follow(toy, { host, rttMs: distances[i]!, faults: faulty })
  })
  return toy.start()
}

/** From now on, until `toMs` at most. */
function fails(toy: Simulation, faulty: Array<Faulty>, host: string, fault: Fault, toMs = NEVER_MS): void {
  faulty.push({ host, fault, fromMs: toy.atMs, toMs })
  if (fault === "refused") toy.lose(host, "reset")
}

/** What is believed of candidates, the cheapest first, and the set. */
function believed(toy: Simulation) {
  const of = candidates(toy.state).map(({ id, costMs, forecastMs, breaker, suspicion }) => ({
    ...{ id, costMs, forecastMs, breaker: breaker.state, share: breaker.slowStartWeight },
    ...{ pending: suspicion.pending, session: suspicion.session }
  }))
  return { order: of.toSorted((a, b) => a.costMs - b.costMs || a.id - b.id), active: toy.active() }
}

function atRest({ state }: Simulation): boolean {
  return candidates(state).every(({ sampleWindow, probe, warm, costMs }) =>
    sampleWindow.length + probe + warm.dialling.length === 0 && costMs >= 0
  )
}

describe("a common cause", () => {
  law(
    "leaves costs, their order, breakers, suspicions and the set as they were, for all clients and whatever they tried",
    fc.property(
      fc.record({
        distances: fc.uniqueArray(distance, { minLength: 1, maxLength: 5 }),
        kinds: fc.oneof(fault.map((one) => [one]), fc.array(fault, { minLength: 5, maxLength: 5 })),
        clients,
        lengthMs: fc.oneof(fc.integer({ min: 3_000, max: 20_000 }), fc.integer({ min: 20_000, max: 180_000 })),
        activeSetSize: fc.integer({ min: 1, max: 3 }),
        failureThreshold: fc.integer({ min: 1, max: 5 }),
        mode: fc.constantFrom("dynamic" as const, "off" as const)
      }),
      ({ distances, kinds, clients, lengthMs, activeSetSize, failureThreshold, mode }) => {
        const faulty: Array<Faulty> = []
        const toy = world(distances, faulty, {
          selector: { activeSetSize },
          breaker: { failureThreshold },
          pool: { mode },
          // A reward for successes in a row grows with time, whatever happens.
          scoring: { historyRewardMs: 0 }
        })
        toy.client(100).run(120_000)
        while (!atRest(toy)) toy.run(100)
        const before = believed(toy)
        const fromMs = toy.atMs
        const toMs = fromMs + lengthMs
        const hosts = HOSTS.slice(0, distances.length)
        hosts.forEach((host, i) => fails(toy, faulty, host, kinds[i % kinds.length]!, toMs))
        let came = 0
        for (const { afterMs, count, holdMs } of clients) {
          if (toy.atMs + afterMs >= toMs) break
          toy.run(afterMs)
          for (let i = 0; i < count; i++) toy.client(holdMs)
          came += count
        }
        toy.run(toMs - toy.atMs)
        if (told(toy, "CommonCauseBegan").length === 0) return
        // The next trial notices the end, and each candidate answers a trial of its own; a client ends auto-disable.
        for (let i = 0; i < 100; i++) toy.client(10).run(100)
        while (!atRest(toy)) toy.run(100)
        expect(told(toy, "CommonCauseEnded")).toHaveLength(told(toy, "CommonCauseBegan").length)
        expect(believed(toy)).toEqual(before)
        expect(faultsOf(toy.state)).toEqual([])
        met("all candidates returned")
        if (distances.length > 1) met("there were several")
        if (new Set(hosts.map((_, i) => kinds[i % kinds.length])).size > 1) met("they failed in different ways")
        if (came >= 20) met("twenty clients came")
        if (told(toy, "AutoDisabled").length > 0) met("auto-disable began")
      }
    ),
    {
      share: 0.5,
      floors: {
        "all candidates returned": 34,
        "there were several": 32,
        "they failed in different ways": 15,
        "twenty clients came": 14,
        "auto-disable began": 17
      }
    }
  )

  /** No candidate goes stale within a run. */
  const plain = config.map((config) => ({
    ...config,
    upstreams: config.upstreams.map((one) => ({ ...one, staleForMs: 86_400_000 }))
  }))
  law(
    "changes no blame, breaker, suspicion, expiry or set of candidates that had worked, until they answer, leave or fail a proof",
    fc.property(script(120, plain), (it) => {
      play(it, ({ event }, before, { state }) => {
        for (const upstream of Vector.toArray(state.upstreams)) {
          const earlier = Vector.get(before.upstreams, upstream.id)
          if (earlier === undefined || !isCommon(earlier) || !isCommon(upstream) || event._tag === "Started") continue
          // An empty set may be filled, and so may a place that a member left.
          const stands = earlier.members.length > 0 && earlier.members.every((one) => isListed(state, one))
          if (stands) expect(upstream.members).toEqual(earlier.members)
          for (const was of candidates(before)) {
            const after = Candidates.find(state, was.id)
            if (was.upstream !== upstream.id || after === undefined || was.latency.atUs < 0) continue
            if (was.sources !== after.sources) continue
            const outcome = outcomeOf(event, was.id)
            if (outcome === "connected") {
              met("one answered in a common cause")
              continue
            }
            if (outcome === "certificate") continue
            if (outcome !== undefined) met("one failed in a common cause")
            const { success, penalty, streak, breaker, suspicion, costMs } = after
            expect({ success, streak }).toEqual({ success: was.success, streak: was.streak })
            if (event._tag !== "Ticked") expect(penalty).toEqual(was.penalty)
            expect(breaker.consecutive).toBe(was.breaker.consecutive)
            expect(breaker.consecutiveAfter).toBeLessThanOrEqual(was.breaker.consecutiveAfter)
            expect(breaker.state === "closed").toBe(was.breaker.state === "closed")
            expect(was.suspicion.pending || !suspicion.pending).toBe(true)
            expect(was.suspicion.session || !suspicion.session).toBe(true)
            expect(costMs >= 0).toBe(was.costMs >= 0)
          }
        }
      })
    }),
    { floors: { "one answered in a common cause": 20, "one failed in a common cause": 120 } }
  )

  law(
    "is probed ever more rarely: four candidates a second at most, later each 64th of its length, each six scoreTtl at least",
    fc.property(
      fc.uniqueArray(distance, { minLength: 1, maxLength: 5 }),
      fault,
      fc.constantFrom(HOSTS, NEAR),
      // Of some, rounds are too seldom for the time to live: renewals (renewal.ts) rest meanwhile.
      fc.constantFrom(1_000, 10_000, 60_000, 3_600_000),
      fc.constantFrom(30_000, 90_000, 300_000, 1_200_000),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 60, max: 7_200 }),
      (distances, kind, all, intervalMs, scoreTtlMs, activeSetSize, seconds) => {
        const faulty: Array<Faulty> = []
        const toy = world(distances, faulty, {
          probing: { intervalMs },
          scoreTtlMs,
          selector: { activeSetSize },
          pool: { mode: "off" }
        }, all)
        // Without auto-disable, which would send even fewer probes.
        const lasts = { ...toy.state.config, autoDisable: { ...toy.state.config.autoDisable, failures: 1e9 } }
        toy.state = { ...toy.state, config: lasts }
        toy.run(60_000)
        while (!atRest(toy)) toy.run(100)
        const isSeldom = 3 * intervalMs >= 2 * scoreTtlMs
        all.slice(0, distances.length).forEach((host) => fails(toy, faulty, host, kind))
        toy.client().client().run(30_000)
        const began = told(toy, "CommonCauseBegan")
        if (began.length === 0) return
        if (isSeldom) met("rounds are too seldom for the time to live")
        toy.run(seconds * 1000)
        expect(told(toy, "CommonCauseEnded")).toEqual([])
        const sinceUs = began[0]!.atUs
        const sent = toy.probes.filter(({ atUs }) => atUs > sinceUs).map(({ atUs }) => atUs - sinceUs)
        const each = Math.min(4, distances.length)
        const turns = turnsUntil(toy.atUs - sinceUs, 6 * scoreTtlMs * 1000)
        sent.forEach((afterUs, i) => {
          const most = each * turns.filter((one) => one <= afterUs).length
          // Candidates that were queued when it began may wait for their turn.
          expect(i + 1).toBeLessThanOrEqual(most + distances.length)
          const t = afterUs / 1e6
          const bound = 64 + 65 * Math.max(0, Math.log(t / 64)) + t / (6 * scoreTtlMs / 1000)
          expect(i + 1).toBeLessThanOrEqual(each * bound + distances.length)
          met("a probe was sent")
          if (t > 128) met("it had lasted for long")
        })
      }
    ),
    {
      share: 0.2,
      floors: {
        "rounds are too seldom for the time to live": 8,
        "a probe was sent": 9_600,
        "it had lasted for long": 7_100
      }
    }
  )
})

/** The turns of probes of a common cause, in µs after its beginning. */
function turnsUntil(untilUs: number, mostUs: number): ReadonlyArray<number> {
  const turns: Array<number> = []
  for (let atUs = 1_000_000; atUs <= untilUs;) {
    turns.push(atUs)
    atUs += Math.max(1_000_000, Math.min(Math.floor(atUs / 64), mostUs))
  }
  return turns
}

/** The outcome of a handshake with a candidate, by an event. */
function outcomeOf(event: Event, id: CandidateId): string | undefined {
  if (event._tag === "ProbeSucceeded" || event._tag === "WarmConnected") {
    return event.candidate === id ? "connected" : undefined
  }
  if (event._tag === "ProbeFailed" || event._tag === "WarmFailed") return event.candidate === id ? event.reason : undefined
  return "tried" in event ? event.tried.find(({ candidate }) => candidate === id)?.outcome : undefined
}

describe("an outage of one candidate while others answer", () => {
  /** The greatest number of trials in a time: waits of firstTrial, doubled with every second one up to the ceiling, less a tenth. */
  function mostTrials(forMs: number, firstMs: number, ceilingMs: number): number {
    let [trials, waitedMs] = [0, 0]
    for (;;) {
      waitedMs += 0.9 * Math.min(firstMs * 2 ** Math.floor(trials / 2), ceilingMs)
      if (waitedMs > forMs) return trials
      trials++
    }
  }

  law(
    "has at most 2 log2(1 + t / 1.8 firstTrial) trials in a time t with an open breaker, and one each cooldown in the end",
    fc.property(
      fc.record({
        kind: fault,
        firstTrialMs: fc.constantFrom(200, 1_000, 3_000),
        ceilingMs: fc.constantFrom(5_000, 30_000, 180_000),
        intervalMs: fc.constantFrom(1_000, 10_000, 60_000),
        failureThreshold: fc.integer({ min: 1, max: 5 }),
        clients,
        lastsMs: fc.integer({ min: 10_000, max: 600_000 })
      }),
      ({ kind, firstTrialMs, ceilingMs, intervalMs, failureThreshold, clients, lastsMs }) => {
        const faulty: Array<Faulty> = []
        const toy = world([20, 40, 60], faulty, {
          probing: { intervalMs },
          breaker: { failureThreshold, firstTrialMs, cooldownMs: ceilingMs, timeoutCooldownMs: ceilingMs }
        })
        toy.client(10).run(20_000)
        const id = candidates(toy.state)[0]!.id
        const sinceMs = toy.atMs
        fails(toy, faulty, HOSTS[0]!, kind)
        const endMs = sinceMs + lastsMs
        for (const { afterMs, count, holdMs } of clients) {
          toy.run(afterMs)
          for (let i = 0; i < count; i++) toy.client(holdMs)
        }
        toy.run(Math.max(0, endMs - toy.atMs))
        const opened = toy.facts.find((fact) => fact._tag === "BreakerOpened" && fact.candidate === id)
        if (opened === undefined) return
        expect(toy.facts.some(({ _tag }) => _tag === "BreakerClosed" || _tag === "CommonCauseBegan")).toBe(false)
        const trials = toy.probes.filter(({ candidate, atUs }) => candidate === id && atUs > opened.atUs)
        trials.forEach(({ atUs }, i) => {
          const afterMs = (atUs - opened.atUs) / 1000
          expect(i + 1).toBeLessThanOrEqual(mostTrials(afterMs, firstTrialMs, ceilingMs))
          // The ceiling is reached with the first wait of its length.
          const isBelow = firstTrialMs * 2 ** Math.floor(i / 2) <= ceilingMs
          if (isBelow) expect(i + 1).toBeLessThanOrEqual(2 * Math.log2(1 + afterMs / (1.8 * firstTrialMs)) + 1e-9)
          met("a trial was sent")
          if (!isBelow) met("the wait was at its ceiling")
        })
        // The candidate is not forgotten: no wait, from the trial on, is longer than the failure has lasted by then.
        const moments = [opened.atUs, ...trials.map(({ atUs }) => atUs), toy.atUs]
        moments.slice(1).forEach((atUs, i) => {
          const failedMs = moments[i]! / 1000 - sinceMs
          const waitMs = Math.max(firstTrialMs, Math.min(ceilingMs, failedMs / 0.9))
          expect((atUs - moments[i]!) / 1000).toBeLessThanOrEqual(waitMs + PROBE_MS)
        })
      }
    ),
    { share: 0.5, floors: { "a trial was sent": 1_100, "the wait was at its ceiling": 860 } }
  )

  law(
    "is over for clients after the greater of five seconds and its length: a client or a trial has been answered by then",
    fc.property(
      fc.record({
        distances: fc.uniqueArray(fc.integer({ min: 5, max: 200 }), { minLength: 2, maxLength: 4 }),
        kind: fault,
        intervalMs: fc.constantFrom(10_000, 60_000, 600_000),
        lengthMs: fc.oneof(fc.integer({ min: 500, max: 10_000 }), fc.integer({ min: 10_000, max: 300_000 })),
        everyMs: fc.constantFrom(100, 1_000, 5_000),
        activeSetSize: fc.integer({ min: 1, max: 3 })
      }),
      ({ distances, kind, intervalMs, lengthMs, everyMs, activeSetSize }) => {
        const faulty: Array<Faulty> = []
        const sorted = distances.toSorted((a, b) => a - b)
        const toy = world(sorted, faulty, { probing: { intervalMs }, selector: { activeSetSize } })
        const clientsUntil = (untilMs: number) => {
          const gapMs = Math.max(everyMs, lengthMs / 500)
          while (toy.atMs < untilMs) toy.client(50).run(Math.min(gapMs, untilMs - toy.atMs))
        }
        clientsUntil(20_000)
        const id = candidates(toy.state)[0]!.id
        const toMs = toy.atMs + lengthMs
        fails(toy, faulty, HOSTS[0]!, kind, toMs)
        clientsUntil(toMs)
        const failed = candidates(toy.state)[0]!
        if (failed.penalty.atUs < 20_000_000) return
        clientsUntil(toMs + Math.max(5_000, lengthMs))
        const back = toy.entries.find(({ at, event }) => at > toMs * 1000 && outcomeOf(event, id) === "connected")
        expect(back).toBeDefined()
        met("it is back")
        if (lengthMs > 60_000) met("it was away for long")
      }
    ),
    { share: 0.6, floors: { "it is back": 45, "it was away for long": 8 } }
  )
})
