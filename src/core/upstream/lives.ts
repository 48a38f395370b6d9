/**
 * Lives of warm sockets: how long an upstream lets one live on which nothing was sent.
 *
 * This file alone writes them. They are undefined where `pool.maxAge` is a time. `rules/warmAge.ts` states the rule.
 */
import * as Lifetime from "../math/Lifetime.ts"
import type { Upstream } from "../model/Upstream.ts"

const nothingSeen: Lifetime.Lives = { lived: Lifetime.unknown, diedAtUs: -1 }

export function livesOf({ lives = nothingSeen }: Upstream): Lifetime.Lives {
  return lives
}

export function seen(upstream: Upstream, one: Lifetime.Seen, atUs: number): Upstream {
  return { ...upstream, lives: Lifetime.seen(livesOf(upstream), one, atUs) }
}
