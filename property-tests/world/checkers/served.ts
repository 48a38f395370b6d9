/** A client fails only if no address of its upstream could have served it: if none had been well for long enough to be known. */
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"
import { configured, wellOf } from "../choices.ts"

/** An address that has been well for so long, in a process and a configuration that have lasted for so long, is known to be well. */
export const KNOWN_MS = 60_000

export const served: MakeChecker = (seen): Checker => {
  const { met, nowMs } = seen
  let sinceMs = 0
  return {
    began: () => void (sinceMs = nowMs()),
    folded: (_process, { entry: { event } }) => {
      if (event._tag === "ConfigChanged") sinceMs = nowMs()
    },
    ended: (client, how) => {
      met(`a client ${how}`)
      const { process, arrival: { target }, atMs } = client
      if (how !== "failed" || target._tag !== "Upstream" || atMs - sinceMs < KNOWN_MS) return
      // A machine that sleeps does not dial, and the time of a client runs out meanwhile.
      if (seen.truth.asleepMs(atMs, nowMs()) > 0) return
      const config = configured(process.state, target.name)
      if (config === undefined) return
      met("a client failed, and its addresses were known")
      const [well] = wellOf(seen, process.state, config, atMs - KNOWN_MS, nowMs())
      mustHold(
        well === undefined,
        () => `session ${client.arrival.session} of ${target.name} failed, and ${well?.host} was well`
      )
    }
  }
}
