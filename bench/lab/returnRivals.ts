/**
 * Two rules to compare with, simulated over the same troubles, distances and clients as the services of `bench:return`:
 * mihomo's url-test, and a round robin whose clients begin at the next address, and go on to the one after it when that
 * refuses or does not connect within 3 s.
 */
import type { Pace } from "./returnBatch.ts"
import type { Glimpse } from "./returnFigures.ts"
import { figuresOf } from "./returnFigures.ts"
import type { Result } from "./returnTable.ts"
import { LISTED } from "./setups.ts"
import { clientsMs, glimpse, observedOf, SimulatedNetwork } from "./simulated.ts"
import type { Role, Trouble } from "./trouble.ts"
import { endsS, watchS } from "./trouble.ts"
import { UrlTest } from "./urlTest.ts"

const ROBIN_TIMEOUT_MS = 3_000
const ROBIN = "round robin (simulated)"
const URL_TEST = "url-test, 300 s (simulated)"
/** At which part of the time between two tests of url-test the trouble begins. */
const PHASES = 15

/** Both rivals in one trouble; for url-test each phase is a round. */
export function rivalsIn(trouble: Trouble, { rate, settleS, watchS: leastS }: Pace): ReadonlyArray<Result> {
  const startsMs = clientsMs(rate, -settleS, endsS(trouble) + watchS(trouble, leastS))
  const figures = (contender: string, seen: ReadonlyArray<Glimpse>) =>
    figuresOf(observedOf(trouble, contender, seen), leastS)
  const phases = Array.from({ length: PHASES }, (_, i) => (i + 0.5) / PHASES)
  const tested = phases.map((phase) => {
    const rule = new UrlTest(trouble, phase)
    return startsMs.map((atMs) => {
      const { role, dialled } = rule.client(atMs)
      return glimpse(atMs, role, dialled)
    })
  })
  const network = new SimulatedNetwork(trouble)
  const robin = startsMs.map((atMs, turn) => roundRobin(network, atMs, turn))
  return [
    { trouble, contender: ROBIN, rounds: [figures(ROBIN, robin)] },
    { trouble, contender: URL_TEST, rounds: tested.map((seen) => figures(URL_TEST, seen)) }
  ]
}

function roundRobin(network: SimulatedNetwork, startedMs: number, turn: number): Glimpse {
  let waitedMs = 0
  for (let tries = 0; tries < LISTED.length; tries++) {
    const role = LISTED[(turn + tries) % LISTED.length] as Role
    const dialled = network.dial(role, startedMs + waitedMs, ROBIN_TIMEOUT_MS)
    if (dialled.isUp) return glimpse(startedMs, role, dialled, waitedMs)
    waitedMs += dialled.tookMs
  }
  return { startedMs, firstByteMs: waitedMs, by: undefined, isFailed: true }
}
