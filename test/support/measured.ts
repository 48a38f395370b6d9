/** The core alone with scripted probes, to test what observers report of it. */
import { advance } from "../../src/core/advance.ts"
import * as Candidates from "../../src/core/candidates.ts"
import { nextDeadline } from "../../src/core/deadline.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { Probe } from "../../src/core/model/Decision.ts"
import type { Event } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { initial } from "../../src/core/state.ts"
import type { Folded } from "../../src/shell/Observer.ts"

export function measured(config: Config) {
  let state: State = initial(config, 1)
  let at = 0
  const probes: Array<Probe> = []
  const fold = (event: Event, see: Folded) => {
    const entry = { seq: state.seq + 1, at, event }
    const advanced = advance(state, entry)
    state = advanced.state
    for (const decision of advanced.decisions) if (decision._tag === "Probe") probes.push(decision)
    see(entry, advanced.decisions, state)
  }
  return {
    state: () => state,
    /** Runs `entries` more entries; `tookUs` is by the candidate's ordinal, and below 0 it refuses. */
    run(entries: number, tookUs: (ordinal: number) => number, see: Folded): void {
      if (state.seq < 0) fold({ _tag: "Started", worker: 0, wallMs: 1_700_000_000_000 }, see)
      for (let i = 0; i < entries; i++) {
        const probe = probes.shift()
        if (probe === undefined) at = Math.max(at, nextDeadline(state) ?? at)
        const { worker, candidate } = probe ?? { worker: 0, candidate: "reference" }
        const ordinal = Candidates.find(state, candidate)?.ordinal ?? 0
        fold(probe === undefined ? { _tag: "Ticked", worker } : answer(probe, tookUs(ordinal)), see)
      }
    }
  }
}

function answer({ worker, probe, candidate }: Probe, tookUs: number): Event {
  return tookUs < 0
    ? { _tag: "ProbeFailed", worker, probe, candidate, tookUs: 100, reason: "refused" }
    : { _tag: "ProbeSucceeded", worker, probe, candidate, tookUs, identity: "unchecked" }
}
