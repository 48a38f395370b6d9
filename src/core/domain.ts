/** A host and port as one text, the same for all spellings: `github.com:443`, `[2001:db8::1]:443`. */
import type { UpstreamConfig } from "./model/Config.ts"

/** Stands for on-demand names in labels, facts and traces, which keeps those names private. */
export const ON_DEMAND = "on-demand"

/** Lower case, no dot at the end, an IPv6 address in brackets. */
export function domainOf(host: string, port: number): string {
  const lower = host.toLowerCase()
  const bare = lower.endsWith(".") ? lower.slice(0, -1) : lower
  return bare.includes(":") ? `[${bare}]:${port}` : `${bare}:${port}`
}

/** The host and port under which clients can reach an upstream; empty: it has no host. */
export function domainIn({ removed, host, port }: UpstreamConfig): string {
  return removed || host === "" ? "" : domainOf(host, port)
}

/** An address needs no resolver. */
export function isLiteral(host: string): boolean {
  return host.includes(":") || /^[0-9.]+$/.test(host)
}
