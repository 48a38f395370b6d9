/** Stories of features that meet: names found on first use with proofs of identity, outages, access lists, history and reloads. */
import { describe, expect, it } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import { domainIn } from "../../src/core/domain.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith, onDemandDefaults, upstreamWith } from "../support/config.ts"
import { ToyInterpreter } from "../support/ToyInterpreter.ts"

const [a, b, c] = addresses(9).map(({ host }) => host) as [string, string, string]
const A = "a.example"
const SECOND = 1_000

/** Names that clients ask for, at a port where they have to prove who they are, beside configured upstreams. */
function demanding(changes: Partial<Config> = {}, template: UpstreamChanges = {}, upstreams = [web]): Config {
  const onDemand = { ...onDemandDefaults, ...changes.onDemand }
  const config = configWith(upstreams)
  return { ...config, ...changes, onDemand, template: upstreamWith({ name: "", preheat: false, ...template }) }
}
const web: UpstreamChanges = { name: "web", candidates: [{ host: "198.19.9.9", port: 443 }] }
const toyOf = (config: Config) => new ToyInterpreter(config, { otherwise: 10 }).names(A, [a, b, c]).start().run(SECOND)
const placeOf = (toy: ToyInterpreter, domain = `${A}:443`) => toy.state.config.upstreams.map(domainIn).indexOf(domain)
const routesOf = (toy: ToyInterpreter) => toy.state.routes.upstreams[placeOf(toy)]!
const factsOf = (toy: ToyInterpreter, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)
const reloaded = (toy: ToyInterpreter, config: Config) => toy.post({ _tag: "ConfigChanged", worker: 0, config })
const served = (toy: ToyInterpreter, upstream: number) =>
  toy.entries.flatMap(({ event }) =>
    event._tag === "ClientAccepted" && event.upstream === upstream
      ? [Candidates.find(toy.state, event.candidate)?.host ?? "nobody"]
      : []
  )

describe("names that have to prove who they are", () => {
  it("are served by the honest one, however fast a hijacker answers, and who failed is not raced again", () => {
    const toy = toyOf(demanding({}, { scoreTtlMs: 60_000 })).set(a, 1).impostor(a).set(b, 30).set(c, 40).asks(A).run(SECOND)
    expect(toy.races[0]?.plan.attempts.every(({ verify }) => verify?.servername === A)).toBe(true)
    expect(routesOf(toy)).toMatchObject({ ask: false, state: "active" })
    for (let i = 0; i < 100; i++) toy.client(50, placeOf(toy)).run(SECOND)
    expect(new Set(served(toy, placeOf(toy)))).toEqual(new Set([b]))
    expect(toy.warmDials.map(({ host }) => host)).not.toContain(a)
    toy.run(200 * SECOND).asks(A).run(SECOND)
    expect(toy.races).toHaveLength(2)
    expect(toy.races[1]?.plan.attempts.map(({ host }) => host)).not.toContain(a)
    expect(faults(toy.state)).toEqual([])
  })

  it("give the proof anew in the race after a long time without a client", () => {
    const toy = toyOf(demanding({}, { scoreTtlMs: 60_000 })).names(A, [a, b]).set(a, 5).asks(A).run(SECOND)
    toy.run(180 * SECOND).impostor(a).asks(A).run(SECOND)
    expect(toy.races[1]?.plan.attempts.map(({ host, verify }) => [host, verify !== undefined])).toEqual([[a, true], [
      b,
      true
    ]])
    expect(toy.members(placeOf(toy))).toEqual([2])
    expect(served(toy.client(0, placeOf(toy)).run(SECOND), placeOf(toy))).toEqual([b])
  })

  it("give it in their next race when it is asked for from now on, and nobody is measured for that", () => {
    const tcp = demanding({ onDemand: { ...onDemandDefaults, mode: "tcp", usedWithinMs: 1 } })
    const toy = toyOf(tcp).asks(A).run(SECOND)
    const probes = () => toy.probes.filter(({ host }) => [a, b, c].includes(host)).length
    const before = probes()
    reloaded(toy, demanding({ onDemand: { ...onDemandDefaults, usedWithinMs: 1 } })).run(SECOND)
    expect([probes(), routesOf(toy).ask]).toEqual([before, true])
    toy.impostor(a).asks(A).run(SECOND)
    expect(routesOf(toy)).toMatchObject({ ask: false, state: "active" })
    expect(toy.members(placeOf(toy))).not.toContain(1)
  })
})
