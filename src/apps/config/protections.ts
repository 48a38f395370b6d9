/**
 * Keys of a listener that protect. A key that could not act under the listener's protocol is a mistake, because the author of the file
 * relies on it. A listener off loopback needs one that keeps others out, if its clients name their targets.
 */
import { isLoopback } from "../../core/network.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { parsePattern } from "../../ingress/allowed.ts"
import { valueAt } from "./plain.ts"
import type { Found, Path, Show } from "./Problem.ts"

type Protocol = ConfigFile["listeners"][number]["protocol"]

/** The key or section, and what of it protects. */
interface Unused {
  readonly without: ReadonlyArray<Protocol>
  /** Whether a value would keep clients back. */
  readonly holds: (value: unknown) => boolean
  readonly message: string
}

const UNUSED: Readonly<Record<string, Unused>> = {
  users: {
    without: ["tcp", "sni"],
    holds: (value) => Object.keys(Object(value)).length > 0,
    message: "would ask no client for a password, as only listeners of protocol proxy can: take it out, or set clients"
  },
  allow: {
    without: ["tcp"],
    holds: () => true,
    message: "would hold no client back, as listeners of protocol tcp lead to their upstream whatever it says: take it out"
  },
  privateTargets: {
    without: ["tcp"],
    holds: (value) => value === false,
    message:
      "would keep no client from a private address, as the upstream's candidates are what clients of protocol tcp reach: "
      + "take it out, and deny such networks under access.deny"
  },
  sni: {
    without: ["tcp", "proxy"],
    holds: (value) => (Object(value) as { readonly encrypted?: unknown }).encrypted === "refuse",
    message: "would refuse no client, as only listeners of protocol sni read a ClientHello: take it out"
  }
}

/** `written` is the file without defaults. */
export function unusedProtections(file: ConfigFile, written: unknown): ReadonlyArray<Found> {
  return file.listeners.flatMap(({ protocol }, i) =>
    Object.entries(UNUSED).flatMap(([key, { without, holds, message }]) => {
      const path = ["listeners", i, key]
      const value = valueAt(written, path) ?? undefined
      if (value === undefined || !without.includes(protocol) || !holds(value)) return []
      return [{ path, expected: `nothing with protocol ${protocol}`, message, uses: [path, ["listeners", i, "protocol"]] }]
    })
  )
}

export function openDoors(file: ConfigFile, show: Show): ReadonlyArray<Found> {
  return file.listeners.flatMap(({ protocol, listen, users, clients }, i) => {
    const isClosed = protocol === "tcp" || isLoopback(listen.host) || clients.length > 0
      || (protocol === "proxy" && Object.keys(users).length > 0)
    if (isClosed) return []
    const at = (key: string): Path => ["listeners", i, key]
    const cure = protocol === "proxy" ? "set users or clients" : "set clients"
    const message =
      `${show(at("listen"), listen.host)} is reachable from other machines, which could reach the world through it: `
      + `${cure}, or listen on 127.0.0.1 or [::1]`
    const uses = ["listen", "protocol", "users", "clients"].map(at)
    return [{ path: at("listen"), expected: `a loopback address, or ${cure.slice(4)} set`, message, uses }]
  })
}

/** A header that no peer may send, or that none has to. */
export function headerProtections({ listeners }: ConfigFile): ReadonlyArray<Found> {
  return listeners.flatMap(({ proxyProtocol: { mode, trusted } }, i) => {
    const path = ["listeners", i, "proxyProtocol", "trusted"]
    const uses = [path, ["listeners", i, "proxyProtocol", "mode"]]
    if (mode === "off" && trusted.length > 0) {
      const message = "would be asked of no peer, as mode is off: set mode to v1v2, or take it out"
      return [{ path, expected: "nothing with mode off", message, uses }]
    }
    if (mode === "off" || trusted.length > 0) return []
    const message = "is empty, so that every peer would be refused: name the networks of the peers that send the header"
    return [{ path, expected: "a list of networks", message, uses }]
  })
}

const CURE =
  "write a name as example.com:443 or *.example.com:443, an address as 198.18.0.1:443 or [2001:db8::1]:443, without "
  + "shorter, octal or hexadecimal forms, and every host as *:443"

/** A host in a doubtful spelling would match no client's target. */
export function doubtfulPatterns({ listeners }: ConfigFile, show: Show): ReadonlyArray<Found> {
  return listeners.flatMap(({ allow }, i) =>
    allow.flatMap((text, at) => {
      if (parsePattern(text) !== undefined) return []
      const path = ["listeners", i, "allow", at]
      const message = `${show(path, text)} matches no host that a client can ask for: ${CURE}`
      return [{ path, expected: "a host and a port such as *:443, *.example.com:443 or [2001:db8::1]:443", message }]
    })
  )
}
