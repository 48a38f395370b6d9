/** What the data plane and its adapters get of each listener. */
import * as Redacted from "effect/Redacted"
import type { WayIn } from "../../adapters/node/entry/WayIn.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { parsePattern } from "../../ingress/allowed.ts"
import { PRIVATE_NETWORKS } from "../../ingress/privateNetworks.ts"
import type { ListenerOptions } from "../../plane/Listener.ts"
import { upstreamTarget } from "../../plane/Target.ts"
import { isLoopback } from "../../shell/privacy.ts"

type ListenerFile = ConfigFile["listeners"][number]

export function listenersOf({ listeners, limits: { backlog } }: ConfigFile): ReadonlyArray<ListenerOptions> {
  return listeners.map((listener) => {
    const { name, listen, protocol, upstream, maxConnections, clients } = listener
    return {
      name,
      listen,
      maxConnections,
      backlog,
      ...(clients.length === 0 ? {} : { clients }),
      ...(protocol === "tcp" ? { target: upstreamTarget(upstream) } : { target: undefined, entry: wayIn(listener) })
    }
  })
}

function wayIn(listener: ListenerFile): WayIn {
  const { protocol, allow, users, handshake: { timeout, maxBytes, perClient } } = listener
  const mayReachPrivate = reachesPrivate(listener)
  return {
    protocol,
    timeoutMs: timeout,
    maxBytes,
    perClient,
    deny: mayReachPrivate ? [] : PRIVATE_NETWORKS,
    ownAddresses: mayReachPrivate,
    asksUser: Object.keys(users).length > 0,
    allow: allow.flatMap((text) => parsePattern(text) ?? []),
    users: Redacted.make(users)
  }
}

/** Whether clients of a listener may reach private addresses. */
export function reachesPrivate({ privateTargets, listen }: Pick<ListenerFile, "privateTargets" | "listen">): boolean {
  return privateTargets === "auto" ? isLoopback(listen.host) : privateTargets
}
