/**
 * Addresses that fail and recover by a script, as a TCP client sees it: a dark address loses SYNs, which are sent again after
 * 1, 3 and 7 s, and a refusing one answers with a reset. Clients come at an even rate; each has its time and its outcome.
 */
import type { Config } from "../../src/core/model/Config.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import * as Candidates from "../../src/core/candidates.ts"
import type { Answer } from "./ToyInterpreter.ts"
import type { Reply } from "./toySession.ts"
import { ToyInterpreter } from "./ToyInterpreter.ts"

export type Fault = "dark" | "refused"

/** One address is faulty from `fromMs` to `toMs`. */
export interface Faulty {
  readonly host: string
  readonly fault: Fault
  readonly fromMs: number
  readonly toMs: number
}

export interface Served {
  readonly atMs: number
  /** The address that served; empty when none could be reached. */
  readonly host: string
  readonly waitedMs: number
}

const RESENT_MS = [0, 1_000, 3_000, 7_000]
const CLIENT_EVERY_MS = 50

/** The outcome of a handshake that begins at `atMs`. */
export function handshake(script: ReadonlyArray<Faulty>, host: string, distanceMs: number, atMs: number): Answer {
  const faultAt = (ms: number) => script.find((one) => one.host === host && ms >= one.fromMs && ms < one.toMs)?.fault
  if (faultAt(atMs) === "refused") return "refused"
  const sent = RESENT_MS.find((laterMs) => faultAt(atMs + laterMs) !== "dark")
  return sent === undefined ? "timeout" : sent + distanceMs
}

/** What a session gets that sends its first bytes at `atMs`: while dark they are sent again, at growing intervals. */
export function reply(script: ReadonlyArray<Faulty>, host: string, distanceMs: number, atMs: number): Reply {
  const faultAt = (ms: number) => script.find((one) => one.host === host && ms >= one.fromMs && ms < one.toMs)?.fault
  for (let laterMs = 0, pauseMs = 200; laterMs < 60_000; laterMs += pauseMs, pauseMs *= 2) {
    const fault = faultAt(atMs + laterMs)
    if (fault === "refused") return "reset"
    if (fault === undefined) return laterMs + distanceMs
  }
  return "silent"
}

/** Plays the script with a client every 50 ms until `untilMs`. */
export function play(
  config: Config,
  distances: Readonly<Record<string, number>>,
  script: ReadonlyArray<Faulty>,
  untilMs: number,
  prepare: (toy: ToyInterpreter) => void = () => {}
): { readonly toy: ToyInterpreter; readonly served: ReadonlyArray<Served> } {
  const toy = new ToyInterpreter(config, { failAfterMs: 20 })
  for (const [host, distanceMs] of Object.entries(distances)) {
    toy.set(host, () => handshake(script, host, distanceMs, toy.atMs))
    toy.replies(host, (connectedMs) => reply(script, host, distanceMs, connectedMs))
  }
  prepare(toy)
  toy.start()
  while (toy.atMs < untilMs) {
    for (const one of script) {
      if (one.fault === "refused" && toy.atMs >= one.fromMs && toy.atMs < one.fromMs + CLIENT_EVERY_MS) {
        toy.lose(one.host, "reset")
      }
    }
    toy.client(100).run(CLIENT_EVERY_MS)
  }
  return { toy, served: toy.entries.flatMap((entry) => servedBy(toy, entry.at, entry.event)) }
}

function servedBy(toy: ToyInterpreter, at: number, event: { readonly _tag: string }): ReadonlyArray<Served> {
  if (event._tag !== "ClientAccepted") return []
  const { candidate, tried, warm } = event as ClientAccepted
  const waitedUs = warm > 0 ? 0 : tried.reduce((sum, { tookUs }) => Math.max(sum, tookUs), 0)
  const host = Candidates.find(toy.state, candidate)?.host ?? ""
  return [{ atMs: (at - waitedUs) / 1000, host, waitedMs: waitedUs / 1000 }]
}

/** The share of clients that `host` served, of those that came between two times. */
export function shareOf(served: ReadonlyArray<Served>, host: string, fromMs: number, toMs: number): number {
  const came = served.filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
  return came.filter((one) => one.host === host).length / came.length
}
