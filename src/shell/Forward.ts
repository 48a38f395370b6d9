/**
 * Forward: one client from accept to its end. It knows no configuration: whatever looks like a decision about retries,
 * races, timeouts or fallbacks stands in the routes it is given.
 */
import * as Effect from "effect/Effect"
import type { CandidateId, UpstreamId } from "../core/model/Candidate.ts"
import type { ClientAccepted } from "../core/model/Event.ts"
import type { Member, Routes, UpstreamRoutes } from "../core/model/Routes.ts"
import { pick, reasonOf } from "../core/pick.ts"
import type { Counts } from "./Counts.ts"
import type { Dialled } from "./DialRun.ts"
import { runPlanUnsafe } from "./DialRun.ts"
import type { Engine } from "./Engine.ts"
import type { Cancel, ClientSocket, RelayEnd, Transport } from "./Transport.ts"

export interface Client {
  readonly socket: ClientSocket
  readonly session: number
  readonly listener: string
  readonly upstream: UpstreamId
}

export interface Ports {
  readonly transport: Transport["Service"]
  readonly engine: Engine["Service"]
  readonly counts: Counts
}

/** How the client fared, for counters. */
export type Served = "served" | "failed" | "stopped"

const NO_WARM = (_candidate: CandidateId) => 0

/** Serves the client to its end; interruption resets both sides. Both of the client's places in the mailbox are used up. */
export function forward(ports: Ports, client: Client): Effect.Effect<Served> {
  return Effect.callback<Served>((resume) => {
    const stop = startUnsafe(ports, client, (served) => resume(Effect.succeed(served)))
    return Effect.sync(stop)
  })
}

function startUnsafe(ports: Ports, client: Client, end: (served: Served) => void): Cancel {
  const { transport, engine, counts } = ports
  const acceptedUs = engine.nowUs()
  const routes = engine.routesUnsafe()
  const upstream = routes.upstreams[client.upstream]
  if (upstream === undefined) {
    // The core has not said its first word: the client leaves as it came.
    client.socket.resetUnsafe()
    engine.releaseUnsafe(2)
    end("failed")
    return () => {}
  }
  const chosen = pick(upstream, counts.of, NO_WARM)
  const plan = chosen?.plan ?? upstream.lastResort
  if (chosen !== undefined) counts.add(chosen.candidate)

  let stop: Cancel
  const stopDialling = runPlanUnsafe(transport, plan, upstream.session.keepAliveMs, (dialled) => {
    if (chosen !== undefined) counts.remove(chosen.candidate)
    const event = accepted(client, routes, upstream, chosen, dialled)
    if (dialled.socket === undefined) {
      client.socket.resetUnsafe()
      engine.postUnsafe(event)
      engine.releaseUnsafe(1)
      return end("failed")
    }
    const { candidate, socket } = dialled
    counts.add(candidate)
    stop = transport.relayUnsafe(client.socket, socket, upstream.session, (relayed) => {
      counts.remove(candidate)
      engine.postUnsafe(closed(engine, client, candidate, acceptedUs, relayed))
      end(relayed.cause === "stopped" ? "stopped" : "served")
    })
    // After the relay: posting may run a whole turn of the engine, and the first bytes must not wait for that.
    engine.postUnsafe(event)
  })
  stop = () => {
    stopDialling()
    if (chosen !== undefined) counts.remove(chosen.candidate)
    client.socket.resetUnsafe()
    engine.releaseUnsafe(2)
    end("stopped")
  }
  return () => stop()
}

function accepted(
  client: Client,
  routes: Routes,
  upstream: UpstreamRoutes,
  chosen: Member | undefined,
  dialled: Dialled
): ClientAccepted {
  const choice = chosen?.candidate ?? -1
  return {
    _tag: "ClientAccepted",
    worker: 0,
    session: client.session,
    listener: client.listener,
    upstream: client.upstream,
    routes: routes.version,
    chosen: choice,
    why: reasonOf(upstream, choice),
    candidate: dialled.candidate,
    tried: dialled.tried
  }
}

function closed(
  engine: Engine["Service"],
  client: Client,
  candidate: CandidateId,
  acceptedUs: number,
  { cause, bytesUp, bytesDown, firstByteAtUs }: RelayEnd
) {
  const firstByteUs = firstByteAtUs < 0 ? -1 : Math.max(0, firstByteAtUs - engine.epochUs - acceptedUs)
  const durationUs = engine.nowUs() - acceptedUs
  return {
    _tag: "ClientClosed",
    worker: 0,
    session: client.session,
    candidate,
    bytesUp,
    bytesDown,
    firstByteUs,
    durationUs,
    cause
  } as const
}
