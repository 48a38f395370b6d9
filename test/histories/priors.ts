/** What earlier runs knew: it orders probes, serves until a candidate is measured, and ends by age, by a sleep, or when it expires. */
import type { HistoryRecord } from "../../src/core/model/History.ts"
import { addresses, configWith } from "../support/config.ts"
import type { World } from "./script.ts"
import { hosts } from "./script.ts"

const WALL_MS = 1_790_000_000_000
const SECOND = 1_000
const HOUR = 3_600 * SECOND
const SITE = "site.example"
const LAZY = "lazy.example"
const sites = Array.from({ length: 20 }, (_, i) => `198.19.1.${i + 1}`)

function record(address: string, latencyMs: number, agoMs: number, changes: Partial<HistoryRecord> = {}): HistoryRecord {
  const measuredMs = WALL_MS - agoMs
  const of = changes.host === undefined ? { host: "", upstream: "web" } : {}
  return {
    ...of,
    host: "",
    port: 443,
    address,
    sources: ["user-static"],
    latencyMs,
    measuredMs,
    expiresMs: measuredMs + HOUR,
    network: "home",
    ...changes
  }
}
const ofSite = (address: string, latencyMs: number, agoMs: number, changes: Partial<HistoryRecord> = {}) =>
  record(address, latencyMs, agoMs, { host: SITE, sources: ["dns"], ...changes })

const records: ReadonlyArray<HistoryRecord> = [
  record(hosts[0]!, 40, 50 * SECOND),
  record(hosts[1]!, 12, 70 * SECOND, { network: "office" }),
  record(hosts[2]!, 25, 119 * SECOND),
  record(hosts[3]!, 9, 121 * SECOND),
  // Under a wrong clock, expired, and known twice.
  record(hosts[4]!, 30, -HOUR),
  record(hosts[5]!, 5, 2 * HOUR),
  record(hosts[0]!, 7, 90 * SECOND),
  // More than may serve; no candidate of this list is measured.
  ...sites.map((address, i) => ofSite(address, 50 - i, (i < 15 ? 20 + i : 600 + i) * SECOND, { expiresMs: WALL_MS + (100 + 10 * i) * SECOND, keptMs: 6_000 + i })),
  // Named by a list alone, at another port, and by history itself.
  ofSite("198.19.2.1", 3, 20 * SECOND, { sources: ["user-static"] }),
  ofSite("198.19.2.2", 3, 20 * SECOND, { port: 80 }),
  ofSite("198.19.2.3", 21, 20 * SECOND, { sources: ["history"], expiresMs: WALL_MS + 33 * SECOND }),
  { ...ofSite(hosts[8]!, 30, 300 * SECOND), host: LAZY },
  { ...ofSite(hosts[9]!, 20, 10 * SECOND), host: LAZY }
]

export const priors: World = {
  name: "priors",
  config: {
    ...configWith([
      {
        name: "web",
        candidates: addresses(6),
        selector: { activeSetSize: 3 },
        pool: { mode: "fixed", size: 1, maxAgeMs: 600_000 },
        probing: { intervalMs: 30_000 },
        scoreTtlMs: 120_000,
        staleForMs: HOUR
      },
      {
        name: "site",
        host: SITE,
        selector: { activeSetSize: 2 },
        pool: { mode: "off" },
        probing: { intervalMs: 60_000, challengers: 1, candidatesPerRound: 0 },
        scoreTtlMs: 90_000,
        // The last four have expired, and the one before them expires when it is loaded.
        staleForMs: 615_000,
        breaker: { enabled: false }
      },
      { name: "lazy", host: LAZY, preheat: false, pool: { mode: "off" }, probing: { challengers: 1 } }
    ], { maxParallel: 2, ratePerSecond: 5 }),
    history: { maxEntries: 31, serveForMs: 4_000 },
    autoDisable: { failures: 1_000, cooldownMs: 8_000, roundMs: 2_000 }
  },
  cuts: [],
  play(toy) {
    for (const host of hosts) toy.set(host, "local")
    for (const host of sites) toy.set(host, "local")
    toy.set("198.19.2.3", 21).set(sites[3]!, 30).set(sites[4]!, 40)
    toy.names(LAZY, hosts.slice(7, 10)).start()
    toy.post({ _tag: "HistoryLoaded", worker: 0, network: "home", records }).run(100)
    toy.client(50).client(50, 1).run(3_950).client(50).run(700)
    // A clock that is set back makes no record younger; then a sleep.
    toy.post({ _tag: "WallRead", worker: 0, wallMs: WALL_MS - HOUR }).run(6_000)
    hosts.slice(0, 3).forEach((host, i) => toy.set(host, 10 + 15 * i))
    toy.client(50).run(30_000)
    toy.set(hosts[8]!, 33).set(hosts[9]!, 22).asks("", 0, 2).run(2_000).client(50, 2).run(500)
    toy.post({ _tag: "WallRead", worker: 0, wallMs: WALL_MS + 190 * SECOND }).run(5_000)
    // Connections that HTTP clients kept.
    for (const idleUs of [5_000_000, 5_200_000]) toy.post({ _tag: "ConnectionKept", worker: 0, upstream: 0, idleUs, saw: "closed", outlived: 0 })
    toy.post({ _tag: "ConnectionKept", worker: 0, upstream: 1, idleUs: 3_000_000, saw: "announced", outlived: 0 }).run(1_000)
    // What was known of a removed upstream is there for the next one of its name.
    const { config } = toy.state
    const reload = (upstreams: typeof config.upstreams, maxEntries: number) =>
      toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...config, upstreams, history: { maxEntries, serveForMs: 2_000 } } })
    reload(config.upstreams.slice(0, 2), 20).run(3_000)
    reload(config.upstreams, 8).run(3_000)
    toy.post({ _tag: "ConfigChanged", worker: 0, config: { ...config, sources: { ...config.sources, history: false } } })
    toy.run(2_000)
  }
}
