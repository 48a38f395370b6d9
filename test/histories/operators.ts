/** What operators do: load other configurations, turn off and on, add, remove and rename upstreams, refresh. */
import type { UpstreamId } from "../../src/core/model/Candidate.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { configWith, onDemandDefaults } from "../support/config.ts"
import type { World } from "./script.ts"
import { hosts } from "./script.ts"

const at = (...places: ReadonlyArray<number>) => places.map((i) => ({ host: hosts[i]!, port: 443 }))
const WEB: UpstreamChanges = {
  name: "web",
  host: "web.example",
  candidates: at(0, 1, 2),
  fallback: at(3, 14),
  selector: { activeSetSize: 2 },
  pool: { mode: "fixed", size: 3, idleAfterMs: 60_000, maxAgeMs: 600_000 },
  dns: { refreshMs: 60_000 },
  breaker: { failureThreshold: 2, cooldownMs: 30_000 }
}
const API: UpstreamChanges = { name: "api", candidates: at(4), pool: { mode: "off" }, staleForMs: 5_000 }

function config(upstreams: ReadonlyArray<UpstreamChanges>, changes: Partial<Config> = {}): Config {
  return {
    ...configWith(upstreams, { maxParallel: 4, ratePerSecond: 20 }),
    builtin: [{ host: "web.example", addresses: [hosts[5]!] }, { host: "new.example", addresses: [hosts[6]!, hosts[0]!] }],
    onDemand: { ...onDemandDefaults, mode: "tls" },
    ...changes
  }
}

export const operators: World = {
  name: "operators",
  config: config([WEB, API]),
  cuts: [],
  play(toy) {
    const reload = (upstreams: ReadonlyArray<UpstreamChanges>, changes: Partial<Config> = {}) =>
      toy.post({ _tag: "ConfigChanged", worker: 0, config: config(upstreams, changes) })
    const refresh = (upstream: UpstreamId | "all") => toy.post({ _tag: "RefreshRequested", worker: 0, upstream })
    const override = (enabled: boolean | null) => toy.post({ _tag: "EnabledOverridden", worker: 0, enabled })
    hosts.forEach((host, i) => toy.set(host, 12 + 9 * i))
    toy.names("web.example", [hosts[7]!]).names("new.example", hosts.slice(8, 11)).names("asked.example", [hosts[11]!])
    toy.start().run(2_000).client(90_000, 1).client(400).run(500)
    // A breaker opens, and its candidate has its trial with a refresh.
    toy.set(hosts[1]!, "refused").run(21_000)
    refresh(0).run(1_000)
    toy.set(hosts[1]!, 21)
    refresh("all").run(500)
    // Scores, warm pools, rounds and breakers under other numbers.
    toy.set(hosts[2]!, "refused").run(20_500)
    reload([{ ...WEB, ...TUNED }, API]).run(3_500)
    // Another list, another access list, and another name of the upstream.
    reload([{ ...WEB, ...TUNED, candidates: at(0, 12) }, { ...API, name: "web2", fallback: at(13) }], {
      access: { allow: [], deny: [{ cidr: `${hosts[7]!}/32`, words: [0xc612_0008], bits: 32 }] }
    }).run(3_000)
    toy.client(50, 0).run(700)
    // Another host, and another identity to prove.
    const proving = { servername: "new.example", ca: "" }
    const other: UpstreamChanges = { ...WEB, ...TUNED, host: "new.example", identity: proving, breaker: { failureThreshold: 2 } }
    reload([other, { ...API, name: "web2", bypass: true }]).run(2_000)
    toy.asks("asked.example").run(600).asks("lost.example").run(600)
    toy.impostor(hosts[0]!)
    reload([{ ...other, identity: { ...proving, ca: "c0ffee" } }, { name: "asked", host: "asked.example" }]).run(2_000)
    override(false).run(1_000)
    toy.client(50).client(50, 1).run(500)
    reload([other], {
      enabled: false,
      access: { allow: [], deny: [{ cidr: `${hosts[9]!}/32`, words: [0xc612_000a], bits: 32 }] }
    }).client(50).run(500)
    override(true).run(4_000)
    reload([], { onDemand: { ...onDemandDefaults, enabled: false } }).run(4_500)
    // The slots of removed upstreams are free, except the one with a session.
    toy.run(30_000)
    reload([{ ...API, name: "late", candidates: at(4, 15) }, { ...API, name: "later", preheat: false }]).run(62_000)
    reload([{ ...API, name: "late" }, { ...API, name: "later" }, { ...API, name: "last", port: 80 }]).run(4_000)
  }
}

const TUNED: UpstreamChanges = {
  selector: { activeSetSize: 1 },
  scoring: { failurePenaltyMs: 40, jitterWeight: 1, historyRewardMs: 0 },
  probing: { intervalMs: 1_500, challengers: 0, candidatesPerRound: 1 },
  pool: { mode: "fixed", size: 1, idleAfterMs: 2_000 },
  dns: { refreshMs: 2_500 },
  breaker: { enabled: false }
}
