/** Target: what a client wants to reach. It names an upstream or a host and never a slot, so it stays right while a reload moves slots. */
export type Target = UpstreamTarget | HostTarget

/** A configured upstream: a listener's, or one that a program names. */
export interface UpstreamTarget {
  readonly _tag: "Upstream"
  readonly name: string
}

/** A host and port. If they are not configured, they are found on first use. */
export interface HostTarget {
  readonly _tag: "Host"
  readonly host: string
  readonly port: number
}

export const upstreamTarget = (name: string): Target => ({ _tag: "Upstream", name })
export const hostTarget = (host: string, port: number): Target => ({ _tag: "Host", host, port })
