/**
 * Forward: one client from accept to its end. Clients of listeners and of a program come this way, each with its target. Forward
 * decides nothing: the routes say what is dialled, and when.
 */
import type { CandidateId, Endpoint } from "../core/model/Candidate.ts"
import type { Attempt, ClientAccepted } from "../core/model/Event.ts"
import type { Member, Routes, UpstreamRoutes } from "../core/model/Routes.ts"
import type { Chance } from "../core/pick.ts"
import type { Avoid } from "./Avoid.ts"
import { pick, reasonOf } from "../core/pick.ts"
import type { ClientNumbers } from "./ClientNumbers.ts"
import type { Counts } from "./Counts.ts"
import type { Discovery } from "./Discovery.ts"
import type { ClientEvent, ControlPort } from "./ports/ControlPort.ts"
import type { Dialled } from "./DialRun.ts"
import { runPlanUnsafe } from "./DialRun.ts"
import type { QueryDns } from "./DnsQueries.ts"
import type { Guard } from "./Guard.ts"
import { BARRED } from "./Guard.ts"
import type { Cancel, ClientSocket, RelayEnd, Silence, Transport } from "./ports/Transport.ts"
import type { Target } from "./Target.ts"
import type { Targets } from "./Targets.ts"
import type { WarmPool } from "./WarmPool.ts"

export interface Client {
  readonly socket: ClientSocket
  readonly session: number
  readonly listener: string
  readonly target: Target
  /** Set where the client named its target. */
  readonly guard?: Guard
  /** Set where a program does not want every address this time. */
  readonly avoid?: Avoid
  /** For its address, once it is known. */
  number?: number
  /** It has waited for a discovery, or for as long as one may take. */
  discovered?: boolean
  /** From then on its first byte is awaited. */
  acceptedUs?: number
}

export interface Ports {
  readonly transport: Transport["Service"]
  readonly control: ControlPort["Service"]
  readonly warmPool: WarmPool
  readonly counts: Counts
  readonly queryDns: QueryDns
  readonly clients: ClientNumbers
  readonly chance: Chance
  readonly targets: Targets
  readonly discovery: Discovery
}

/** How the client fared, for counters. */
export type Served = "served" | "failed" | "stopped"

/** How a client got its socket. */
type Got = Dialled & { readonly warm: number }

const NOTHING_TRIED: ReadonlyArray<Attempt> = []

/**
 * Serves the client to its end and reports the end, once. The cancel resets both sides. Both of the client's permits are
 * used up. It uses callbacks instead of a fiber: a client costs tens of microseconds in all.
 */
export function forwardUnsafe(ports: Ports, client: Client, end: (served: Served) => void): Cancel {
  const { transport, control, counts, warmPool } = ports
  const acceptedUs = client.acceptedUs ??= control.nowUs()
  const routes = control.routesUnsafe()
  const slot = ports.targets.slotOf(client.target)
  const upstream = slot === undefined ? undefined : routes.upstreams[slot]
  if (upstream === undefined || upstream.needsDiscovery) {
    if (client.discovered !== true) return discover(ports, client, end)
    if (upstream === undefined) return refuse(ports, client, end)
  }
  const chosen = pick(upstream, counts.of, warmPool.countOf, ports.chance, client.socket.addressUnsafe)
  const { guard, avoid } = client
  if (guard !== undefined && chosen !== undefined && !guard.admitsMember(chosen)) {
    return refuse(ports, client, end, "failed", BARRED)
  }
  const taken = chosen === undefined || avoid?.admitsMember(chosen) === false ? undefined : warmPool.take(chosen.candidate)
  let stop: Cancel = () => {}
  const got = ({ socket, candidate, warm, tried }: Got) => {
    if (socket === undefined) {
      control.postUnsafe(accepted(ports, client, routes, upstream, chosen, candidate, warm, tried))
      client.socket.resetUnsafe(guard?.hasRefused === true ? [...tried, ...BARRED] : tried)
      control.releaseUnsafe(1)
      return end("failed")
    }
    counts.add(candidate)
    if (guard !== undefined) client.socket.servedUnsafe?.(control.labelUnsafe(upstream.id, candidate))
    client.socket.reachedUnsafe?.({
      routes: upstream,
      chosen: chosen?.candidate ?? "none",
      candidate,
      isWarm: warm > 0,
      tried
    })
    stop = transport.relayUnsafe(
      client.socket,
      socket,
      upstream.session,
      silenceOf(ports, client, upstream, candidate),
      (relayed) => {
        counts.remove(candidate)
        control.postUnsafe(closed(ports, client, candidate, acceptedUs, relayed))
        end(relayed.cause === "stopped" ? "stopped" : "served")
      }
    )
    // The relay runs already, so the first byte does not wait for the record.
    control.postUnsafe(accepted(ports, client, routes, upstream, chosen, candidate, warm, tried))
  }
  if (taken !== undefined) {
    const { socket, candidate, warm } = taken
    got({ socket, candidate, warm, tried: NOTHING_TRIED })
    return () => stop()
  }
  const wholePlan = chosen?.plan ?? upstream.lastResort
  const plan = guard?.plan(wholePlan) ?? avoid?.plan(wholePlan) ?? wholePlan
  if (plan.attempts.length < wholePlan.attempts.length && plan.attempts.length === 0) {
    return refuse(ports, client, end, "failed", guard === undefined ? NOTHING_TRIED : BARRED)
  }
  const query = guard?.query(ports.queryDns, plan) ?? avoid?.query(ports.queryDns) ?? ports.queryDns
  if (chosen !== undefined) counts.add(chosen.candidate)
  const settle = () => {
    if (chosen !== undefined) counts.remove(chosen.candidate)
  }
  const tell = (candidate: CandidateId, pendingUs: number) =>
    void offer(control, { _tag: "DialPending", worker: 0, candidate, pendingUs })
  const stopDialling = runPlanUnsafe(transport, query, plan, upstream.session.keepAliveMs, tell, (dialled) => {
    settle()
    got({ ...dialled, warm: 0 })
  })
  stop = () => {
    stopDialling()
    settle()
    client.socket.resetUnsafe()
    control.releaseUnsafe(2)
    end("stopped")
  }
  return () => stop()
}

/** Waits for a discovery, once. Then the client is served according to the routes of that moment. */
function discover(ports: Ports, client: Client, end: (served: Served) => void): Cancel {
  client.discovered = true
  let stop: Cancel | undefined
  const forget = ports.discovery.find(client.target, (slot) => {
    stop = slot === undefined ? refuse(ports, client, end) : forwardUnsafe(ports, client, end)
  })
  return () => {
    if (stop !== undefined) return stop()
    forget()
    refuse(ports, client, end, "stopped")
  }
}

/** The routes have nothing for the client: it leaves as it came, without a dial. */
function refuse(
  ports: Ports,
  client: Client,
  end: (served: Served) => void,
  served: Served = "failed",
  tried?: ReadonlyArray<Attempt>
): Cancel {
  client.socket.resetUnsafe(tried)
  ports.control.releaseUnsafe(2)
  end(served)
  return () => {}
}

/** Posts an event that may be left out; false: the mailbox was full. */
function offer(control: ControlPort["Service"], event: ClientEvent): boolean {
  if (!control.reserveUnsafe(1)) return false
  control.postUnsafe(event)
  return true
}

function silenceOf(ports: Ports, client: Client, upstream: UpstreamRoutes, candidate: Endpoint): Silence {
  const { control } = ports
  const { session } = client
  const told = { worker: 0, session, candidate }
  return {
    silentAfterMs: upstream.silentAfterMs,
    stallMs: upstream.session.stallMs,
    silent: (waitedUs) => offer(control, { _tag: "SessionSilent", ...told, waitedUs }),
    stalled: () => offer(control, { _tag: "SessionStalled", ...told, client: numberOf(ports, client) }),
    spoke: (side) => void offer(control, { _tag: "SessionSpoke", ...told, ...(side === "client" ? { side } : {}) })
  }
}

/**
 * Whether the client gets a number. The first clients, and a sample of later ones, soon show whether there are several
 * addresses.
 */
function isNumbered({ session }: Client): boolean {
  return session <= 64 || session % 16 === 0
}

/** Read at most once for each client: the address costs a system call. */
function numberOf({ clients }: Ports, client: Client): number {
  client.number ??= clients.of(client.socket.addressUnsafe())
  return client.number
}

function accepted(
  ports: Ports,
  client: Client,
  routes: Routes,
  upstream: UpstreamRoutes,
  chosen: Member | undefined,
  candidate: Endpoint | "none",
  warm: number,
  tried: ReadonlyArray<Attempt>
): ClientAccepted {
  const choice = chosen?.candidate ?? "none"
  return {
    _tag: "ClientAccepted",
    worker: 0,
    session: client.session,
    listener: client.listener,
    upstream: upstream.id,
    routes: routes.version,
    chosen: choice,
    why: reasonOf(upstream, choice),
    candidate,
    warm,
    client: isNumbered(client) ? numberOf(ports, client) : 0,
    tried
  }
}

function closed(
  ports: Ports,
  client: Client,
  candidate: Endpoint,
  acceptedUs: number,
  { cause, bytesUp, bytesDown, firstByteAtUs, answerUs, silence }: RelayEnd
): ClientEvent {
  const { control } = ports
  return {
    _tag: "ClientClosed",
    worker: 0,
    session: client.session,
    candidate,
    // The core needs the client only for an end that may be blamed on the candidate.
    client: firstByteAtUs < 0 && (bytesUp > 0 || cause === "upstream-alert") ? numberOf(ports, client) : 0,
    bytesUp,
    bytesDown,
    firstByteUs: firstByteAtUs < 0 ? -1 : Math.max(0, firstByteAtUs - control.epochUs - acceptedUs),
    answerUs,
    durationUs: control.nowUs() - acceptedUs,
    silence,
    cause
  }
}
