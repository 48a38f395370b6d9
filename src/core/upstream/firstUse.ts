/**
 * First use of an upstream: when a client used it, the race or search under way for its first answer, and the pause after
 * one that found no address.
 *
 * This file alone writes them. `rules/races.ts` decides when a race begins.
 */
import type { Upstream } from "../model/Upstream.ts"

/** The latest use; -1: it is not noted. */
export function usedAt(upstream: Upstream, usedAtUs: number): Upstream {
  return { ...upstream, usedAtUs }
}

/** Until when its races are those of a search; -1: they are not. */
export function searchedUntil(upstream: Upstream, searchUntilUs: number): Upstream {
  return { ...upstream, searchUntilUs }
}

/** A race begins as soon as the resolver has answered. */
export function awaiting(upstream: Upstream): Upstream {
  return { ...upstream, race: "resolving" }
}

/** A race is under way. `searched`: how far the list is searched with it. */
export function racing(upstream: Upstream, race: number, searched: number): Upstream {
  return { ...upstream, race, searched }
}

/** The race is over. */
export function raced(upstream: Upstream): Upstream {
  return { ...upstream, race: 0 }
}

/** No address was found: clients go down the ladder at once until then. */
export function paused(upstream: Upstream, pausedUntilUs: number): Upstream {
  return { ...upstream, race: 0, pausedUntilUs }
}

/** Clients may start discovery again. */
export function unpaused(upstream: Upstream): Upstream {
  return { ...upstream, pausedUntilUs: -1 }
}

/** The pause is over, and so is the search before it. */
export function resumed(upstream: Upstream): Upstream {
  return { ...upstream, pausedUntilUs: -1, searchUntilUs: -1 }
}

/** The sockets of the race are gone with the process before this one. */
export function forgotten(upstream: Upstream): Upstream {
  return { ...upstream, race: 0, searchUntilUs: -1 }
}

/** It has neither a race, a search nor a pause. */
export function halted(upstream: Upstream): Upstream {
  return { ...upstream, race: 0, searchUntilUs: -1, pausedUntilUs: -1 }
}

/** It is preheated from now on. No client waits for a race or for the end of a pause. */
export function settled(upstream: Upstream): Upstream {
  return { ...upstream, race: 0, pausedUntilUs: -1 }
}

/** Whether a race waits for the resolver. */
export function isAwaiting({ race }: Upstream): boolean {
  return race === "resolving"
}

/** Whether a race is under way or waits for the resolver. */
export function isRacing({ race }: Upstream): boolean {
  return race !== 0
}

/** Whether its race or pause is that of a first use, and not of a search. */
export function isFirstUse({ race, pausedUntilUs, searchUntilUs }: Upstream): boolean {
  return (race !== 0 || pausedUntilUs >= 0) && searchUntilUs < 0
}
