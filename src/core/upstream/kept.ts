/**
 * Kept connections: how long an upstream lets an idle HTTP connection live.
 *
 * This file alone writes it. `reducers/keepAlive.ts` states the rule.
 */
import * as Lifetime from "../math/Lifetime.ts"
import type { ConnectionKept } from "../model/Event.ts"
import type { Kept, Upstream } from "../model/Upstream.ts"

const TOGETHER_US = 100_000
/** Before anything is known. Servers that close idle connections after five seconds are common, shorter times are not. */
const FIRST_REUSE_MS = 4_000

export const nothingKept: Kept = { lived: Lifetime.unknown, diedAtUs: -1, announcedMs: -1 }

/** What was seen of one connection counts from now on. */
export function seen(upstream: Upstream, { idleUs, saw, outlived }: ConnectionKept, atUs: number): Upstream {
  const { kept } = upstream
  const ms = Math.floor(idleUs / 1000)
  if (saw === "announced") return kept.announcedMs === ms ? upstream : withKept(upstream, { ...kept, announcedMs: ms })
  if (saw === "alive") {
    const lived = Lifetime.add(kept.lived, { ms, died: false })
    return lived === kept.lived ? upstream : withKept(upstream, { ...kept, lived })
  }
  if (Lifetime.isLeftOut(outlived)) return upstream
  const last = kept.lived.at(-1)
  const together = last?.died === true && atUs - kept.diedAtUs <= TOGETHER_US
  if (together && ms <= last.ms) return upstream
  const before = together ? kept.lived.slice(0, -1) : kept.lived
  const diedAtUs = together ? kept.diedAtUs : atUs
  return withKept(upstream, { ...kept, lived: Lifetime.add(before, { ms, died: true }), diedAtUs })
}

/** What an earlier run knew counts like one death, where this run has seen nothing. */
export function recalled(upstream: Upstream, ms: number): Upstream {
  const { kept } = upstream
  if (kept.lived.length > 0) return upstream
  return withKept(upstream, { ...kept, lived: [{ ms, died: true }] })
}

function withKept(upstream: Upstream, kept: Kept): Upstream {
  return { ...upstream, kept }
}

/** How long it lets an idle connection live, by its own word or by deaths; -1: not known. */
export function lifetimeMs({ kept: { lived, announcedMs } }: Upstream): number {
  if (!Lifetime.isKnown(lived)) return announcedMs
  const lowMs = Lifetime.lowMs(lived)
  return announcedMs >= 0 && announcedMs < lowMs ? announcedMs : lowMs
}

/** For how long at most a connection may have been idle to be used again. */
export function reuseWithinMs(upstream: Upstream): number {
  const known = lifetimeMs(upstream)
  if (known >= 0) return Lifetime.safeMs(known)
  const atLeastMs = Lifetime.safeMs(Lifetime.lowMs(upstream.kept.lived))
  return atLeastMs > FIRST_REUSE_MS ? atLeastMs : FIRST_REUSE_MS
}
