/** Makes one frame from the running service and the figures of its clients. */
import * as Candidates from "../../core/candidates.ts"
import * as Vector from "../../core/data/Vector.ts"
import { successRate } from "../../core/candidate/blame.ts"
import type { Candidate } from "../../core/model/Candidate.ts"
import { scoreOf } from "../../core/candidate/cost.ts"
import type { Site } from "../../adapters/demo/Site.ts"
import type { AddressRow, AddressState, Frame, Side } from "./Frame.ts"
import { CLIENTS_PER_SECOND } from "./load.ts"
import { PLAIN } from "./plainForwarder.ts"
import { firstChoice } from "./sentences.ts"
import type { Stage } from "./Stage.ts"
import type { Tally } from "./Tally.ts"

/** The span of `recent`: 5 s of a minute, and never so little that the figures rest on nothing. */
const recentMs = (durationMs: number) => Math.max(2_000, Math.min(5_000, durationMs / 12))
const SLICES = 60

const TRUTHS = { dark: "dark", refusing: "refuses", resetting: "resets" } as const

export function frameOf(stage: Stage): Frame {
  const { durationMs, tallies, narrator, relays } = stage
  const atMs = stage.nowMs()
  const clients = relays.warm + relays.dialled
  return {
    atMs: Math.min(atMs, durationMs),
    durationMs,
    recentMs: recentMs(durationMs),
    clientsPerSecond: CLIENTS_PER_SECOND,
    rows: addressRows(stage, atMs),
    fairlead: side("Fairlead", tallies.fairlead, atMs, durationMs),
    plain: side(PLAIN, tallies.plain, atMs, durationMs),
    hitShare: clients === 0 ? -1 : relays.warm / clients,
    switches: narrator.switches,
    story: narrator.story
  }
}

function side(name: string, tally: Tally, atMs: number, durationMs: number): Side {
  return {
    name,
    recent: tally.figures(atMs - recentMs(durationMs), atMs),
    total: tally.figures(),
    slowest: tally.slowest(atMs, Math.max(100, durationMs / SLICES), SLICES)
  }
}

function addressRows(stage: Stage, atMs: number): ReadonlyArray<AddressRow> {
  const { engine, tallies, sites, durationMs } = stage
  const fromMs = atMs - recentMs(durationMs)
  const state = engine.stateUnsafe()
  const listed = Vector.get(state.upstreams, 0)?.listed ?? []
  const shares = tallies.fairlead.shares(fromMs, atMs)
  const plainShares = tallies.plain.shares(fromMs, atMs)
  return listed.flatMap((id, i) => {
    const candidate = Candidates.find(state, id)
    const site = sites[i]
    if (candidate === undefined || site === undefined) return []
    const { costMs, latency, jitter } = candidate
    const { scoring } = Candidates.configOf(state, candidate)
    const measured = costMs >= 0
    return {
      label: Candidates.labelOf(state, id),
      truth: truthOf(site),
      state: stateOf(stage, candidate),
      costMs,
      score: measured ? scoreOf(costMs, scoring.referenceMs) : -1,
      latencyMs: latency.atUs < 0 ? -1 : latency.value,
      jitterMs: jitter.atUs < 0 ? -1 : jitter.value,
      successRate: candidate.lastSampleAtUs < 0 ? -1 : successRate(candidate, scoring, state.at),
      share: shares.get(site.name) ?? 0,
      plainShare: plainShares.get(site.name) ?? 0,
      warm: stage.warmSockets(id),
      connections: stage.connections(id),
      costs: stage.costs[i] ?? []
    }
  })
}

function truthOf({ fault, rttMs }: Site): string {
  return fault === "none" ? `${rttMs} ms` : TRUTHS[fault]
}

function stateOf({ engine }: Stage, candidate: Candidate): AddressState {
  const routes = engine.routesUnsafe()
  if (candidate.breaker.state === "open") return "shut out"
  if (candidate.breaker.state === "half-open") return "trial"
  if (Candidates.isSuspect(candidate)) return "suspect"
  if (candidate.costMs < 0) return "unmeasured"
  if (firstChoice(routes)?.candidate === candidate.id) return "first choice"
  const member = routes.upstreams[0]?.members.find((one) => one.candidate === candidate.id)
  if (member === undefined) return "spare"
  return member.slowStartWeight < 1 ? "ramping up" : "in the set"
}
