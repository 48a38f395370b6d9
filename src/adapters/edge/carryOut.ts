/** Carries out one act of the core, and gives the events that tell how it ended. */
import type { Act, DialWarm, Probe, Race, Resolve } from "../../core/model/Decision.ts"
import type { DialFailure, Event } from "../../core/model/Event.ts"
import { runPlanUnsafe } from "../../plane/DialRun.ts"
import type { Cancel, Dialler } from "../../plane/ports/Transport.ts"
import { mergeAnswers } from "../node/answers.ts"
import type { ResolveHost } from "./resolving.ts"
import { resolving } from "./resolving.ts"

/** `done` is called once, never within the call itself. The cancel ends the act without it. */
export function carryOut(
  dialler: Dialler,
  resolve: ResolveHost | undefined,
  act: Act,
  done: (events: ReadonlyArray<Event>) => void
): Cancel {
  switch (act._tag) {
    case "Probe":
      return probe(dialler, act, done)
    case "Race":
      return race(dialler, act, done)
    case "Resolve":
      return query(dialler, resolve, act, done)
    // No configuration of the edge has warm sockets: they would end with their request.
    case "DialWarm":
      return dialler.timerUnsafe(0, () => done([notDialled(act)]))
    case "Retire":
      return dialler.timerUnsafe(0, () => done([]))
  }
}

function probe(dialler: Dialler, act: Probe, done: (events: ReadonlyArray<Event>) => void): Cancel {
  const { worker, probe, candidate, host, port, timeoutMs } = act
  const startedUs = dialler.nowUs()
  const end = (reason: DialFailure | null) => {
    stopTimer()
    const about = { worker, probe, candidate, tookUs: dialler.nowUs() - startedUs }
    done([
      reason === null
        ? { _tag: "ProbeSucceeded", ...about, identity: "unchecked" }
        : { _tag: "ProbeFailed", ...about, reason }
    ])
  }
  const cancel = dialler.dialUnsafe({ host, port }, 0, (result) => {
    if (typeof result === "string") return end(result)
    end(null)
    result.closeUnsafe()
  })
  const stopTimer = dialler.timerUnsafe(timeoutMs, () => {
    cancel()
    end("timeout")
  })
  return () => {
    stopTimer()
    cancel()
  }
}

/** The winner's socket is closed at once, because it could serve no later request. */
function race(dialler: Dialler, act: Race, done: (events: ReadonlyArray<Event>) => void): Cancel {
  const { worker, race, upstream, plan } = act
  const startedUs = dialler.nowUs()
  return runPlanUnsafe(dialler, noNames(dialler), plan, 0, () => {}, ({ socket, candidate: first, tried }) => {
    // The plan of a race has no name, so no system address can win.
    const candidate = first === "system" ? "none" : first
    socket?.closeUnsafe()
    const tookUs = dialler.nowUs() - startedUs
    const raced: Event = { _tag: "Raced", worker, race, upstream, candidate, tried, tookUs }
    done(
      candidate === "none"
        ? [raced]
        : [raced, { _tag: "WarmLost", worker, warm: race, candidate, reason: "drained", ageUs: 0 }]
    )
  })
}

const noNames = (dialler: Dialler): Parameters<typeof runPlanUnsafe>[1] => (_host, _limits, answer) =>
  dialler.timerUnsafe(0, () => answer([], true))

function query(
  dialler: Dialler,
  resolve: ResolveHost | undefined,
  act: Resolve,
  done: (events: ReadonlyArray<Event>) => void
): Cancel {
  const { worker, resolve: number, upstream, host, maxAnswers } = act
  const about = { worker, resolve: number, upstream }
  return resolving(dialler, resolve, host, act, (answer) => {
    if (!Array.isArray(answer)) return done([{ _tag: "ResolveFailed", ...about, reason: String(answer) }])
    const { addresses, omitted } = mergeAnswers([answer], maxAnswers)
    done([
      addresses.length > 0
        ? { _tag: "Resolved", ...about, addresses, omitted, silent: 0 }
        : { _tag: "ResolveFailed", ...about, reason: "ENODATA" }
    ])
  })
}

function notDialled({ worker, warm, candidate }: DialWarm): Event {
  return { _tag: "WarmFailed", worker, warm, candidate, tookUs: 0, reason: "local" }
}
