/** The toy shell itself: it accepts no illegal decision, and its dials take as long as a real plan's would. */
import { describe, expect, it } from "vitest"
import type { Advance } from "../../src/core/advance.ts"
import { advance } from "../../src/core/advance.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Decision, DialWarm, Probe, SelectionMoved } from "../../src/core/model/Decision.ts"
import { addresses, configWith } from "../support/config.ts"
import { runPlan } from "../../src/sim/dialPlan.ts"
import type { Answer } from "../../src/sim/Network.ts"
import { Network } from "../../src/sim/Network.ts"
import { IllegalDecision } from "../../src/sim/legal.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const config = configWith([{ candidates: addresses(4) }], { maxParallel: 2 })
const isProbe = (decision: Decision): decision is Probe => decision._tag === "Probe"

/** A run in which a faulty core spoils the decisions of every step. */
function runWith(spoil: (decisions: ReadonlyArray<Decision>) => ReadonlyArray<Decision>): () => void {
  const spoilt: Advance = (state, entry) => {
    const advanced = advance(state, entry)
    return { ...advanced, decisions: spoil(advanced.decisions) }
  }
  return () => new Simulation(config, { otherwise: 20, advance: spoilt }).start().run(1_000)
}
const probes = (change: (probe: Probe) => Partial<Probe>) =>
  runWith((all) => all.map((one) => (isProbe(one) ? { ...one, ...change(one) } : one)))
const moves = (change: (fact: SelectionMoved) => Partial<SelectionMoved>) =>
  runWith((all) => all.map((one) => (one._tag === "SelectionMoved" ? { ...one, ...change(one) } : one)))
const warmDials = (change: (act: DialWarm) => Partial<DialWarm>) =>
  runWith((all) => all.map((one) => (one._tag === "DialWarm" ? { ...one, ...change(one) } : one)))

describe("the toy interpreter", () => {
  it("obeys the core as it is", () => expect(runWith((decisions) => decisions)).not.toThrow())

  const illegal: ReadonlyArray<readonly [what: string, run: () => void, says: RegExp]> = [
    ["a probe under an id that was used", probes(() => ({ probe: 1 })), /twice/],
    ["a probe of an unknown candidate", probes(() => ({ candidate: 5 })), /unknown candidate/],
    ["a probe of an address that is not the candidate's", probes(() => ({ host: "192.0.2.1" })), /not the candidate's/],
    [
      "more probes than may be under way",
      runWith((all) => [...all, ...all.filter(isProbe).map((one) => ({ ...one, probe: one.probe + 50 }))]),
      /at once|already/
    ],
    [
      "a second probe of the same candidate",
      runWith((all) => all.flatMap((one) => isProbe(one) && one.probe === 1 ? [one, { ...one, probe: 99 }] : [one])),
      /already/
    ],
    ["a warm dial under an id that was used", warmDials(() => ({ warm: 1 })), /warm 1 twice/],
    ["a warm dial of an unknown candidate", warmDials(() => ({ candidate: 5 })), /unknown candidate/],
    ["a warm dial of another port", warmDials(() => ({ port: 1 })), /not the candidate's/],
    ["a move without a candidate", moves(() => ({ moves: [] })), /without a candidate/],
    ["a candidate that moves twice", moves(({ moves }) => ({ moves: [...moves, ...moves] })), /twice/],
    [
      "a candidate that leaves a set in which it is not",
      moves(({ moves }) => ({ moves: moves.map((one) => ({ ...one, into: false })) })),
      /moves where it is/
    ],
    [
      "a set that does not follow from the moves",
      moves(({ members }) => ({ members: [...members, 7] })),
      /do not make the set/
    ]
  ]
  it.each(illegal)("rejects %s", (_what, run, says) => {
    expect(run).toThrow(IllegalDecision)
    expect(run).toThrow(says)
  })
})

describe("a dial in virtual time", () => {
  const plan = {
    attempts: addresses(3).map(({ host, port }, i) => ({
      ...{ candidate: i, host, port, startAfterMs: i * 100, timeoutMs: 500, suspectAfterMs: 90 }
    })),
    deadlineMs: 1_000
  }
  const dial = (...answers: ReadonlyArray<Answer>) => {
    const network = new Network()
    answers.forEach((answer, i) => network.set(plan.attempts[i]!.host, answer))
    return runPlan(plan, network)
  }

  it("is won by the first address to connect, and the other attempts are cancelled", () => {
    expect(dial(20, 5, 5)).toEqual({
      candidate: 0,
      tookMs: 20,
      tried: [{ candidate: 0, outcome: "connected", tookUs: 20_000 }],
      pending: []
    })
    expect(dial(150, 10, 5)).toMatchObject({
      candidate: 1,
      tookMs: 110,
      tried: [{ candidate: 1 }, { candidate: 0, outcome: "cancelled", tookUs: 110_000 }],
      pending: [{ candidate: 0, afterMs: 90, pendingMs: 90 }]
    })
  })

  it("goes on at once when all earlier attempts have failed", () => {
    expect(dial("refused", "reset", 5)).toMatchObject({ candidate: 2, tookMs: 7 })
    expect(dial("refused", "timeout", 5)).toMatchObject({ candidate: 2, tookMs: 205 })
  })

  it("fails when all attempts have failed", () => {
    expect(dial("refused", "refused", "refused")).toMatchObject({ candidate: "none", tookMs: 3 })
    expect(dial("lost", "timeout", 900)).toMatchObject({
      candidate: "none",
      tookMs: 700,
      tried: [{ outcome: "timeout" }, {}, {}]
    })
  })

  it("serves a client of the toy interpreter", () => {
    const toy = new Simulation(config, { otherwise: 20 }).start().run(1_000).client(0).run(100)
    expect(toy.entries.filter(({ event }) => event._tag === "ClientAccepted")).toHaveLength(1)
    expect(Vector.toArray(toy.state.candidates)).toHaveLength(4)
  })
})
