/**
 * The patterns of `allow`: which hosts and ports a client may ask for.
 *
 * - `*` stands for every host, `*.example.com` for all names below example.com and not for example.com, all else for itself.
 * - The port is a number, or `*` for all.
 * - An address is matched by `*` and by its own pattern, in any spelling of the pattern.
 */
import { canonicalHost, isAddress } from "./canonicalHost.ts"

export interface Pattern {
  /** Canonical; behind `*.` a canonical name. */
  readonly host: string
  /** undefined: all ports. */
  readonly port: number | undefined
}

const ANY = "*"
const BELOW = "*."

/** undefined: the text is no pattern. */
export function parsePattern(text: string): Pattern | undefined {
  const [, hostText = "", portText = ""] = /^(.+):(\*|[1-9][0-9]{0,4})$/.exec(text) ?? []
  // An IPv6 address without brackets would end in what looks like a port.
  if (hostText.includes(":") && !hostText.startsWith("[")) return undefined
  const port = portText === ANY ? undefined : Number(portText)
  const host = hostOf(hostText)
  return host === undefined || (port ?? 0) > 65_535 ? undefined : { host, port }
}

function hostOf(text: string): string | undefined {
  if (text === ANY) return ANY
  const isBelow = text.startsWith(BELOW)
  const host = canonicalHost(isBelow ? text.slice(BELOW.length) : text)
  if (host === undefined || !isBelow) return host
  return isAddress(host) ? undefined : BELOW + host
}

/** `host` is canonical. */
export function allows(patterns: ReadonlyArray<Pattern>, host: string, port: number): boolean {
  return patterns.some((pattern) => (pattern.port === undefined || pattern.port === port) && matches(pattern.host, host))
}

function matches(pattern: string, host: string): boolean {
  if (pattern === ANY || pattern === host) return true
  return pattern.startsWith(BELOW) && host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 && !isAddress(host)
}
