/** Public facts: typed, numbered, with labels, limited in rate, and kept for a while. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Decision } from "../../src/core/model/Decision.ts"
import type { Entry } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import type { FactsOptions } from "../../src/shell/facts/Facts.ts"
import { Facts } from "../../src/shell/facts/Facts.ts"
import { FactBudget } from "../../src/shell/facts/FactBudget.ts"
import { PublicFact } from "../../src/shell/facts/PublicFact.ts"
import type { Folded } from "../../src/shell/Observer.ts"
import { networks } from "../support/access.ts"
import { configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const options: FactsOptions = { perSecond: 10_000, kept: 4_096, addresses: "redacted" }
const HOSTS = ["198.51.100.7", "203.0.113.9", "2001:db8:1:2::3"] as const
const config = configWith([{
  candidates: HOSTS.map((host) => ({ host, port: 443 })),
  probing: { intervalMs: 1_000 },
  selector: { activeSetSize: 1 },
  breaker: { cooldownMs: 1_000 }
}])

/** A scripted run: the best candidate dies, another takes over, the first recovers. */
function eventful(): Simulation {
  let alive = true
  const [best, second, third] = HOSTS
  const toy = new Simulation(config).set(best, () => alive ? 5 : "refused").set(second, 40).set(third, 80)
  toy.start().run(10_000)
  alive = false
  toy.run(20_000)
  alive = true
  toy.run(60_000)
  return toy
}

const idsOf = (state: State) => state.candidates.chunks.flat().flatMap((one) => one === null ? [] : [one.id])

/** Shows the observer every entry of a run, with the state after it. */
function show(toy: Simulation, observe: Folded): void {
  toy.entries.forEach((entry, i) => {
    const advanced = toy.advanced[i]
    if (advanced !== undefined) observe(entry, advanced.decisions, advanced.state)
  })
}

const withFacts = <A, E>(
  use: (facts: Facts["Service"], observe: Folded) => Effect.Effect<A, E>,
  changes: Partial<FactsOptions> = {}
) =>
  Effect.flatMap(Facts, (facts) => use(facts, facts.seeUnsafe)).pipe(
    Effect.provide(Facts.layer({ ...options, ...changes }))
  )

const keptOf = (facts: Facts["Service"]) =>
  Effect.map(Stream.runCollect(Stream.take(facts.streamAfter(0), facts.latestUnsafe())), (all) => [...all])

describe("public facts", () => {
  it.effect("name what the access lists refused by its network, and by its address only with addresses full", () =>
    Effect.gen(function* () {
      const deny = networks(["203.0.113.9", "2001:db8::/32"])
      const access = { allow: networks(["198.51.0.0/16", "203.0.113.0/24"]), deny }
      const others = HOSTS.map((host) => ({ host, port: 443 }))
      const candidates = [...others, { host: "192.0.2.77", port: 443 }]
      const toy = new Simulation({ ...configWith([{ candidates }]), access }).start()
      const told = (changes: Partial<FactsOptions>) =>
        withFacts((facts, observe) => {
          show(toy, observe)
          return Effect.map(keptOf(facts), (all) => all.filter(({ kind }) => kind === "IpPoolCidrFilter"))
        }, changes)
      const [redacted, ...rest] = yield* told({})
      assert.deepStrictEqual(rest, [])
      assert.deepInclude(redacted, {
        upstream: "web",
        source: "user-static",
        count: 3,
        refused: [
          { address: "203.0.113.0/24", list: "deny", cidr: "203.0.113.0/24" },
          { address: "2001:db8:1::/48", list: "deny", cidr: "2001:db8::/32" },
          { address: "192.0.2.0/24", list: "allow", cidr: "" }
        ]
      })
      const [full] = yield* told({ addresses: "full" })
      assert.deepInclude(full, {
        refused: [
          { address: "203.0.113.9", list: "deny", cidr: "203.0.113.9/32" },
          { address: "2001:db8:1:2::3", list: "deny", cidr: "2001:db8::/32" },
          { address: "192.0.2.77", list: "allow", cidr: "" }
        ]
      })
      Schema.decodeUnknownSync(PublicFact, { onExcessProperty: "error" })(JSON.parse(JSON.stringify(full)))
    }))

  it.effect("follow the order of a run, match their schema, and carry labels but no full address", () =>
    withFacts((facts, observe) =>
      Effect.gen(function* () {
        const toy = eventful()
        show(toy, observe)
        const told = yield* keptOf(facts)
        const decode = Schema.decodeUnknownSync(PublicFact, { onExcessProperty: "error" })
        for (const fact of told) assert.deepStrictEqual(decode(JSON.parse(JSON.stringify(fact))), fact)
        assert.deepStrictEqual(told.map(({ seq }) => seq), told.map((_, i) => i + 1))
        assert.isTrue(told.every(({ entry }, i) => i === 0 || entry >= (told[i - 1]?.entry ?? 0)))
        const kinds = new Set(told.map(({ kind }) => kind))
        for (
          const kind of ["SelectionMoved", "IpPoolSelection", "IpPoolIpTripped", "IpPoolIpRecovered"]
        ) {
          assert.isTrue(kinds.has(kind as PublicFact["kind"]), `${kind} in ${[...kinds].join(" ")}`)
        }
        const tripped = told.find(({ kind }) => kind === "IpPoolIpTripped")
        assert.deepInclude(tripped, { v: 1, upstream: "web", candidate: "web#1", source: "user-static", reason: "refused" })
        assert.deepInclude(tripped, { address: "198.51.100.0/24" })
        const selected = told.find(({ kind }) => kind === "IpPoolSelection")
        assert.deepInclude(selected, { candidate: "web#1", source: "user-static", members: 1, candidates: 3 })
        const text = JSON.stringify(told)
        for (const host of HOSTS) assert.notInclude(text, host)
      })
    ))

  for (
    const [addresses, shown] of [
      ["redacted", ["198.51.100.0/24", "203.0.113.0/24", "2001:db8:1::/48"]],
      ["full", ["198.51.100.7:443", "203.0.113.9:443", "[2001:db8:1:2::3]:443"]]
    ] as const
  ) {
    it.effect(`list the candidates that joined and left, with addresses ${addresses}`, () =>
      withFacts((facts, observe) =>
        Effect.gen(function* () {
          const { state, entries } = eventful()
          const joined = idsOf(state)
          const left = joined.slice(0, 1)
          const decision: Decision = { _tag: "MembershipChanged", upstream: 0, joined, left }
          observe(entries.at(-1) as Entry, [decision], state)
          const [told] = yield* keptOf(facts)
          if (told?.kind !== "MembershipChanged") return assert.fail("no candidate joined")
          const named = shown.map((address, i) => ({ candidate: `web#${i + 1}`, source: "user-static", address }))
          assert.deepStrictEqual([told.joined, told.left], [named, named.slice(0, 1)])
        }), { addresses }))
  }

  it.effect("match the core's facts one to one, with an IpPoolSelection for each SelectionMoved", () =>
    withFacts((facts, observe) =>
      Effect.gen(function* () {
        const toy = eventful()
        show(toy, observe)
        const told = yield* keptOf(facts)
        const count = (kind: string) => told.filter((fact) => fact.kind === kind).length
        const made = (tag: string) => toy.facts.filter(({ _tag }) => _tag === tag).length
        assert.deepStrictEqual(
          ["SelectionMoved", "IpPoolSelection", "IpPoolIpTripped", "IpPoolIpRecovered", "Suspected", "Cleared"].map(count),
          ["SelectionMoved", "SelectionMoved", "BreakerOpened", "BreakerClosed", "Suspected", "Cleared"].map(made)
        )
      })
    ))

  it.effect("report the core's decisions about ladder, pools, preheating and configuration", () =>
    withFacts((facts, observe) =>
      Effect.gen(function* () {
        const { state, entries } = eventful()
        const candidate = idsOf(state)[0]
        const decisions = [
          { _tag: "LadderStepped", upstream: 0, from: "active", to: "stale", reason: "shut" },
          { _tag: "PreheatStarted", upstream: 0, candidates: 3 },
          { _tag: "PreheatCompleted", upstream: 0, reachable: 2, tookUs: 12_345_678 },
          { _tag: "UpstreamRefreshed", upstream: 0, reason: "requested" },
          { _tag: "PoolResized", upstream: 0, candidate, from: 1, to: 4 },
          { _tag: "WarmWithheld", upstream: 0, candidate, reason: "serial", forMs: 60_000 },
          { _tag: "ConfigApplied" },
          { _tag: "EnabledChanged", enabled: false, override: false }
        ]
        const measured = { candidates: 3, minLatencyMs: 5, maxLatencyMs: 80 }
        observe(entries.at(-1) as Entry, decisions as unknown as ReadonlyArray<Decision>, state)
        const told = yield* keptOf(facts)
        assert.deepStrictEqual(told.map(({ v: _v, seq: _seq, entry: _entry, at: _at, ...rest }) => rest), [
          { kind: "LadderStep", upstream: "web", from: "active", to: "stale", reason: "shut" },
          { kind: "IpPoolPreheatStarted", upstream: "web", candidates: 3 },
          { kind: "IpPoolPreheatCompleted", upstream: "web", reachable: 2, candidates: 3, tookMs: 12_346 },
          { kind: "IpPoolRefresh", upstream: "web", reason: "preheat", success: true, ...measured },
          { kind: "IpPoolRefresh", upstream: "web", reason: "requested", success: null, ...measured },
          { kind: "PoolResized", upstream: "web", candidate: "web#1", from: 1, to: 4 },
          { kind: "PoolWithheld", upstream: "web", candidate: "web#1", reason: "serial", forMs: 60_000 },
          { kind: "IpPoolConfigUpdate", upstream: null, applied: true, problems: 0 },
          { kind: "EnabledChanged", upstream: null, enabled: false, override: false }
        ])
      })
    ))

  it.effect("name the first 16 of a long list and count all of it", () =>
    withFacts((facts, observe) =>
      Effect.gen(function* () {
        const { state, entries } = eventful()
        const ids = Array.from({ length: 300 }, () => idsOf(state)[0] as number)
        const decision: Decision = { _tag: "MembershipChanged", upstream: 0, joined: ids, left: [] }
        observe(entries.at(-1) as Entry, [decision], state)
        const [joined] = yield* keptOf(facts)
        if (joined?.kind !== "MembershipChanged") return assert.fail("no candidate joined")
        assert.deepStrictEqual([joined.joinedCount, joined.joined.length, joined.leftCount], [300, 16, 0])
      })
    ))

  it.effect("report a restart of the core from its second start on", () =>
    withFacts((facts, observe) =>
      Effect.gen(function* () {
        const { entries, advanced } = eventful()
        const start = entries.findIndex(({ event }) => event._tag === "Started")
        const state = advanced[start]?.state as State
        for (let i = 0; i < 3; i++) observe(entries[start] as Entry, [], state)
        const told = yield* keptOf(facts)
        assert.deepStrictEqual(told.map((fact) => fact.kind === "CoreRestarted" && fact.restarts), [1, 2])
      })
    ))

  it.effect("reach a listener that falls behind, which gets only the latest", () =>
    withFacts((facts) =>
      Effect.gen(function* () {
        const tell = (problems: number) => facts.tell("IpPoolConfigUpdate", { upstream: null, applied: false, problems })
        yield* tell(0)
        let release = () => {}
        const held = new Promise<void>((resolve) => (release = resolve))
        const slow = Stream.tap(facts.streamAfter(0), ({ seq }) => seq === 2 ? Effect.promise(() => held) : Effect.void)
        const reading = yield* Effect.forkChild(Stream.runCollect(Stream.takeUntil(slow, ({ seq }) => seq === 41)))
        yield* Effect.yieldNow
        for (let i = 1; i <= 40; i++) yield* tell(i)
        release()
        const seen = [...(yield* Fiber.join(reading))].map(({ seq }) => seq)
        assert.isBelow(seen.length, 20)
        assert.deepStrictEqual(seen.slice(-8), [34, 35, 36, 37, 38, 39, 40, 41])
      }), { kept: 8 }))
})

describe("the rate limit of facts", () => {
  it("passes one second's worth of facts, then the allowed rate, and counts those it dropped", () => {
    const budget = new FactBudget(3)
    const take = (atMs: number) => budget.take("Suspected", atMs)
    assert.deepStrictEqual([1, 2, 3, 4, 5].map(() => take(0)), [0, 0, 0, undefined, undefined])
    assert.deepStrictEqual([334, 335, 668].map(take), [2, undefined, 1])
    assert.deepStrictEqual([...budget.dropped], [["Suspected", 3]])
  })

  it("limits each kind by itself, and passes facts again after the clock jumped back", () => {
    const budget = new FactBudget(1)
    assert.deepStrictEqual([budget.take("Suspected", 5_000), budget.take("Suspected", 5_000)], [0, undefined])
    assert.strictEqual(budget.take("Cleared", 5_000), 0)
    assert.strictEqual(budget.take("Suspected", 1_000), undefined)
    assert.strictEqual(budget.take("Suspected", 2_000), 2)
  })

  it.effect("puts the number of dropped facts into the next fact of the kind and into a counter", () =>
    withFacts((facts, observe) =>
      Effect.gen(function* () {
        const { state, entries } = eventful()
        const at = (seconds: number) => ({ ...state, at: state.at + seconds * 1_000_000 })
        const resized = { _tag: "PoolResized", upstream: 0, candidate: 0, from: 1, to: 2 } as unknown as Decision
        for (let i = 0; i < 5; i++) observe(entries.at(-1) as Entry, [resized], at(0))
        observe(entries.at(-1) as Entry, [resized], at(1))
        const told = yield* keptOf(facts)
        assert.deepStrictEqual(told.map(({ dropped }) => dropped), [undefined, undefined, 3])
        assert.deepStrictEqual([...facts.droppedUnsafe()], [["PoolResized", 3]])
      }), { perSecond: 2 }))
})
