/** Worlds with a local outage, in each way in which it is found. */
import { addresses, configWith, onDemandDefaults, upstreamDefaults, upstreamWith } from "../support/config.ts"
import type { Answer } from "../../src/sim/Network.ts"
import type { Simulation } from "../../src/sim/Simulation.ts"
import type { World } from "./script.ts"

const at = (...list: ReadonlyArray<string>) => list.map((host) => ({ host, port: 443 }))
const WEB = addresses(3).map(({ host }) => host)
const API = ["198.19.0.1", "198.19.0.2"]
const SIX = ["2001:db8::1", "2001:db9::1"]
const REFERENCES = ["203.0.113.1", "192.0.2.1"]
const NEAR = "127.0.0.1"
/** A later address of the name, which is not a candidate. */
const STRANGER = "203.0.113.9"
const FAR = [...WEB, ...API, ...SIX, ...REFERENCES]

const put = (toy: Simulation, answer: Answer, hosts: ReadonlyArray<string> = FAR): Simulation => {
  for (const host of hosts) toy.set(host, answer)
  return toy
}
const lives = (toy: Simulation): Simulation => {
  FAR.forEach((host, i) => toy.set(host, 8 + 7 * i).replies(host, 1))
  return toy
}
const interfaces = (toy: Simulation, families: ReadonlyArray<"ipv4" | "ipv6">) =>
  toy.post({ _tag: "InterfacesChanged", worker: 0, families })
const visit = (toy: Simulation, clients: number, gapMs: number): Simulation => {
  for (let i = 0; i < clients; i++) toy.client(40, i % 2).run(gapMs)
  return toy
}

/** Two upstreams fall silent at once: what changed before the outage was found is rolled back. */
export const darkness: World = {
  name: "darkness",
  config: {
    ...configWith([
      {
        name: "web",
        candidates: at(...WEB),
        probing: { intervalMs: 4_000, timeoutMs: 1_500 },
        selector: { activeSetSize: 2 },
        pool: { mode: "fixed", size: 1 },
        breaker: { failureThreshold: 2, cooldownMs: 2_000, timeoutCooldownMs: 2_000, rampMs: 1_000 },
        session: { stallMs: 1_200 },
        scoreTtlMs: 8_000
      },
      {
        name: "api",
        candidates: at(...API, ...SIX),
        probing: { intervalMs: 5_000, timeoutMs: 1_500 },
        selector: { activeSetSize: 2, switching: { ...upstreamDefaults.selector.switching, holdMs: 1_000 } },
        pool: { mode: "off" },
        breaker: { failureThreshold: 1, cooldownMs: 1_000, timeoutCooldownMs: 1_000, rampMs: 0 },
        session: { stallMs: 1_200 }
      },
      { name: "near", candidates: at(NEAR), probing: { intervalMs: 6_000 }, pool: { mode: "off" } }
    ]),
    outage: { connectivity: at(...REFERENCES), timeoutMs: 1_500 },
    onDemand: { ...onDemandDefaults, mode: "tcp", singleFlightTimeoutMs: 1_000 },
    template: upstreamWith({ name: "", preheat: false, pool: { mode: "off" }, probing: { challengers: 0 } })
  },
  cuts: [],
  play(toy) {
    toy.names("asked.example", [API[0]!])
    lives(toy).set(NEAR, 1).start().run(9_000)
    visit(toy, 2, 60)
    // Clients notice it before probes do, and a name on demand is asked for meanwhile. A probe ends the outage.
    for (const host of FAR) toy.replies(host, "silent")
    visit(put(toy, "timeout"), 4, 350).run(2_500)
    toy.asks("asked.example", 443).run(1_500)
    lives(toy).run(3_000)
    // One upstream dies alone, while the other and a reference answer: no local outage.
    put(toy, "timeout", [...WEB, REFERENCES[0]!]).run(4_500)
    lives(toy).run(6_000)
    // Turned off by an operator: no candidate is left whose answer could end the outage.
    put(toy, "unreachable").run(4_500)
    toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: false }).run(500)
    lives(toy).post({ _tag: "EnabledOverridden", worker: 0, enabled: null }).run(2_000)
  }
}

/** A single upstream: the references, or the interfaces, show the state of the network. */
export const lonely: World = {
  name: "lonely",
  config: {
    ...configWith([{
      name: "web",
      host: "web.example",
      candidates: at(...WEB),
      identity: { servername: "web.example", ca: "" },
      probing: { intervalMs: 4_000, timeoutMs: 1_500 },
      selector: { activeSetSize: 2 },
      pool: { mode: "off" },
      breaker: { enabled: false },
      scoreTtlMs: 8_000
    }], { maxParallel: 2, perHost: 1 }),
    outage: { connectivity: at(...REFERENCES), timeoutMs: 2_500 },
    // The second reference may not be dialled, so it does not count.
    access: { allow: [], deny: [{ cidr: "192.0.2.0/24", words: [0xc000_0200], bits: 24 }] }
  },
  cuts: [],
  play(toy) {
    toy.names("web.example", [WEB[0]!])
    lives(toy).start().run(5_000)
    put(toy, "unreachable").run(6_700)
    lives(toy).run(3_000)
    // The network changes, and what worked before proves nothing until a candidate answers.
    put(interfaces(toy, ["ipv6"]), "timeout").run(2_500)
    interfaces(lives(toy), ["ipv4"]).run(3_000)
    // No interface is left; the answer of an address that is not a candidate, on the last resort, ends the outage.
    interfaces(put(toy, "unreachable"), []).run(1_500)
    toy.names("web.example", [STRANGER]).set(STRANGER, 30)
    for (const host of WEB) toy.impostor(host)
    toy.client(30, 0).run(1_000)
    // That address has become a candidate by now.
    toy.impostor(STRANGER)
    interfaces(lives(toy), ["ipv4"]).run(12_000)
    toy.client(30, 0).run(500)
    for (const host of [...WEB, STRANGER]) toy.impostor(host, false)
    // A session that was silent speaks.
    toy.run(9_000).replies(WEB[0]!, 2_800).replies(WEB[1]!, 2_800).client(4_000, 0).run(100)
    interfaces(put(toy, "unreachable"), []).run(4_000)
    interfaces(lives(toy), ["ipv4", "ipv6"]).run(2_000)
  }
}
