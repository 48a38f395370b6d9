/**
 * Lives of warm sockets: how long an upstream lets one live on which nothing was sent.
 *
 * This file alone writes them. `rules/warmAge.ts` states the rule.
 */
import * as Lifetime from "../math/Lifetime.ts"
import type { Upstream } from "../model/Upstream.ts"

export const nothingSeen: Lifetime.Lives = { lived: Lifetime.unknown, diedAtUs: -1 }

export function seen(upstream: Upstream, one: Lifetime.Seen, atUs: number): Upstream {
  return { ...upstream, lives: Lifetime.seen(upstream.lives, one, atUs) }
}
