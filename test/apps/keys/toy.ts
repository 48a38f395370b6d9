/** The behaviour of the core with a file, in virtual time. */
import { statusOf } from "../../../src/shell/status.ts"
import { Simulation } from "../../../src/sim/Simulation.ts"
import type { Json, Row } from "./Row.ts"
import { settingsOf } from "./Row.ts"

export type Toy = Simulation

export const host = (n: number) => `198.18.0.${n}`
export const hosts = (count: number) => Array.from({ length: count }, (_, i) => host(i + 1))

/** One upstream with `count` candidates. */
export const list = (count: number, more: Json = {}): Json => ({
  upstreams: { web: { port: 443, candidates: hosts(count), ...more } }
})

/** Only the key under test has an effect: the newest sample alone is the cost, and there are no warm sockets. */
export const PLAIN: Json = {
  scoring: {
    decay: "1ms",
    jitterWeight: 0,
    successExponent: 0,
    failurePenalty: "0ms",
    historyReward: "0ms",
    habitWeight: 0
  },
  pool: { mode: "off" }
}
export const COLD: Json = { pool: { mode: "off" } }

/** `behave` sets what the addresses do, and gives what happens. */
export const row = (
  key: string,
  values: Row["values"],
  shows: Row["shows"],
  behave: (toy: Toy) => unknown,
  beside: Json = COLD
): Row => ({ key, values, shows, beside, behave: (file) => behave(new Simulation(settingsOf(file).core)) })

/** Lets the addresses answer after 10 ms, 20 ms, and so on. */
export function answering(toy: Toy, count: number, stepMs = 10): Toy {
  hosts(count).forEach((one, i) => toy.set(one, (i + 1) * stepMs))
  return toy
}

export const candidate = (toy: Toy, n = 1, upstream = 0) => {
  const seen = {
    state: toy.state,
    nowUs: toy.atUs,
    restarts: 0,
    names: { of: () => undefined },
    listeners: [],
    record: { from: 0, to: 0, gaps: 0, bytes: 0, path: null } as never
  }
  return statusOf(seen, { addresses: "full", candidates: 64 }).upstreams[upstream]?.candidates
    .find(({ address }) => address.startsWith(`${host(n)}:`))
}

export const stateOf = (toy: Toy, upstream = 0) => toy.state.routes.upstreams[upstream]?.state
export const planOf = (toy: Toy, upstream = 0) => toy.state.routes.upstreams[upstream]?.members[0]?.plan
export const lastOf = (toy: Toy, upstream = 0) => toy.state.routes.upstreams[upstream]?.lastResort
export const factsOf = (toy: Toy, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)
/** The first moment of a fact in whole seconds; undefined if it never came. */
export const secondOf = (toy: Toy, tag: string, after = 0) => {
  const found = factsOf(toy, tag).find(({ atUs }) => atUs / 1e6 >= after)
  return found === undefined ? undefined : Math.floor(found.atUs / 1e6)
}
export const probesOf = (toy: Toy, one: string) => toy.probes.filter((probe) => probe.host === one).length
/** `count` clients, one every `everyMs`. */
export function clients(toy: Toy, count: number, everyMs: number, holdMs = 0): Toy {
  for (let i = 0; i < count; i++) toy.client(holdMs).run(everyMs)
  return toy
}
