/** Sessions are conserved: each client that came was served, failed, was stopped or is open, and the core counts the open ones right. */
import type { Endpoint } from "../../../src/core/model/Candidate.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"
import type { Process } from "../Process.ts"

export const sessions: MakeChecker = ({ met }): Checker => {
  let [arrived, ended] = [0, 0]
  /** As the events tell. */
  let told = new Map<number, Endpoint>()
  let finished = new Set<number>()
  const check = ({ open, transport, state }: Process) => {
    mustHold(arrived === ended + open.size, () => `${arrived} clients came, ${ended} ended, and ${open.size} are open`)
    mustHold(
      told.size === transport.relays,
      () => `by the events ${told.size} sessions are open, and ${transport.relays} are`
    )
    const counts = new Map<Endpoint, number>()
    for (const candidate of told.values()) counts.set(candidate, (counts.get(candidate) ?? 0) + 1)
    for (const chunk of state.candidates.chunks) {
      for (const candidate of chunk) {
        if (candidate === null) continue
        const known = candidate.connections.reduce((sum, count) => sum + count, 0)
        const is = counts.get(candidate.id) ?? 0
        mustHold(known === is, () => `the core counts ${known} sessions of ${candidate.host}, and there are ${is}`)
      }
    }
    if (told.size > 0) met("open sessions were counted")
  }
  return {
    began: () => {
      ;[arrived, ended] = [0, 0]
      told = new Map()
      finished = new Set()
    },
    arrived: () => void arrived++,
    ended: ({ arrival: { session } }) => {
      ended++
      mustHold(!finished.has(session), () => `session ${session} ended twice`)
      finished.add(session)
    },
    folded: (_process, { entry: { event } }) => {
      if (event._tag === "ClientAccepted" && event.candidate !== "none") told.set(event.session, event.candidate)
      if (event._tag === "ClientClosed") {
        mustHold(told.delete(event.session), () => `session ${event.session} closed and was not open`)
      }
    },
    settled: check,
    over: (process, inOrder) => inOrder ? check(process) : undefined
  }
}
