/** The rush after a return: everything that waited connects at once, and handshakes are slow for a moment. */
import { expect, it } from "vitest"
import * as Vector from "../../src/core/data/Vector.ts"
import { addresses, configWith } from "../support/config.ts"
import type { Answer } from "../../src/sim/Network.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [near, middle, far] = addresses(3).map(({ host }) => host) as [string, string, string]
const TRUE_MS = [20, 40, 60]

function all(toy: Simulation, answers: ReadonlyArray<Answer>): Simulation {
  for (const [i, host] of [near, middle, far].entries()) toy.set(host, answers[i]!)
  return toy
}

/** Candidates that clients got, in order, from now on. */
function served(toy: Simulation, clients: number): ReadonlyArray<number> {
  const from = toy.entries.length
  for (let i = 0; i < clients; i++) toy.client(30).run(50)
  return toy.entries.slice(from).flatMap(({ event }) =>
    event._tag === "ClientAccepted" ? [Number(event.candidate) % 16] : []
  )
}

/** Three members, all of which refuse for half a minute and then answer, for a moment only slowly. */
function returned(rushMs: number): Simulation {
  const toy = new Simulation(configWith([{ candidates: addresses(3), selector: { activeSetSize: 3 } }]))
  all(toy, TRUE_MS).start().run(25_000)
  expect(toy.active()).toEqual([1, 2, 3])
  all(toy, ["refused", "refused", "refused"]).lose(near, "reset").lose(middle, "reset").lose(far, "reset")
  for (let i = 0; i < 300; i++) toy.client(30).run(100)
  expect(toy.facts.filter(({ _tag }) => _tag === "CommonCauseBegan")).toHaveLength(1)
  all(toy, [70, 84, 110])
  served(toy, rushMs / 50)
  return all(toy, TRUE_MS)
}

it("slow handshakes in the second after a common cause leave the latencies of before, and clients on the nearest member", () => {
  const toy = returned(500)
  expect(Vector.get(toy.state.candidates, 0)!.latency.value).toBeCloseTo(20, 0)
  const clients = served(toy, 100)
  expect(clients.filter((candidate) => candidate === 0).length).toBeGreaterThan(95)
})

it("handshakes that are still slow after that second are believed", () => {
  const toy = returned(4_000)
  expect(Vector.get(toy.state.candidates, 0)!.latency.value).toBeGreaterThan(60)
})
