/** Which reducers one entry enters: only those that it concerns. */
import * as fs from "node:fs"
import { describe, expect, it } from "vitest"
import { decisionsDigest } from "../../src/core/digest.ts"
import type { Advance } from "../../src/core/advance.ts"
import type { Stage } from "../../src/core/stages.ts"
import { concerns, STAGES } from "../../src/core/stages.ts"
import { step } from "../../src/core/step.ts"
import { Replay } from "../../src/record/replay.ts"
import { addresses, configWith } from "../support/config.ts"
import { linesOf } from "../support/segments.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

/** The step called 21 reducers and made routes, whatever the event was, before it knew which event concerns which reducer. */
const ENTERED_BEFORE = 22

/** The reducer that recalls history for upstreams that start. */
const RECALL = 9
const WALL_MS = 1_700_000_000_000

type Entered = typeof concerns

const without = (stage: Stage): Entered => (one, state, shared) => one !== stage && concerns(one, state, shared)

const advanceWith = (isEntered: Entered): Advance => (state, entry) => {
  const { state: next, decisions, late } = step(state, entry, isEntered)
  return { state: next, decisions, late, digest: decisionsDigest(decisions, state, next), stateDigest: null }
}

describe("an answered probe of a steady upstream", () => {
  /** How many reducers each answered probe enters, while clients come and costs change. */
  function walks(): ReadonlyArray<number> {
    const all = addresses(20)
    const counts: Array<number> = []
    let entered = 0
    const counting = advanceWith((stage, state, shared) => {
      const is = concerns(stage, state, shared)
      if (is) entered++
      return is
    })
    const advance: Advance = (state, entry) => {
      entered = 0
      const advanced = counting(state, entry)
      if (entry.event._tag === "ProbeSucceeded" && entry.at > 60_000_000) counts.push(entered)
      return advanced
    }
    const toy = new Simulation(configWith([{ candidates: all, pool: { mode: "fixed", size: 2 } }]), { advance })
    all.forEach(({ host }, i) => toy.set(host, () => 20 + 3 * i + (toy.probes.length % 7)))
    toy.start().run(60_000)
    for (let i = 0; i < 60; i++) toy.client(100).run(1_000)
    return counts
  }

  it("enters at most half as many reducers as when each event entered all of them", () => {
    const counts = walks()
    expect(counts.length).toBeGreaterThan(50)
    expect(Math.max(...counts)).toBeLessThanOrEqual(ENTERED_BEFORE / 2)
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(5)
  })
})

describe("recorded histories", () => {
  const folder = new URL("../histories/", import.meta.url)
  const files = fs.readdirSync(folder).filter((name) => name.endsWith("-00000001.ndjson"))
  const texts = files.map((file) => fs.readFileSync(new URL(file, folder), "utf8"))

  function outcomes(isEntered: Entered, until: (outcome: string) => boolean): ReadonlyArray<string> {
    const found: Array<string> = []
    for (const text of texts) {
      const replay = new Replay({ advance: advanceWith(isEntered) })
      replay.segment(1)
      for (const line of linesOf(text)) replay.line(line)
      replay.segmentEnd(0, true)
      found.push(replay.verdict().outcome)
      if (until(found.at(-1)!)) break
    }
    return found
  }

  it("stay as they are where every event enters every reducer", () => {
    expect(new Set(outcomes(() => true, () => false))).toEqual(new Set(["verified"]))
  }, 240_000)

  const stages = STAGES.map((stage, i) => ({ stage, i })).filter(({ i }) => i !== RECALL)
  it.each(stages)("differ where no event enters the reducer $i", ({ stage }) => {
    expect(outcomes(without(stage), (outcome) => outcome === "diverged")).toContain("diverged")
  }, 240_000)

  it("have no upstream that starts after history was loaded: it recalls what earlier runs knew", () => {
    const records = [{ host: "", upstream: "web", address: "198.18.0.2", port: 443, sources: ["user-static" as const] }]
    const known = { latencyMs: 9, measuredMs: WALL_MS, expiresMs: WALL_MS + 86_400_000 }
    const served = (isEntered: Entered) => {
      const toy = new Simulation(configWith([{ candidates: addresses(3) }]), { advance: advanceWith(isEntered) })
      toy.post({ _tag: "Started", worker: 0, wallMs: WALL_MS }).post({
        _tag: "EnabledOverridden",
        worker: 0,
        enabled: false
      })
      toy.post({ _tag: "HistoryLoaded", worker: 0, network: "", records: records.map((one) => ({ ...one, ...known })) })
      return toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: true }).state.routes.upstreams[0]?.state
    }
    expect([served(concerns), served(without(STAGES[RECALL]!))]).toEqual(["stale", "unranked"])
  })
})
