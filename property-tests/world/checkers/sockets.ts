/** No warm socket serves two clients, and no socket is left behind. */
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"
import * as Candidates from "../../../src/core/candidates.ts"
import type { Process } from "../Process.ts"

export const sockets: MakeChecker = ({ met }): Checker => {
  /** How the warm sockets of this process ended. */
  let ends = new Map<number, "taken" | "lost">()
  const end = (warm: number, how: "taken" | "lost") => {
    mustHold(!ends.has(warm), () => `warm socket ${warm} was ${ends.get(warm)} and is now ${how}`)
    ends.set(warm, how)
  }
  const checkCounts = ({ state, warmPool, transport }: Process) => {
    const { sockets, relays, proofs } = transport
    const others = sockets.size - warmPool.size - relays
    mustHold(
      others >= 0 && others <= proofs,
      () => `${sockets.size} open sockets, but ${warmPool.size} are warm, ${relays} serve, ${proofs} are proven`
    )
    let known = 0
    for (const chunk of state.candidates.chunks) {
      for (const candidate of chunk) {
        if (candidate === null) continue
        const { ready } = candidate.warm
        known += ready.length
        mustHold(
          ready.length === warmPool.countOf(candidate.id),
          () =>
            `the core knows ${ready.length} warm sockets of ${candidate.host}, and there are ${
              warmPool.countOf(candidate.id)
            }`
        )
      }
    }
    mustHold(known === warmPool.size, () => `${warmPool.size} warm sockets, but the core knows ${known}`)
    if (known > 0) met("warm sockets were counted")
  }
  return {
    began: () => void (ends = new Map()),
    folded: ({ state }, { entry: { event } }) => {
      if (event._tag === "ClientAccepted" && event.warm > 0) {
        met("a client took a warm socket")
        end(event.warm, "taken")
        mustHold(
          event.candidate === event.chosen || Candidates.find(state, event.chosen) === undefined,
          () => `a warm socket of another candidate than the chosen one`
        )
      } else if (event._tag === "WarmLost") {
        met("a warm socket was lost")
        end(event.warm, "lost")
      }
    },
    settled: checkCounts,
    over: (process, inOrder) => {
      if (!inOrder) return
      mustHold(process.warmPool.size === 0, () => `${process.warmPool.size} warm sockets after the end`)
      mustHold(process.transport.sockets.size === 0, () => `${process.transport.sockets.size} open sockets after the end`)
    }
  }
}
