/**
 * Port: the control plane, as a data plane sees it. The data plane reads routes, posts what happened to clients, and waits for neither.
 * The port carries plain data alone, so that a data plane in another process would need a transport for it and nothing else.
 */
import * as Context from "effect/Context"
import type {
  ClientAccepted,
  ClientClosed,
  ConnectionKept,
  DialPending,
  DomainRequested,
  SessionSilent,
  SessionSpoke,
  SessionStalled
} from "../../core/model/Event.ts"
import type { Endpoint, UpstreamId } from "../../core/model/Candidate.ts"
import type { Routes } from "../../core/model/Routes.ts"
import type { Resolver } from "./Resolver.ts"

/** What happens to clients. */
export type ClientEvent =
  | ClientAccepted
  | ClientClosed
  | ConnectionKept
  | DialPending
  | DomainRequested
  | SessionSilent
  | SessionSpoke
  | SessionStalled

/** Limits of discovery, as the configuration in force has them. */
export interface DiscoveryLimits {
  /** Hosts that no upstream has may be found on first use. */
  readonly enabled: boolean
  /** Clients wait for a discovery at most this long. */
  readonly singleFlightTimeoutMs: number
}

export class ControlPort extends Context.Service<ControlPort, {
  readonly routesUnsafe: () => Routes
  /** Calls back with each new version of the routes, once they are published; one at a time, and it may not throw. */
  readonly watchRoutesUnsafe: (published: (routes: Routes) => void) => void
  /** Promises permits for events; false when there are not as many. */
  readonly reserveUnsafe: (permits: number) => boolean
  readonly releaseUnsafe: (permits: number) => void
  /** Uses a promised permit; never waits, never fails. */
  readonly postUnsafe: (event: ClientEvent) => void
  readonly discoveryUnsafe: () => DiscoveryLimits
  /** The stable id of a candidate, such as `web#3`. */
  readonly labelUnsafe: (upstream: UpstreamId, candidate: Endpoint) => string
  /** For clients on their last resort: names that fail here are seen beside those of the core's own queries. */
  readonly resolver: Resolver["Service"]
  /** The moment of the transport's clock at which the control plane started, in µs. */
  readonly epochUs: number
  /** Microseconds since then. */
  readonly nowUs: () => number
}>()("fairlead/plane/ControlPort") {}
