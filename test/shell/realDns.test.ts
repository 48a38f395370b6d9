/** Real DNS servers whose answers change, stop, are unusable or are too long: the effect on candidates and clients. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Candidates from "../../src/core/candidates.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Event } from "../../src/core/model/Event.ts"
import { Replay } from "../../src/record/replay.ts"
import { networks } from "../support/access.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { configWith } from "../support/config.ts"
import type { Dnsmasq, Hosts } from "../support/dnsmasq.ts"
import { dnsmasq, isMissing } from "../support/dnsmasq.ts"
import type { Live } from "../support/live.ts"
import { replayText, withLive } from "../support/live.ts"
import { ask, serve, until } from "../support/servers.ts"

const NAME = "web.test"
const [one, two, three] = ["127.0.0.1", "127.0.0.2", "127.0.0.3"] as const

const running = (hosts: Hosts) =>
  Effect.acquireRelease(Effect.promise(() => dnsmasq(hosts)), (server) => Effect.promise(() => server.stop()))
/** Answers on every loopback address with that address. */
const everywhere = Effect.acquireRelease(
  Effect.promise(() =>
    serve((socket) => void socket.once("data", () => socket.end(socket.localAddress ?? "")), 0, "0.0.0.0")
  ),
  (server) => Effect.promise(() => server.stop())
)

const listed = ({ engine }: Live) => {
  const state = engine.stateUnsafe()
  const ids = state.routes.upstreams[0] === undefined ? [] : state.upstreams.chunks[0]?.[0]?.listed ?? []
  return ids.map((id) => Candidates.find(state, id)?.host ?? "?").toSorted()
}
const lists = async (live: Live, ...hosts: ReadonlyArray<string>) => {
  const wanted = hosts.toSorted()
  try {
    await until("the list is as it should be", () => listed(live).join() === wanted.join())
  } catch {
    assert.deepStrictEqual(listed(live), wanted)
  }
}
const events = ({ recorder }: Live, tag: Event["_tag"]) =>
  recorder.segments.join("").split("\n").filter((line) => line.includes(`"_tag":"${tag}"`))

/** Runs `use` on a live forwarder that queries these servers ten times a second; its record must replay. */
const live = (
  servers: ReadonlyArray<string>,
  use: (live: Live) => Promise<void>,
  upstream: UpstreamChanges,
  more: Partial<Config> = {}
) =>
  Effect.gen(function* () {
    const dns = { refreshMs: 100, timeoutMs: 600, servers, ...upstream.dns }
    const config = { ...configWith([{ host: NAME, ...upstream, dns }]), ...more }
    const { segments } = yield* withLive(config, (it) => Effect.promise(() => use(it)))
    const decisions: Array<string> = []
    const onEntry: NonNullable<ConstructorParameters<typeof Replay>[0]>["onEntry"] = (_entry, _state, all) => {
      for (const decision of all) decisions.push(JSON.stringify(decision))
    }
    const verdict = replayText(segments, new Replay({ onEntry }))
    assert.deepStrictEqual([verdict.outcome, verdict.problem], ["verified", null])
    return decisions
  })

describe.skipIf(isMissing)("a name at real DNS servers", () => {
  it.live("that changes its addresses changes its candidates, and one that returns keeps its ordinal", () =>
    Effect.gen(function* () {
      const [{ port }, server] = [yield* everywhere, yield* running({ [NAME]: [one, two] })]
      yield* live([server.server], async (it) => {
        await lists(it, one, two)
        const before = it.engine.stateUnsafe()
        await server.knows({ [NAME]: [two, three] })
        await lists(it, two, three)
        assert.include([two, three], await ask(it.port))
        await server.knows({ [NAME]: [one, three] })
        await lists(it, one, three)
        const back = Candidates.find(it.engine.stateUnsafe(), 1 * 2 ** 20 + 0)
        assert.strictEqual(back?.ordinal, Candidates.find(before, 1 * 2 ** 20 + 0)?.ordinal)
      }, { port })
    }))

  it.live("that loses all addresses keeps its candidates, which serve clients until the next answer", () =>
    Effect.gen(function* () {
      const [{ port }, server] = [yield* everywhere, yield* running({ [NAME]: [one, two] })]
      yield* live([server.server], async (it) => {
        await lists(it, one, two)
        await server.knows({})
        await until("the queries fail", () => events(it, "ResolveFailed").length > 2)
        assert.include(events(it, "ResolveFailed").at(-1), "ENOTFOUND")
        assert.deepStrictEqual(listed(it), [one, two])
        assert.include([one, two], await ask(it.port))
        await server.knows({ [NAME]: [three] })
        await lists(it, three)
        assert.strictEqual(await ask(it.port), three)
      }, { port })
    }))

  it.live("with a query that times out keeps its candidates until the next answer", () =>
    Effect.gen(function* () {
      const [{ port }, server] = [yield* everywhere, yield* running({ [NAME]: [one] })]
      yield* live([server.server], async (it) => {
        await lists(it, one)
        server.freeze()
        await until("no answer came", () => events(it, "ResolveFailed").length > 0)
        assert.match(events(it, "ResolveFailed").at(-1) ?? "", /ETIMEOUT/)
        assert.deepStrictEqual(listed(it), [one])
        assert.strictEqual(await ask(it.port), one)
        server.thaw()
        await server.knows({ [NAME]: [two] })
        await lists(it, two)
      }, { port, dns: { timeoutMs: 300 } })
    }))

  it.live("with unusable and denied addresses gets no candidates for them", () =>
    Effect.gen(function* () {
      const unusable = ["0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "169.254.1.1", "::", "ff02::1", "fe80::1"]
      const [{ port }, server] = [yield* everywhere, yield* running({ [NAME]: [...unusable, two, three] })]
      const access = { allow: networks(["127.0.0.0/8"]), deny: networks([three]) }
      const decisions = yield* live(
        [server.server],
        async (it) => {
          await lists(it, two)
          const answer = JSON.parse(events(it, "Resolved").at(-1) ?? "") as { readonly event: { readonly omitted: number } }
          assert.strictEqual(answer.event.omitted, unusable.length)
          await server.knows({ [NAME]: unusable })
          await until("that is as good as no answer", () => events(it, "ResolveFailed").length > 1)
          assert.include(events(it, "ResolveFailed").at(-1), "unusable")
          assert.deepStrictEqual(listed(it), [two])
          // An answer of private addresses alone, as a captive portal gives before the login.
          await server.knows({ [NAME]: ["10.0.0.1", three] })
          const seen = events(it, "Resolved").length
          await until("it was heard", () => events(it, "Resolved").length > seen + 1)
          assert.deepStrictEqual(listed(it), [two])
          assert.strictEqual(await ask(it.port), two)
        },
        { port },
        { access }
      )
      const refused = decisions.filter((one) => one.includes("AddressesRefused"))
      assert.strictEqual(refused.length, 2)
      assert.include(refused[0], `"cidr":"${three}/32"`)
      assert.include(refused[1], '"host":"10.0.0.1","list":"allow"')
    }))

  it.live("with private and public addresses gets candidates for all, unless the access lists deny them", () =>
    Effect.gen(function* () {
      const server = yield* running({ [NAME]: ["10.255.255.1", "198.18.255.1", "fd00:255::1"] })
      const upstream = { port: 9, probing: { intervalMs: 60_000 } }
      yield* live([server.server], (it) => lists(it, "10.255.255.1", "198.18.255.1", "fd00:255::1"), upstream)
      const access = { allow: [], deny: networks(["10.0.0.0/8", "fc00::/7"]) }
      yield* live([server.server], (it) => lists(it, "198.18.255.1"), upstream, { access })
    }))

  it.live("with more than maxAnswers addresses always gets the same candidates, and the others are counted", () =>
    Effect.gen(function* () {
      const many = Array.from({ length: 1_000 }, (_, i) => `198.18.${i >> 8}.${i & 255}`).slice(1)
      const server = yield* running({ [NAME]: many })
      const upstream = { port: 9, dns: { maxAnswers: 20 } as never, probing: { intervalMs: 60_000, timeoutMs: 100 } }
      const decisions = yield* live([server.server], async (it) => {
        await until("it was resolved five times", () => events(it, "Resolved").length >= 5)
        assert.strictEqual(listed(it).length, 20)
        const answer = JSON.parse(events(it, "Resolved").at(-1) ?? "") as { readonly event: { readonly omitted: number } }
        assert.strictEqual(answer.event.omitted, many.length - 20)
      }, upstream)
      assert.strictEqual(decisions.filter((one) => one.includes("MembershipChanged")).length, 1)
    }))

  it.live("gets the answers of all servers, IPv4-mapped ones as IPv4, though other servers are silent", () =>
    Effect.gen(function* () {
      const { port } = yield* everywhere
      const some = yield* running({ [NAME]: [one, "::1"] })
      const others = yield* running({ [NAME]: [two, "::ffff:127.0.0.3"] })
      const empty = yield* running({})
      const frozen = yield* running({ [NAME]: ["127.0.0.9"] })
      const dead: Dnsmasq = yield* running({})
      yield* Effect.sync(() => {
        frozen.freeze()
        dead.freeze()
      })
      const servers = [dead, frozen, some, empty, others].map(({ server }) => server)
      yield* live(servers, async (it) => {
        await lists(it, one, two, three, "::1")
        const answer = JSON.parse(events(it, "Resolved").at(-1) ?? "") as { readonly event: { readonly silent: number } }
        assert.strictEqual(answer.event.silent, 4)
        assert.include([one, two, three], await ask(it.port))
        frozen.thaw()
        dead.thaw()
        await lists(it, one, two, three, "127.0.0.9", "::1")
      }, { port, dns: { timeoutMs: 400 } })
    }))

  it.live("is resolved at once by other servers when a reload names them", () =>
    Effect.gen(function* () {
      const [{ port }, some] = [yield* everywhere, yield* running({ [NAME]: [one] })]
      const other = yield* running({ [NAME]: [two] })
      const upstream = { port, dns: { refreshMs: 3_600_000 } }
      yield* live([some.server], async (it) => {
        await lists(it, one)
        const { config } = it.engine.stateUnsafe()
        const [web] = config.upstreams as readonly [Config["upstreams"][number]]
        const moved = { ...config, upstreams: [{ ...web, dns: { ...web.dns, servers: [other.server] } }] }
        it.engine.controlUnsafe({ _tag: "ConfigChanged", worker: 0, config: moved })
        await lists(it, two)
        assert.strictEqual(await ask(it.port), two)
        it.engine.controlUnsafe({ _tag: "ConfigChanged", worker: 0, config: { ...moved, enabled: false } })
        await until("it is off", () => it.engine.routesUnsafe().upstreams[0]?.state === "disabled")
        assert.strictEqual(await ask(it.port), two)
      }, upstream)
    }))

  it.live("is resolved on the last resort alone while the dns source is off, and access lists hold there", () =>
    Effect.gen(function* () {
      const [{ port }, server] = [yield* everywhere, yield* running({ [NAME]: [one, two] })]
      const sources = { builtin: true, userStatic: true, history: true, dns: false, fallback: true }
      const access = { allow: [], deny: networks([one]) }
      const decisions = yield* live(
        [server.server],
        async (it) => {
          for (let i = 0; i < 6; i++) assert.strictEqual(await ask(it.port), two)
          assert.deepStrictEqual([listed(it), events(it, "Resolved").length], [[], 0])
        },
        { port },
        { sources, access }
      )
      const refused = decisions.filter((one) => one.includes("AddressesRefused"))
      assert.strictEqual(refused.length, 1)
      assert.include(refused[0], '"source":"last-resort"')
    }))
})
