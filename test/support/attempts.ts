/** Attempts of dial plans. */
import type { Endpoint } from "../../src/core/model/Candidate.ts"
import type { DialAttempt, ResolveLimits } from "../../src/core/model/Routes.ts"

export const RESOLVE_LIMITS: ResolveLimits = {
  timeoutMs: 500,
  raceDelayMs: 100,
  most: 3,
  maxAnswers: 9,
  servers: [],
  access: { allow: [], deny: [] }
}

/** An attempt at the address `hN` of candidate N. */
export const attempt = (candidate: Endpoint, more: Partial<DialAttempt> = {}): DialAttempt => ({
  ...{ candidate, host: `h${candidate}`, port: 9, startAfterMs: 0, timeoutMs: 500, suspectAfterMs: 500 },
  ...more
})
