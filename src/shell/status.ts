/** What a running service is doing, as plain data for `/status`. */
import * as Candidates from "../core/candidates.ts"
import * as SuccessWindow from "../core/math/SuccessWindow.ts"
import type { Candidate } from "../core/model/Candidate.ts"
import type { UpstreamConfig } from "../core/model/Config.ts"
import type { State } from "../core/model/State.ts"
import type { Upstream } from "../core/model/Upstream.ts"
import * as Vector from "../core/data/Vector.ts"
import { scoreOf } from "../core/reducers/score.ts"
import * as Upstreams from "../core/upstreams.ts"
import type { ListenerStatus } from "./Acceptor.ts"
import type { RecordStatus } from "./Recorder.ts"

/** Moments are wall time in ISO 8601; null where there is none. */
export function statusOf(
  state: State,
  nowUs: number,
  restarts: number,
  listeners: ReadonlyArray<ListenerStatus>,
  record: RecordStatus
) {
  return {
    /** What is in force; the override is the operator's wish until restart or reload, null when there is none. */
    enabled: Upstreams.isEnabled(state),
    override: state.override,
    uptimeSeconds: Math.floor(nowUs / 1_000_000),
    restarts,
    record,
    listeners: listeners.map(({ listen, ...rest }) => ({
      protocol: "tcp",
      listen: `${listen.host}:${listen.port}`,
      ...rest
    })),
    upstreams: Vector.toArray(state.upstreams)
      .filter(({ id }) => !Upstreams.configOf(state, id).removed)
      .map((upstream) => upstreamStatus(state, upstream))
  }
}

function upstreamStatus(state: State, upstream: Upstream) {
  const config = state.config.upstreams[upstream.id] as UpstreamConfig
  const spares = upstream.fallback.filter((id) => !upstream.listed.includes(id))
  const candidates = [...upstream.listed, ...spares].map((id) => Candidates.find(state, id)).filter((one) =>
    one !== undefined
  )
  return {
    name: upstream.name,
    state: state.routes.upstreams[upstream.id]?.state ?? "unranked",
    selectedAt: wallTime(state, upstream.selectedAtUs),
    candidates: candidates.map((candidate) => candidateStatus(state, upstream, config, candidate))
  }
}

function candidateStatus(state: State, upstream: Upstream, config: UpstreamConfig, candidate: Candidate) {
  const measured = candidate.costMs >= 0
  const costMs = measured ? candidate.costMs : config.scoring.neutralMs
  return {
    id: Candidates.labelOf(state, candidate.id),
    address: `${candidate.host.includes(":") ? `[${candidate.host}]` : candidate.host}:${candidate.port}`,
    sources: candidate.sources,
    score: round(scoreOf(costMs, config.scoring.referenceMs)),
    costMs: measured ? round(candidate.costMs) : null,
    latencyMs: candidate.latency.atUs < 0 ? null : round(candidate.latency.value),
    jitterMs: candidate.jitter.atUs < 0 ? null : round(candidate.jitter.value),
    successRate: round(SuccessWindow.rate(candidate.success)),
    breaker: candidate.breaker.state,
    suspect: Candidates.isSuspect(candidate),
    warm: candidate.warm.parked.length,
    active: upstream.members.includes(candidate.id),
    connections: Candidates.connectionsOf(candidate),
    lastSampleAt: wallTime(state, candidate.lastSampleAtUs)
  }
}

function wallTime(state: State, atUs: number): string | null {
  if (atUs < 0) return null
  return new Date(Math.floor(state.wall.ms + (atUs - state.wall.atUs) / 1000)).toISOString()
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
