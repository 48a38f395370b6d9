/**
 * Keep-alive: how long each upstream lets an idle HTTP connection live, so that clients do not use a dead one again.
 *
 * - A client reports each kept connection that the upstream closed, or that was dead when it was used again, with the time
 *   for which it had been idle. It reports a connection that outlived what is known.
 * - Connections that die within 100 ms died of one reason, such as a restart of the server. The one that had been idle
 *   longest counts.
 * - An end does not count if at least seven connections were used again after as long, since the last end. It had another
 *   reason.
 * - The lifetime is a low quantile of these times (math/Lifetime.ts), and at most what the upstream announces
 *   (`Keep-Alive: timeout=60`).
 * - A connection is used again within 0.7 of the lifetime, and within 4 s as long as no lifetime is known. Without a death,
 *   that grows with the connections that outlive it.
 * - To see whether the lifetime has become longer, the client keeps one connection of each upstream that is used no more.
 * - History keeps the lifetime with each address of the upstream.
 */
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import { markDirty } from "../requests.ts"
import * as Kept from "../upstream/kept.ts"
import * as Upstreams from "../upstreams.ts"

export function keepAlive(state: State, step: Step): State {
  const { event } = step
  const upstream = event._tag === "ConnectionKept" ? Upstreams.find(state, event.upstream) : undefined
  if (event._tag !== "ConnectionKept" || upstream === undefined) return state
  const after = Kept.seen(upstream, event, step.at)
  if (Kept.reuseWithinMs(after) !== Kept.reuseWithinMs(upstream)) markDirty(step, upstream.id)
  return Upstreams.replace(state, upstream, after)
}
