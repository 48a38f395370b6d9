/** The sources of candidates, the access lists, and when candidates are probed. */
import type { Event } from "../../../src/core/model/Event.ts"
import type { HistoryRecord } from "../../../src/core/model/History.ts"
import type { Row } from "./Row.ts"
import type { Toy } from "./toy.ts"
import { answering, clients, COLD, factsOf, host, hosts, lastOf, list, probesOf, row, secondOf, stateOf } from "./toy.ts"

const NAME = "svc.example"
const named = { ...COLD, upstreams: { web: { host: NAME, port: 8443 } } }
const lazily = { ...COLD, ...list(2, { preheat: false }) }
const knownHosts = (toy: Toy) => [...new Set(toy.probes.map((probe) => probe.host))].toSorted()

export const UPSTREAMS: ReadonlyArray<Row> = [
  row("enabled", [true, false], ["active", "disabled"], (toy) => stateOf(answering(toy, 2).start().run(1_000))),
  row(
    "upstreams.NAME.host",
    ["a.example", "b.example"],
    [["a.example"], ["b.example"]],
    (toy) => toy.start().run(100).queries.map(({ host }) => host)
  ),
  row("upstreams.NAME.port", [443, 8443], [443, 8443], (toy) => toy.start().run(100).probes[0]?.port),
  row(
    "upstreams.NAME.candidates",
    [[host(3)], [host(4), host(5)]],
    [[host(3)], [host(4), host(5)]],
    (toy) => knownHosts(toy.start().run(100))
  ),
  row("upstreams.NAME.fallback", [[], [host(9)]], [["unranked", false], ["fallback", true]], (toy) => {
    toy.start().run(5_000)
    return [stateOf(toy), lastOf(toy)?.attempts.some((one) => one.host === host(9))]
  }),
  row("upstreams.NAME.preheat", [true, false], [2, 0], (toy) => toy.start().run(100).probes.length),
  row(
    "upstreams.NAME.bypass",
    [false, true],
    ["active", "disabled"],
    (toy) => stateOf(answering(toy, 2).start().run(1_000))
  ),
  row("preheatDomains", [[], [NAME]], [[], [NAME]], (toy) => toy.start().run(100).queries.map(({ host }) => host)),
  row("onDemand.idle", ["2m", "1h"], [0, 1], (toy) => {
    toy.names(NAME, [host(7)]).set(host(7), 10).start().asks(NAME).run(1_000).client(0, 1).run(300_000)
    return 1 - factsOf(toy, "DomainDropped").length
  }),
  row("onDemand.usedWithin", ["5s", "5m"], "more", (toy) => {
    toy.set(host(1), 10).set(host(2), 20).start().asks("web", 443, 0).run(1_000).client().run(200_000)
    return toy.probes.length
  }, lazily),
  row(
    "onDemand.raceAddresses",
    [1, 2],
    [1, 2],
    (toy) => toy.names(NAME, hosts(5)).start().asks(NAME).run(1_000).races[0]?.plan.attempts.length
  ),
  row("onDemand.retryAfter", ["5s", "1m"], [true, false], (toy) => {
    toy.names(NAME, hosts(2)).start().asks(NAME).run(20_000)
    return toy.state.routes.upstreams[1]?.needsDiscovery === true
  }, { ...COLD, onDemand: { usedWithin: "0ms" } }),
  row("probing.interval", ["1s", "30s"], "less", (toy) => answering(toy, 2).start().run(60_000).probes.length),
  row("probing.timeout", ["500ms", "5s"], [500, 5_000], (toy) => toy.start().run(100).probes[0]?.timeoutMs),
  row("probing.challengers", [0, 4], "more", (toy) => probesOf(answering(toy, 5).start().run(60_000), host(5)), {
    ...COLD,
    ...list(5),
    selector: { activeSetSize: 1 },
    probing: { candidatesPerRound: 0 }
  }),
  row("probing.candidatesPerRound", [0, 4], "more", (toy) => probesOf(answering(toy, 5).start().run(60_000), host(5)), {
    ...COLD,
    ...list(5),
    selector: { activeSetSize: 1 },
    probing: { challengers: 0 }
  }),
  row(
    "probing.mode",
    ["tcp", "tls"],
    [null, NAME],
    (toy) => toy.names(NAME, [host(7)]).start().run(100).probes[0]?.identity?.servername ?? null,
    named
  ),
  row("probing.maxParallel", [3, 7], [3, 7], (toy) => toy.start().run(0).probes.length, {
    ...COLD,
    ...list(20)
  }),
  row("probing.perHost", [1, 3], [1, 3], (toy) => toy.start().run(0).probes.length, {
    ...COLD,
    upstreams: { web: { candidates: [1, 2, 3, 4, 5].map((port) => `${host(1)}:${port}`) } }
  }),
  row("probing.ratePerSecond", [5, 50], "more", (toy) => toy.start().run(1_000).probes.length, { ...COLD, ...list(60) }),
  row("probing.idle", ["always", "lazy"], "less", (toy) => answering(toy, 2).start().run(120_000).probes.length),
  // The third one is too slow to serve a client.
  row("probing.idleProbes", [5, 15], [5, 15], (toy) => {
    clients(toy.set(host(1), 20).set(host(2), 24).set(host(3), 90).start(), 60, 5_000, 10)
    return probesOf(toy, host(3))
  }, { ...COLD, ...list(3), probing: { idle: "lazy" } }),
  row("probing.connectivity", [[], ["203.0.113.1:53"]], [false, true], (toy) => {
    answering(toy, 2).set("203.0.113.1", 10).start().run(30_000)
    toy.set(host(1), "timeout").set(host(2), "timeout").run(60_000)
    return toy.probes.some((probe) => probe.host === "203.0.113.1")
  }),
  row("dns.refresh", ["10s", "10m"], "less", (toy) => toy.names(NAME, [host(1)]).start().run(120_000).queries.length, named),
  row("dns.timeout", ["1s", "2s"], [1_000, 2_000], (toy) => toy.start().run(100).queries[0]?.timeoutMs, named),
  row("dns.maxAnswers", [1, 3], [1, 3], (toy) => toy.start().run(100).queries[0]?.maxAnswers, named),
  row("sources.builtin", [true, false], [true, false], (toy) => knownHosts(toy.start().run(100)).includes(host(8)), {
    ...COLD,
    upstreams: { web: { host: NAME, port: 8443 } },
    builtin: { [NAME]: [host(8)] }
  }),
  row(
    "builtin",
    [{ [NAME]: [host(7)] }, { [NAME]: [host(8)] }],
    [[host(7)], [host(8)]],
    (toy) => knownHosts(toy.start().run(100)),
    named
  ),
  row("sources.userStatic", [true, false], [2, 0], (toy) => toy.start().run(100).probes.length),
  row(
    "sources.dns",
    [true, false],
    [[host(3)], []],
    (toy) => knownHosts(toy.names(NAME, [host(3)]).start().run(100)),
    named
  ),
  row("sources.fallback", [true, false], ["fallback", "unranked"], (toy) => stateOf(toy.start().run(5_000)), {
    ...COLD,
    ...list(2, { fallback: [host(9)] })
  }),
  row("sources.history", [true, false], [[host(1), host(5)], [host(1)]], (toy) => {
    toy.start().post(past(host(5), 1_000, { host: NAME, sources: ["dns"] }))
    return knownHosts(toy.run(1_000))
  }, { ...COLD, upstreams: { web: { host: NAME, port: 443, candidates: [host(1)] } }, probing: { mode: "tcp" } }),
  row("access.allow", [[], [`${host(2)}/32`]], [[host(1), host(2)], [host(2)]], (toy) => knownHosts(toy.start().run(100))),
  row("access.deny", [[], [`${host(2)}/32`]], [[host(1), host(2)], [host(1)]], (toy) => knownHosts(toy.start().run(100))),
  row("autoDisable.failures", [2, 6], "more", (toy) => {
    answering(toy, 2).start().run(10_000).set(host(1), "refused").set(host(2), "refused").run(300_000)
    return secondOf(toy, "AutoDisabled")
  }),
  row("autoDisable.cooldown", ["30s", "2m"], "more", (toy) => {
    answering(toy, 2).start().run(10_000).set(host(1), "refused").set(host(2), "refused").run(600_000)
    return (secondOf(toy, "AutoEnabled") ?? 0) - (secondOf(toy, "AutoDisabled") ?? 0)
  }),
  row("cache.scoreTtl", ["1m", "1h"], [true, false], (toy) => {
    answering(toy, 1).start().run(1_000).set(host(1), "local").run(200_000)
    return stateOf(toy) === "stale"
  }, { ...COLD, ...list(1) }),
  row("cache.minTtl", ["1s", "1h"], [true, false], (toy) => {
    answering(toy, 1).start().run(1_000).set(host(1), "local").run(200_000)
    return stateOf(toy) === "stale"
  }, { ...COLD, ...list(1), cache: { scoreTtl: "1m" } }),
  row("cache.staleFor", ["1m", "1h"], ["unranked", "stale"], (toy) => {
    answering(toy, 1).start().run(1_000).set(host(1), "local").run(200_000)
    return stateOf(toy)
  }, { ...COLD, ...list(1), cache: { scoreTtl: "1m", minTtl: "1s" } }),
  row("cache.pruneInterval", ["10s", "10m"], "more", (toy) => {
    toy.names(NAME, [host(7)]).set(host(7), 10).start().asks(NAME).run(1_000).client(0, 1).run(1_300_000)
    return secondOf(toy, "DomainDropped")
  }, { ...COLD, onDemand: { idle: "1m" } }),
  row("cache.maxEntries", [1, 3], [1, 0], (toy) => {
    toy.start()
    for (const name of ["a.example", "b.example"]) toy.names(name, [host(7)]).set(host(7), 10).asks(name).run(1_000)
    return factsOf(toy, "DomainDropped").length
  }),
  row("history.serveFor", ["0ms", "10m"], ["unranked", "stale"], (toy) => {
    toy.set(host(1), "lost").start().post(past(host(1), 3_600_000))
    return stateOf(toy.run(100))
  }, { ...COLD, ...list(1) })
]

/** The wall clock at which the toy starts. */
const WALL_MS = 1_790_000_000_000

/** What the history of an earlier run has of an address. */
function past(address: string, ageMs: number, changes: Partial<HistoryRecord> = {}): Event {
  const measuredMs = WALL_MS - ageMs
  const record = {
    host: "",
    upstream: "web",
    port: 443,
    address,
    sources: ["user-static" as const],
    latencyMs: 10,
    measuredMs,
    ...changes
  }
  return { _tag: "HistoryLoaded", worker: 0, network: "", records: [{ expiresMs: WALL_MS + 86_400_000, ...record }] }
}
