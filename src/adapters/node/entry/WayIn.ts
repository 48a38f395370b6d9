/** What a listener demands of its clients, beyond what the data plane has to know of it. */
import type * as Redacted from "effect/Redacted"
import type { Network } from "../../../core/model/Config.ts"
import type { Pattern } from "../../../ingress/allowed.ts"
import type { Entry } from "../../../plane/Entry.ts"
import type { Target } from "../../../plane/Target.ts"

export interface WayIn extends Entry {
  /** Most bytes that a client may send until it has named its target. */
  readonly maxBytes: number
  /** What its clients may ask for. */
  readonly allow: ReadonlyArray<Pattern>
  /** Passwords by user; none: no client needs one. */
  readonly users: Redacted.Redacted<Readonly<Record<string, string>>>
  /** Whether each peer has to send a PROXY header. */
  readonly hasHeader: boolean
  /** Networks of the peers that may send it. */
  readonly trusted: ReadonlyArray<Network>
  /** Networks in which the clients in those headers have to be; none: all may. */
  readonly clients: ReadonlyArray<Network>
  /** What clients of protocol tcp reach. */
  readonly target: Target | undefined
  readonly names: ServerNames
}

/** How clients are routed by server name. The names of upstreams are empty where such clients are refused. */
export interface ServerNames {
  /** The port of hosts on demand, and of names in `allow`. */
  readonly port: number
  /** Upstreams by their host. */
  readonly upstreams: ReadonlyMap<string, string>
  readonly onDemand: boolean
  readonly unnamed: string
  readonly unknown: string
  readonly notTls: string
  readonly encrypted: "outer" | "refuse"
}
