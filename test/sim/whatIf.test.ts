/** A record under other settings. */
import { describe, expect, it } from "vitest"
import * as fs from "node:fs"
import type { Address, Config } from "../../src/core/model/Config.ts"
import { initial } from "../../src/core/state.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import type { Faulty } from "../../src/sim/weather.ts"
import { follow } from "../../src/sim/weather.ts"
import { compared } from "../../src/sim/whatIf/compared.ts"
import { DOWN, Samples, UNKNOWN } from "../../src/sim/whatIf/Samples.ts"
import { WhatIf } from "../../src/sim/whatIf/WhatIf.ts"
import { historyFile, worlds } from "../histories/worlds.ts"
import { noisyConfig, noisyRecord } from "../support/noisyRecord.ts"
import { addresses, configWith } from "../support/config.ts"
import { linesOf, record } from "../support/segments.ts"

const CLIENTS = 300

/** In these there are names on demand, outages, reloads, lost workers, silent sessions and serial servers. */
const HISTORIES = ["failures", "names", "suspects", "demands", "operators", "panic", "serial"]

function compare(texts: ReadonlyArray<string>, config: Config) {
  const reader = new WhatIf(config, undefined)
  texts.forEach((text, i) => {
    reader.segment(i + 1)
    for (const line of linesOf(text)) reader.line(line)
    reader.segmentEnd(0, true)
  })
  return compared(reader)
}

/** Each upstream, and what is found on first use, with other settings of the selector. */
function changed(config: Config): Config {
  const change = <A extends Config["template"]>(one: A): A => ({
    ...one,
    selector: { ...one.selector, activeSetSize: 1, switching: { ...one.selector.switching, holdMs: 0, marginMs: 1 } }
  })
  return { ...config, upstreams: config.upstreams.map(change), template: change(config.template) }
}

describe("a record under other settings", () => {
  const noisy = noisyRecord(CLIENTS)

  it("is the same under the same settings, to the last figure", () => {
    const { divergedAt, differences, recorded, other, rests, courses } = compare(noisy, noisyConfig())
    expect([divergedAt, differences]).toEqual([null, []])
    expect(other).toEqual(recorded)
    expect(recorded).toMatchObject({ clients: CLIENTS, unserved: 0 })
    expect(recorded.switches).toBeGreaterThan(2)
    expect(rests.clients).toBeGreaterThan(0.98)
    expect(courses).toHaveLength(1)
    expect(courses[0]!.otherMs).toEqual(courses[0]!.recordedMs)
  })

  it("flaps without hold where the addresses are about as far and their handshakes vary", () => {
    const { divergedAt, differences, recorded, other } = compare(noisy, noisyConfig({ holdMs: 0 }))
    expect(differences).toEqual([{ path: "upstreams.web.selector.switching.holdMs", recorded: 30_000, other: 0 }])
    expect(divergedAt?.seq).toBeGreaterThan(0)
    expect(recorded.returns).toBeLessThan(10)
    expect(other.switches).toBeGreaterThan(4 * recorded.switches)
    expect(other.returns).toBeGreaterThan(10)
    expect(other.clients).toBe(recorded.clients)
  })

  it("is about the same under a setting that no choice depends on, though all its answers come from the samples", () => {
    const config = noisyConfig()
    const keepAliveMs = 20_000
    const upstreams = config.upstreams.map((one) => ({ ...one, session: { ...one.session, keepAliveMs } }))
    const { divergedAt, recorded, other, rests } = compare(noisy, { ...config, upstreams })
    expect(divergedAt).toMatchObject({ seq: 0 })
    expect(rests.dials).toBeGreaterThan(0.99)
    expect(Math.abs(other.switches - recorded.switches)).toBeLessThanOrEqual(3)
    const [then, now] = [recorded, other].map(({ regretMs, judgedClients }) => regretMs / judgedClients)
    expect(Math.abs(now! - then!)).toBeLessThan(0.25 * then!)
  })

  it("tells how many clients met an outage of their address, and what it costs to do without that address", () => {
    const [near, far] = addresses(2) as [Address, Address]
    const both = configWith([{ candidates: [near, far], probing: { intervalMs: 2_000 }, selector: { activeSetSize: 1 } }])
    const toy = new Simulation(both)
    const faults: ReadonlyArray<Faulty> = [40, 80].map((fromS) => (
      { host: near.host, fault: "refused", fromMs: fromS * 1000, toMs: (fromS + 5) * 1000 }
    ))
    follow(toy, { host: near.host, rttMs: 10, faults })
    follow(toy, { host: far.host, rttMs: 70 })
    toy.start()
    for (let i = 0; i < 400; i++) toy.client(100).run(300)
    const { texts } = record(initial(both, 1), toy.entries)
    const farOnly = configWith([{ candidates: [far], probing: { intervalMs: 2_000 }, selector: { activeSetSize: 1 } }])
    const { recorded, other } = compare(texts, farOnly)
    expect(recorded.metOutage).toBeGreaterThan(0)
    expect(recorded.metOutage).toBeLessThan(20)
    expect([other.metOutage, other.unserved]).toEqual([0, 0])
    expect(recorded.regretMs / recorded.judgedClients).toBeLessThan(10)
    expect(other.regretMs / other.judgedClients).toBeGreaterThan(50)
    expect(recorded.onBest).toBeGreaterThan(0.9 * recorded.judgedMoments)
    expect(other.onBest).toBeLessThan(0.2 * other.judgedMoments)
  })

  it("says that a candidate which the record does not know never answers", () => {
    const config = noisyConfig()
    const unknown = { host: "198.18.9.9", port: 443 }
    const upstreams = config.upstreams.map((one) => ({ ...one, candidates: [...one.candidates, unknown] }))
    const { notes, other, rests } = compare(noisy, { ...config, upstreams })
    expect(notes).toEqual(["1 candidates of web are not in the record: here they never answer"])
    expect(rests.dials).toBeLessThan(1)
    expect(other.clients).toBe(CLIENTS)
  })

  it.each(HISTORIES)(
    "is the same under its own settings, and comes to an end under others: history %s",
    (name) => {
      const world = worlds.find((one) => one.name === name)!
      const texts = [1, ...world.cuts.map((_, i) => i + 2)].map((segment) =>
        fs.readFileSync(new URL(`../histories/${historyFile(name, segment)}`, import.meta.url), "utf8")
      )
      const same = compare(texts, world.config)
      expect(same.verdict.outcome).toBe("verified")
      // A reload within the record is a difference: the settings to compare with hold all the time.
      if (same.notes.every((note) => !note.includes("changes of the configuration"))) {
        expect([same.divergedAt, same.other]).toEqual([null, same.recorded])
      }
      const other = compare(texts, changed(world.config))
      expect(other.other.clients).toBe(same.recorded.clients)
      expect(other.recorded).toEqual(same.recorded)
    }
  )
})

describe("what a record knows of an address", () => {
  const samples = new Samples()
  const answered = (atMs: number, tookMs: number) => samples.handshake({ atUs: atMs * 1000, tookMs, failure: null })
  for (const [i, tookMs] of [10, 12, 90, 11, 10].entries()) answered(1_000 * (i + 1), tookMs)
  samples.handshake({ atUs: 7_000_000, tookMs: 500, failure: "timeout" })
  answered(9_000, 14)
  samples.close()
  const at = (ms: number, withinMs = 1_500) => samples.levelAt(ms * 1000, withinMs * 1000)

  it("is the median of three samples, the nearest one in the middle", () => {
    expect([at(1_400), at(2_900), at(3_000), at(4_400)]).toEqual([10, 12, 12, 11])
  })

  it("is a failure while a handshake waits that will fail, and until the next one succeeds", () => {
    expect([at(6_400), at(6_600), at(7_100), at(8_400), at(9_000)]).toEqual([11, DOWN, DOWN, DOWN, 10])
  })

  it("is nothing where the nearest sample is too far away", () => {
    expect([at(10_400), at(10_600), at(100)]).toEqual([10, UNKNOWN, 10])
    expect(at(100, 500)).toBe(UNKNOWN)
  })
})
