/**
 * Two rules to compare with, simulated over the same troubles, distances and clients as the services of `bench:return`.
 *
 * - *Round robin*: each client begins at the next address, and goes on to the one after it when that refuses or does not
 *   connect within 3 s.
 * - *url-test*, as mihomo has it: the address with the lowest last sample, kept while no other is better by more than 50 ms
 *   (`tolerance`, as in its documents). All are sampled each 300 s by a handshake and a request, at once when a dial was
 *   refused, and when five dials failed within 5 s. A choice stands for 10 s. An address that did not answer its last sample
 *   counts as dead; when all are, the first of the list is taken.
 *
 * A handshake is the kernel's: a packet that is lost in the dark is sent again after 1, 3 and 7 s.
 */
import type { Pace } from "./returnBatch.ts"
import type { Glimpse, Observed } from "./returnFigures.ts"
import { figuresOf } from "./returnFigures.ts"
import type { Result } from "./returnTable.ts"
import type { Change, Fault, Role, Trouble } from "./trouble.ts"
import { changes, endsS, returnsS, RTT_MS, watchS } from "./trouble.ts"

const LISTED: ReadonlyArray<Role> = ["second", "best", "worst"]
const SENT_AFTER_MS = [0, 1_000, 3_000, 7_000]
const CLIENT_PATIENCE_MS = 5_000
const ROBIN_TIMEOUT_MS = 3_000
const TEST_EVERY_MS = 300_000
const TEST_TIMEOUT_MS = 5_000
const TOLERANCE_MS = 50
const CHOICE_STANDS_MS = 10_000
const FAILURES = 5
const FAILURES_WITHIN_MS = 5_000
const PHASES = 15

export const ROBIN = "round robin (simulated)"
export const URL_TEST = "url-test, 300 s (simulated)"

interface Dialled {
  readonly isUp: boolean
  readonly tookMs: number
}

/** The network as the trouble has it at a moment. */
class Network {
  readonly #fault: Fault
  readonly #changes: ReadonlyArray<Change>

  constructor(trouble: Trouble) {
    this.#fault = trouble.fault
    this.#changes = changes(trouble).toReversed()
  }

  isUp(role: Role, atMs: number): boolean {
    return this.#changes.find((one) => one.roles.includes(role) && one.atS * 1000 <= atMs)?.isUp ?? true
  }

  dial(role: Role, atMs: number, timeoutMs: number): Dialled {
    const rttMs = RTT_MS[role]
    if (this.#fault === "refuse") return { isUp: this.isUp(role, atMs), tookMs: rttMs }
    const sentMs = SENT_AFTER_MS.find((afterMs) => afterMs + rttMs < timeoutMs && this.isUp(role, atMs + afterMs))
    return sentMs === undefined ? { isUp: false, tookMs: timeoutMs } : { isUp: true, tookMs: sentMs + rttMs }
  }
}

/** Clients at an even rate, from before the trouble until `untilS` after its beginning. */
function clientsMs(rate: number, fromS: number, untilS: number): ReadonlyArray<number> {
  return Array.from({ length: Math.floor((untilS - fromS) * rate) }, (_, i) => fromS * 1000 + (i * 1000) / rate)
}

function glimpse(startedMs: number, role: Role, { isUp, tookMs }: Dialled, waitedMs = 0): Glimpse {
  const firstByteMs = waitedMs + tookMs + RTT_MS[role]
  const isFailed = !isUp || firstByteMs > CLIENT_PATIENCE_MS
  return { startedMs, firstByteMs, by: isFailed ? undefined : role, isFailed }
}

export function roundRobin(trouble: Trouble, rate: number, fromS: number, untilS: number): Observed {
  const network = new Network(trouble)
  const seen = clientsMs(rate, fromS, untilS).map((startedMs, turn) => {
    let waitedMs = 0
    for (let tries = 0; tries < LISTED.length; tries++) {
      const role = LISTED[(turn + tries) % LISTED.length] as Role
      const dialled = network.dial(role, startedMs + waitedMs, ROBIN_TIMEOUT_MS)
      if (dialled.isUp) return glimpse(startedMs, role, dialled, waitedMs)
      waitedMs += dialled.tookMs
    }
    return { startedMs, firstByteMs: waitedMs, by: undefined, isFailed: true }
  })
  return observed(trouble, ROBIN, seen)
}

/** `phase`: which share of the time between two tests is over when the trouble begins. */
export function urlTest(trouble: Trouble, rate: number, fromS: number, untilS: number, phase: number): Observed {
  const network = new Network(trouble)
  const last = new Map<Role, number>(LISTED.map((role) => [role, 2 * RTT_MS[role]]))
  const lastMs = (role: Role) => last.get(role) ?? Infinity
  let chosen: Role = "best"
  let chosenAtMs = -Infinity
  let nextTestMs = (1 - phase) * TEST_EVERY_MS
  let testedUntilMs = -Infinity
  let failedAtMs: Array<number> = []
  const due: Array<{ readonly atMs: number; readonly act: () => void }> = []
  const later = (atMs: number, act: () => void) => {
    due.push({ atMs, act })
    due.sort((a, b) => a.atMs - b.atMs)
  }
  const test = (atMs: number) => {
    if (atMs < testedUntilMs) return
    const samples = LISTED.map((role) => ({ role, ...network.dial(role, atMs, TEST_TIMEOUT_MS) }))
    testedUntilMs = atMs + Math.max(...samples.map(({ tookMs }) => tookMs))
    for (const { role, isUp, tookMs } of samples) {
      later(atMs + tookMs, () => last.set(role, isUp ? tookMs + RTT_MS[role] : Infinity))
    }
  }
  const failed = (atMs: number) => {
    if (trouble.fault === "refuse") return test(atMs)
    failedAtMs = [...failedAtMs.filter((one) => one > atMs - FAILURES_WITHIN_MS), atMs]
    if (failedAtMs.length >= FAILURES) test(atMs)
  }
  const passTo = (untilMs: number) => {
    while (due.length > 0 || nextTestMs <= untilMs) {
      const first = due[0]
      if (first !== undefined && first.atMs <= Math.min(untilMs, nextTestMs)) void due.shift(), first.act()
      else if (nextTestMs <= untilMs) test(nextTestMs), nextTestMs += TEST_EVERY_MS
      else return
    }
  }
  const choose = (atMs: number): Role => {
    if (atMs < chosenAtMs + CHOICE_STANDS_MS) return chosen
    const fastest = LISTED.reduce((least, role) => lastMs(role) < lastMs(least) ? role : least)
    if (lastMs(chosen) === Infinity || lastMs(chosen) > lastMs(fastest) + TOLERANCE_MS) chosen = fastest
    chosenAtMs = atMs
    return chosen
  }
  const seen = clientsMs(rate, fromS, untilS).map((startedMs) => {
    passTo(startedMs)
    const role = choose(startedMs)
    const dialled = network.dial(role, startedMs, TEST_TIMEOUT_MS)
    const endedMs = startedMs + dialled.tookMs
    if (dialled.isUp) later(endedMs, () => (failedAtMs = []))
    else later(endedMs, () => failed(endedMs))
    return glimpse(startedMs, role, dialled)
  })
  return observed(trouble, URL_TEST, seen)
}

/** A rival asks an address only by its clients, or by tests that clients need not wait for: the best answers at once. */
function observed(trouble: Trouble, who: string, seen: ReadonlyArray<Glimpse>): Observed {
  const returnsMs = returnsS(trouble).map((atS) => atS * 1000)
  return { trouble, who, seen, returnsMs, answeredMs: (returnsMs.at(-1) ?? 0) + RTT_MS.best }
}

/** Both rules in one trouble; url-test as the median over where the trouble falls between two tests. */
export function rivalsIn(trouble: Trouble, { rate, settleS, watchS: leastS }: Pace): ReadonlyArray<Result> {
  const untilS = endsS(trouble) + watchS(trouble, leastS)
  const phases = Array.from({ length: PHASES }, (_, i) => (i + 0.5) / PHASES)
  const robin = figuresOf(roundRobin(trouble, rate, -settleS, untilS), leastS)
  const tested = phases.map((phase) => figuresOf(urlTest(trouble, rate, -settleS, untilS, phase), leastS))
  return [{ trouble, who: ROBIN, rounds: [robin] }, { trouble, who: URL_TEST, rounds: tested }]
}
