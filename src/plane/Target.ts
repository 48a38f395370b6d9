/** Target: what a client wants to reach. It names an upstream or a host and never a slot, so it stays right while a reload moves slots. */
export type Target = UpstreamTarget | HostTarget

/** A configured upstream: what a listener is for, or what a program asks for by name. */
export interface UpstreamTarget {
  readonly _tag: "Upstream"
  readonly name: string
}

/** A host and port that need not be configured: then they are found on first use. */
export interface HostTarget {
  readonly _tag: "Host"
  readonly host: string
  readonly port: number
}

export const upstreamTarget = (name: string): Target => ({ _tag: "Upstream", name })
export const hostTarget = (host: string, port: number): Target => ({ _tag: "Host", host, port })
