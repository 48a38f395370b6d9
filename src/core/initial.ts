/** New records. */
import { closedBreaker } from "./candidate/breaker.ts"
import { noRelief } from "./candidate/relief.ts"
import { noSuspicion } from "./candidate/suspicion.ts"
import { emptyWarmPool } from "./candidate/warm.ts"
import { unproven } from "./candidate/identity.ts"
import * as Ewma from "./math/Ewma.ts"
import * as SuccessWindow from "./math/SuccessWindow.ts"
import type { Candidate, CandidateId, Source, UpstreamId } from "./model/Candidate.ts"
import type { Address, Identity } from "./model/Config.ts"
import type { AutoDisable, OutageState } from "./model/Outage.ts"
import type { Upstream } from "./model/Upstream.ts"
import { LEAST_SHARED_SILENCE_MS } from "./slowFirstByte.ts"
import { nothingKept } from "./upstream/kept.ts"
import { nothingSeen } from "./upstream/lives.ts"

export const noOutage: OutageState = {
  families: null,
  proven: [],
  answeredSeq: -1,
  silenceSinceUs: -1,
  witnesses: [],
  deadReferences: [],
  pulseDueUs: -1,
  turn: 0,
  sinceUs: -1,
  reason: "silence",
  endedAtUs: -1
}

export const noFailedRounds: AutoDisable = { rounds: 0, failed: [], roundEndUs: -1, untilUs: -1 }

/** A candidate of which nothing is known. It waits in the backlog for its first probe. */
export function newCandidate(
  id: CandidateId,
  upstream: UpstreamId,
  ordinal: number,
  { host, port }: Address,
  source: Source,
  atUs: number,
  identity: Identity | null = null
): Candidate {
  return {
    id,
    upstream,
    ordinal,
    host,
    port,
    sources: [source],
    forgetDueUs: -1,
    latency: Ewma.empty,
    jitter: Ewma.empty,
    success: SuccessWindow.empty,
    penalty: Ewma.empty,
    countedAtUs: -1,
    fadeDueUs: -1,
    resentAtUs: -1,
    streak: 0,
    sampleWindow: [],
    windowClosedAtUs: -1,
    windowDueUs: -1,
    lastSampleAtUs: -1,
    expireDueUs: -1,
    baseline: { inverse: 0, samples: 0, atUs: -1 },
    costMs: -1,
    forecastMs: -1,
    probe: 0,
    probedAtUs: -1,
    briefs: 0,
    unused: 0,
    queue: "backlog",
    queuedAtUs: atUs,
    connections: [],
    breaker: closedBreaker,
    suspicion: noSuspicion,
    warm: emptyWarmPool,
    relief: noRelief,
    prior: null,
    identity: unproven(identity),
    checkpoint: null
  }
}

export function newUpstream(id: UpstreamId, name: string): Upstream {
  return {
    id,
    name,
    listed: [],
    fallback: [],
    left: [],
    nextOrdinal: 1,
    members: [],
    memberSinceUs: [],
    challenges: [],
    stale: [],
    staleDueUs: -1,
    evaluateDueUs: -1,
    selectedAtUs: -1,
    filledAtUs: -1,
    roundDueUs: -1,
    preheatSinceUs: -1,
    unsampled: 0,
    untried: 0,
    answered: false,
    firstByte: Ewma.empty,
    silentAfterMs: LEAST_SHARED_SILENCE_MS,
    resolve: 0,
    resolveDueUs: -1,
    warmPools: [],
    shut: 0,
    partial: 0,
    refused: [],
    priors: [],
    priorsDueUs: -1,
    heardAtUs: -1,
    trouble: null,
    returnedAtUs: -1,
    displaced: [],
    usedAtUs: -1,
    race: 0,
    searchUntilUs: -1,
    searched: 0,
    pausedUntilUs: -1,
    renewDueUs: -1,
    unheardSinceUs: -1,
    unresolvedSinceUs: -1,
    tlsStages: [],
    kept: nothingKept,
    lives: nothingSeen
  }
}
