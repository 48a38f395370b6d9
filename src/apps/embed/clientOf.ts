/** The promises of a running Fairlead. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as net from "node:net"
import type { PublicFact } from "../../shell/facts/PublicFact.ts"
import type { FairleadClient } from "./FairleadClient.ts"
import type { FairleadService } from "./FairleadService.ts"
import { FairleadError } from "./FairleadError.ts"
import { valueOf } from "./plainErrors.ts"
import type { Outcome, Selection, SocketOutcome } from "./Selection.ts"

/** What programs and adapters use of a `FairleadClient`, which another part of the program closes. */
export type OpenClient = Omit<FairleadClient, "close" | typeof Symbol.asyncDispose>

/**
 * The same service with promises, for a program that has the layer and a library that wants promises. `closed` succeeds when
 * the layer has ended; by default it never does.
 */
export function clientOf(fairlead: FairleadService, closed: Effect.Effect<void> = Effect.never): OpenClient {
  const run = async <A>(effect: Effect.Effect<A, unknown>, signal?: AbortSignal): Promise<A> => {
    signal?.throwIfAborted()
    return valueOf(await Effect.runPromiseExit(effect, signal === undefined ? undefined : { signal }), signal)
  }
  // A wait for the layer would never end after the layer.
  const whileOpen = <A>(effect: Effect.Effect<A, unknown>): Effect.Effect<A, unknown> =>
    Effect.raceFirst(Effect.andThen(closed, Effect.fail(new FairleadError("ERR_FAIRLEAD_CLOSED", CLOSED))), effect)

  return {
    connect: (host, port, { signal, avoid = [] } = {}) => run(fairlead.connect(host, port, { avoid }), signal),
    connectTls: (host, port, { signal, ...own } = {}) => run(fairlead.connectTls(host, port, own), signal),
    hasTlsRules: fairlead.hasTlsRules,
    servedBy: fairlead.servedBy,
    kept: fairlead.kept,
    pick: (host, port, { signal } = {}) => run(whileOpen(fairlead.pick(host, port)), signal),
    report: (about: Selection | net.Socket, outcome: Outcome | SocketOutcome) =>
      Effect.runSync(
        outcome === "failed" ? fairlead.report(about as net.Socket, outcome) : fairlead.report(about as Selection, outcome)
      ),
    status: () => Effect.runSync(fairlead.status),
    facts: ({ signal } = {}): AsyncIterable<PublicFact> => {
      const ended = signal === undefined ? closed : Effect.raceFirst(closed, aborted(signal))
      return Stream.toAsyncIterable(Stream.interruptWhen(fairlead.facts, ended))
    },
    refresh: (host, port) => run(whileOpen(fairlead.refresh(host, port))),
    reload: (config) => run(whileOpen(fairlead.reload(config)))
  }
}

const CLOSED = "this Fairlead was closed: create another one"

const aborted = (signal: AbortSignal): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const fire = () => resume(Effect.void)
    if (signal.aborted) return fire()
    signal.addEventListener("abort", fire, { once: true })
    return Effect.sync(() => signal.removeEventListener("abort", fire))
  })
