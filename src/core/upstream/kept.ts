/**
 * Kept connections: how long an upstream lets an idle HTTP connection live.
 *
 * This file alone writes it. `reducers/keepAlive.ts` states the rule.
 */
import * as Lifetime from "../math/Lifetime.ts"
import type { ConnectionKept } from "../model/Event.ts"
import type { Kept, Upstream } from "../model/Upstream.ts"

/** 0.7 of it are 4 s. Servers that close idle connections after five seconds are common, shorter times are not. */
const FIRST_LIFE_MS = 5_715

export const nothingKept: Kept = { lived: Lifetime.unknown, diedAtUs: -1, announcedMs: -1 }

/** What was seen of one connection counts from now on. */
export function seen(upstream: Upstream, { idleUs, saw, outlived }: ConnectionKept, atUs: number): Upstream {
  const { kept } = upstream
  const ms = Math.floor(idleUs / 1000)
  if (saw === "announced") return kept.announcedMs === ms ? upstream : withKept(upstream, { ...kept, announcedMs: ms })
  const died = saw !== "alive"
  return died && Lifetime.isLeftOut(outlived) ? upstream : withKept(upstream, Lifetime.seen(kept, { ms, died }, atUs))
}

/** What an earlier run knew counts like one death, where this run has seen nothing. */
export function recalled(upstream: Upstream, ms: number): Upstream {
  const { kept } = upstream
  if (kept.lived.length > 0) return upstream
  return withKept(upstream, { ...kept, lived: [{ ms, died: true }] })
}

function withKept(upstream: Upstream, kept: Kept): Upstream {
  return kept === upstream.kept ? upstream : { ...upstream, kept }
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
  return Lifetime.safeMs(known >= 0 ? known : Lifetime.presumedMs(upstream.kept.lived, FIRST_LIFE_MS))
}
