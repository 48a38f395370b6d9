/** The moment at which a local outage ends: what was dialled before says nothing, what is dialled then does. */
import { describe, expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate, ProbeTarget } from "../../src/core/model/Candidate.ts"
import { configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const WEB = ["198.18.0.1", "198.18.0.2", "198.18.0.3", "198.18.0.4"]
const API = ["198.19.0.1", "198.19.0.2", "198.19.0.3"]
const at = (hosts: ReadonlyArray<string>) => hosts.map((host) => ({ host, port: 443 }))
const QUIET = { probing: { intervalMs: 10_000 }, pool: { mode: "off" as const } }

const candidatesOf = (toy: Simulation) =>
  Vector.toArray(toy.state.candidates).filter((one): one is Candidate => one !== null)

/** All candidates answer, fall silent for a minute and answer again, except this one. */
function returned(dead = "") {
  const config = configWith([
    { name: "web", candidates: at(WEB), ...QUIET },
    { name: "api", candidates: at(API), ...QUIET }
  ])
  const toy = new Simulation({ ...config, probing: { ...config.probing, ratePerSecond: 10_000 } })
  const all = [...WEB, ...API]
  all.forEach((host, i) => toy.set(host, 10 + i))
  toy.start().run(25_000)
  for (const host of all) toy.set(host, "timeout")
  toy.run(60_000)
  all.forEach((host, i) => toy.set(host, host === dead ? "timeout" : 10 + i))
  toy.run(3_000)
  const ended = toy.facts.filter(({ _tag }) => _tag === "OutageEnded")
  expect(ended.length).toBe(1)
  const endUs = ended[0]?.atUs ?? NaN
  const atOnce = toy.probes.filter(({ atUs }) => atUs === endUs)
  return { toy, endUs, atOnce }
}

describe("a probe sent in the step in which a local outage ends", () => {
  it("counts when it is answered, and its candidate is not probed twice", () => {
    const { toy, endUs, atOnce } = returned()
    expect(atOnce.length).toBeGreaterThan(0)
    const asked = (id: ProbeTarget) => toy.probes.filter(({ candidate, atUs }) => candidate === id && atUs >= endUs).length
    for (const { candidate } of atOnce) expect(asked(candidate)).toBe(1)
    // Probes that were under way said nothing, so their candidates are probed again.
    for (const one of candidatesOf(toy)) expect(one.lastSampleAtUs).toBeGreaterThan(endUs)
  })

  it("makes its candidate a suspect in time when it is not answered, and counts as a failure", () => {
    const dead = returned().atOnce[0]
    const { toy, endUs } = returned(dead?.host)
    const suspected = toy.facts.filter(({ _tag, atUs }) => _tag === "Suspected" && atUs > endUs)
    expect(suspected.map((fact) => "candidate" in fact ? fact.candidate : -1)).toEqual([dead?.candidate])
    expect((suspected[0]?.atUs ?? Infinity) - endUs).toBeLessThan(1_000_000)
    for (const { id, streak } of candidatesOf(toy)) expect([id, streak > 0]).toEqual([id, id !== dead?.candidate])
  })
})
