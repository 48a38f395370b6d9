/** What the data plane and its adapters get of each listener. */
import * as Redacted from "effect/Redacted"
import type { ServerNames, WayIn } from "../../adapters/node/entry/WayIn.ts"
import { isLoopback } from "../../core/network.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { parseDomain } from "../../core/schema/units.ts"
import { parsePattern } from "../../ingress/allowed.ts"
import { canonicalHost } from "../../ingress/canonicalHost.ts"
import { PRIVATE_NETWORKS } from "../../ingress/privateNetworks.ts"
import type { ListenerOptions } from "../../plane/Listener.ts"
import { upstreamTarget } from "../../plane/Target.ts"

type ListenerFile = ConfigFile["listeners"][number]

export function listenersOf(file: ConfigFile): ReadonlyArray<ListenerOptions> {
  return file.listeners.map((listener) => {
    const { name, listen, protocol, upstream, maxConnections, clients } = listener
    const hasHeader = listener.proxyProtocol.mode !== "off"
    return {
      name,
      listen,
      maxConnections,
      backlog: file.limits.backlog,
      // Behind a header the client's own address counts, not that of the peer.
      ...(clients.length === 0 || hasHeader ? {} : { clients }),
      target: protocol === "tcp" ? upstreamTarget(upstream) : undefined,
      ...(protocol === "tcp" && !hasHeader ? {} : { entry: wayIn(file, listener) })
    }
  })
}

function wayIn(file: ConfigFile, listener: ListenerFile): WayIn {
  const { protocol, allow, users, clients, proxyProtocol: { mode, trusted }, handshake } = listener
  const mayReachPrivate = protocol === "tcp" || reachesPrivate(listener)
  return {
    protocol,
    timeoutMs: handshake.timeout,
    maxBytes: handshake.maxBytes,
    perClient: handshake.perClient,
    deny: mayReachPrivate ? [] : PRIVATE_NETWORKS,
    ownAddresses: mayReachPrivate,
    asksUser: Object.keys(users).length > 0,
    allow: allow.flatMap((text) => parsePattern(text) ?? []),
    users: Redacted.make(users),
    hasHeader: mode !== "off",
    trusted,
    clients,
    target: protocol === "tcp" ? upstreamTarget(listener.upstream) : undefined,
    names: namesOf(file, listener)
  }
}

/** Of several upstreams with one host the one with the listener's port goes first, then the order of the file. */
function namesOf({ upstreams, preheatDomains, onDemand }: ConfigFile, { sni }: ListenerFile): ServerNames {
  const all = [
    ...Object.entries(upstreams).map(([name, { host, port = 443 }]) => ({ name, host, port })),
    ...preheatDomains.flatMap((name) => {
      const domain = parseDomain(name)
      return domain === undefined ? [] : [{ name, ...domain }]
    })
  ].toSorted((a, b) => Number(b.port === sni.port) - Number(a.port === sni.port))
  const byHost = new Map<string, string>()
  for (const { name, host } of all) {
    const canonical = canonicalHost(host)
    if (canonical !== undefined && !byHost.has(canonical)) byHost.set(canonical, name)
  }
  return { ...sni, upstreams: byHost, onDemand: onDemand.enabled }
}

/** Whether clients of a listener may reach private addresses. */
export function reachesPrivate({ privateTargets, listen }: Pick<ListenerFile, "privateTargets" | "listen">): boolean {
  return privateTargets === "auto" ? isLoopback(listen.host) : privateTargets
}

/**
 * Whether names on demand lead to public addresses alone. They are found once for the clients of all listeners, so one listener that
 * forbids private targets forbids them for all: otherwise its clients could have this service dial private addresses, if not reach them.
 */
export function isGuarded({ listeners }: Pick<ConfigFile, "listeners">): boolean {
  return listeners.some((listener) => listener.protocol !== "tcp" && !reachesPrivate(listener))
}
