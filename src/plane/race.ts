/**
 * A race: dials the addresses of a plan until one answers. It is rare, so it is a fiber of the plane's scope, and its interruption
 * closes every socket of it and reports nothing.
 */
import * as Effect from "effect/Effect"
import type { Race } from "../core/model/Decision.ts"
import { runPlanUnsafe } from "./DialRun.ts"
import type { QueryDns } from "./DnsQueries.ts"
import type { PlaneEvent } from "./ports/PlanePort.ts"
import type { Transport } from "./ports/Transport.ts"
import type { WarmPool } from "./WarmPool.ts"

/** A race is between addresses, so no name is resolved. */
const noNames: QueryDns = (_host, _limits, answer) => {
  answer([], true)
  return () => {}
}

/** The winner's socket is a warm one before the event is posted. */
export function race(
  transport: Transport["Service"],
  warmPool: WarmPool,
  { worker, race, upstream, plan, keepAliveMs, keepForMs }: Race,
  post: (event: PlaneEvent) => void
): Effect.Effect<void> {
  return Effect.callback<void>((resume) => {
    const startedUs = transport.nowUs()
    const cancel = runPlanUnsafe(transport, noNames, plan, keepAliveMs, () => {}, ({ socket, candidate: first, tried }) => {
      // The plan of a race has no name, so no system address can win.
      const candidate = first === "system" ? "none" : first
      const tookUs = transport.nowUs() - startedUs
      const tell = () => post({ _tag: "Raced", worker, race, upstream, candidate, tried, tookUs })
      if (socket === undefined || candidate === "none") tell()
      else warmPool.keep({ warm: race, candidate, keepForMs }, socket, tell)
      resume(Effect.void)
    })
    return Effect.sync(cancel)
  })
}
