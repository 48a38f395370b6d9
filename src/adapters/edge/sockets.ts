/** The part of `cloudflare:sockets` that is used here. The types are own ones, so that no package of types is needed. */

export interface EdgeSocket {
  /** Resolves when the connection is made, and rejects when it cannot be. */
  readonly opened: Promise<unknown>
  /** Resolves when the connection has ended, and rejects when it broke. */
  readonly closed: Promise<unknown>
  readonly close: () => Promise<unknown>
}

/** The function `connect` of `cloudflare:sockets`. An IPv6 address stands in brackets. */
export type ConnectSocket<S extends EdgeSocket> = (
  address: { hostname: string; port: number },
  options: { secureTransport: "off"; allowHalfOpen: boolean }
) => S

/** The part of a request's context that is used here. */
export interface EdgeContext {
  /** Keeps the request's sockets and timers until the promise is settled, also when the answer is on its way. */
  readonly waitUntil: (promise: Promise<unknown>) => void
}
