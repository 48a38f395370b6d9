/** On average a client waits little longer than the nearest address that was well would have made it wait. */
import * as Candidates from "../../../src/core/candidates.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"
import { configured, wellOf } from "../choices.ts"

const MOST_MS = 60
/** Fewer clients are no average. */
const LEAST_CLIENTS = 100

export const regret: MakeChecker = (seen): Checker => {
  const { met, nowMs, truth } = seen
  let [clients, sumMs] = [0, 0]
  return {
    ended: ({ process, arrival: { target }, atMs, accepted, acceptedMs }) => {
      if (target._tag !== "Upstream" || accepted === undefined) return
      const config = configured(process.state, target.name)
      const [best] = config === undefined ? [] : wellOf(seen, process.state, config, atMs, nowMs())
      if (best === undefined) return
      const host = Candidates.find(process.state, accepted.candidate)?.host
      const firstByteMs = host === undefined ? best.rttMs : truth.rttMs(host, atMs)
      clients++
      sumMs += Math.max(0, acceptedMs - atMs + firstByteMs - 2 * best.rttMs)
    },
    end: () => {
      if (clients < LEAST_CLIENTS) return
      met("regret was averaged")
      const meanMs = sumMs / clients
      mustHold(meanMs <= MOST_MS, () => `clients waited ${meanMs.toFixed(0)} ms longer on average than they had to`)
    }
  }
}
