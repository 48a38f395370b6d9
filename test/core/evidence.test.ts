/** The entries that an explanation rests on. */
import { describe, expect, it } from "vitest"
import { Evidence } from "../../src/core/explain/Evidence.ts"
import * as Candidates from "../../src/core/candidates.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { addresses, configWith } from "../support/config.ts"

const [first, second] = addresses(2)

describe("evidence", () => {
  it("names the latest entries about a candidate: its answer, its failure, its breaker, its moves", () => {
    const toy = new Simulation(configWith([{ candidates: addresses(3) }]))
    addresses(3).forEach(({ host }, i) => toy.set(host, 10 + i))
    toy.start().run(5_000)
    toy.set(first!.host, "refused").run(20_000)
    const evidence = new Evidence()
    toy.entries.forEach((entry, i) => evidence.note(entry, toy.advanced[i]!.decisions, toy.advanced[i]!.state))
    const [dead, alive] = [1, 2].map((ordinal) =>
      evidence.of(
        toy.state.upstreams.chunks[0]![0]!.listed.find((id) => Candidates.find(toy.state, id)!.ordinal === ordinal)!
      )
    )
    expect(dead).toMatchObject({ answered: {}, failed: { what: "refused" }, breaker: { what: "opened: refused" } })
    expect(dead!.moved!.what).toMatch(/^left: (shut|failing)$/)
    expect(alive!.failed).toBeUndefined()
    for (const { seq, atUs } of [dead!.breaker!, dead!.moved!, alive!.answered!]) {
      expect(toy.entries[seq]).toMatchObject({ seq, at: atUs })
    }
    const opened = toy.advanced[dead!.breaker!.seq]!.decisions
    expect(opened).toContainEqual(expect.objectContaining({ _tag: "BreakerOpened" }))
  })

  it("of candidates that the core has forgotten is dropped, each 1,024 entries", () => {
    const pruned = { onDemand: { ...configWith([]).onDemand, idleMs: 60_000, pruneIntervalMs: 5_000 } }
    const toy = new Simulation({ ...configWith([]), ...pruned })
    toy.names("a.example", [second!.host]).set(second!.host, 10)
    const evidence = new Evidence()
    let noted = 0
    const note = () => {
      for (; noted < toy.entries.length; noted++) {
        const { decisions, state } = toy.advanced[noted]!
        evidence.note(toy.entries[noted]!, decisions, state)
      }
    }
    toy.start().run(100).asks("a.example").run(2_000)
    note()
    const id = toy.races[0]?.plan.attempts[0]?.candidate as number
    expect(evidence.of(id).answered).toBeDefined()
    toy.run(200_000)
    note()
    expect(Candidates.find(toy.state, id)).toBeUndefined()
    evidence.note({ seq: 10 * 1_024, at: toy.atUs, event: { _tag: "Ticked", worker: 0 } }, [], toy.state)
    expect(evidence.of(id)).toEqual({})
  })
})
