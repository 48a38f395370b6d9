/**
 * Breakers of the stages in which programs ask an upstream for TLS.
 *
 * This file alone writes them. reducers/tlsStages.ts decides when one opens and closes.
 */
import type { TlsStage } from "../model/Event.ts"
import type { StageBreaker, Upstream } from "../model/Upstream.ts"

const closedBreaker = { consecutive: 0, openings: 0, openedAtUs: -1, trialDueUs: -1, openForMs: 0, closedAtUs: -1 }

export function breakerOf({ tlsStages }: Upstream, stage: TlsStage): StageBreaker {
  return tlsStages.find((one) => one.stage === stage) ?? { stage, ...closedBreaker }
}

/** A stage is off until a trial has served. */
export function isOff({ trialDueUs }: StageBreaker): boolean {
  return trialDueUs >= 0
}

function changed(upstream: Upstream, breaker: StageBreaker): Upstream {
  const others = upstream.tlsStages.filter(({ stage }) => stage !== breaker.stage)
  return { ...upstream, tlsStages: [...others, breaker] }
}

/** The stage failed. */
export function failed(upstream: Upstream, stage: TlsStage, most: number): Upstream {
  const breaker = breakerOf(upstream, stage)
  // Counting on would change no decision.
  return breaker.consecutive >= most ? upstream : changed(upstream, { ...breaker, consecutive: breaker.consecutive + 1 })
}

/** The stage is off, for the `openings`th time in a row. */
export function opened(upstream: Upstream, stage: TlsStage, atUs: number, waitMs: number, openings: number): Upstream {
  const breaker = breakerOf(upstream, stage)
  const openedAtUs = isOff(breaker) ? breaker.openedAtUs : atUs
  return changed(upstream, { ...breaker, openings, openedAtUs, trialDueUs: atUs + Math.ceil(waitMs * 1000) })
}

/** The stage served. */
export function served(upstream: Upstream, stage: TlsStage, atUs: number): Upstream {
  const breaker = breakerOf(upstream, stage)
  if (!isOff(breaker)) return breaker.consecutive === 0 ? upstream : changed(upstream, { ...breaker, consecutive: 0 })
  const openForMs = (atUs - breaker.openedAtUs) / 1000
  return changed(upstream, { ...breaker, consecutive: 0, trialDueUs: -1, openForMs, closedAtUs: atUs })
}

/** Only these breakers are kept. */
export function kept(upstream: Upstream, isKept: (breaker: StageBreaker) => boolean): Upstream {
  const tlsStages = upstream.tlsStages.filter(isKept)
  return tlsStages.length === upstream.tlsStages.length ? upstream : { ...upstream, tlsStages }
}
