/** Which attempts of a client follow from a plan that requires proofs of identity. */
import { describe, expect, it } from "vitest"
import type { Endpoint } from "../../src/core/model/Candidate.ts"
import type { Attempt, ClientAccepted } from "../../src/core/model/Event.ts"
import type { DialAttempt, UpstreamRoutes } from "../../src/core/model/Routes.ts"
import { followsPlan } from "../../src/record/followsPlan.ts"
import { attempt, RESOLVE_LIMITS } from "../support/attempts.ts"
import { upstreamDefaults } from "../support/config.ts"

const verify = { servername: "web.example", ca: "" }
const named = attempt("system", {
  verify,
  resolve: { ...RESOLVE_LIMITS, avoid: ["bad"] }
})
const { session, balancing } = upstreamDefaults

function follows(attempts: ReadonlyArray<DialAttempt>, candidate: Endpoint | "none", ...tried: ReadonlyArray<Attempt>) {
  const routes: UpstreamRoutes = {
    ...{
      id: 0,
      name: "web",
      state: "system",
      members: [],
      ...balancing,
      session,
      silentAfterMs: 100,
      domain: "",
      needsDiscovery: false,
      reuseWithinMs: 4_000
    },
    lastResort: { attempts, deadlineMs: 1_000 }
  }
  const event: ClientAccepted = {
    ...{ _tag: "ClientAccepted", worker: 0, session: 1, listener: "web", upstream: 0, routes: 1, chosen: "none" },
    ...{ why: "unranked", candidate, warm: 0, client: 1, tried }
  }
  return followsPlan(routes, event)
}

describe("what was tried follows the plan", () => {
  const outcome = "connected"
  it("when a candidate that needs a proof is verified", () => {
    expect(follows([attempt(1, { verify })], 1, { candidate: 1, outcome, tookUs: 1, verified: true })).toBe(true)
    expect(follows([attempt(1, { verify })], 1, { candidate: 1, outcome, tookUs: 1 })).toBe(false)
    expect(follows([attempt(1)], 1, { candidate: 1, outcome, tookUs: 1 })).toBe(true)
    expect(follows([attempt(1, { verify })], "none", { candidate: 1, outcome: "certificate", tookUs: 1 })).toBe(true)
  })

  it("when a system address that needs a proof is verified, and is none that the plan avoids", () => {
    const stranger = { candidate: "system", host: "x", outcome, tookUs: 1 } as const
    expect(follows([named], "system", { ...stranger, verified: true })).toBe(true)
    expect(follows([named], "system", stranger)).toBe(false)
    expect(follows([named], "system", { ...stranger, host: "bad", verified: true })).toBe(false)
    const { verify: _, ...plain } = named
    expect(follows([plain], "system", stranger)).toBe(true)
  })
})
