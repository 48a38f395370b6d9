/**
 * Stages: the reducers in the order in which a step runs them, each with its phase and with what concerns it.
 *
 * - A reducer is entered when the event concerns it (`on`), or when something else does (`or`): a sample, or a request.
 * - A tick concerns each reducer that has deadlines.
 * - No other reducer would change anything. A law compares each step with one that enters all of them.
 */
import * as Candidates from "./candidates.ts"
import type { Event } from "./model/Event.ts"
import type { Sample, Step } from "./model/Step.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import { thresholdCrossed } from "./panic.ts"
import { autoDisable } from "./reducers/autoDisable.ts"
import { breaker } from "./reducers/breaker.ts"
import { commonCause } from "./reducers/commonCause.ts"
import { demand } from "./reducers/demand.ts"
import { enabled } from "./reducers/enabled.ts"
import { history, recallStarted } from "./reducers/history.ts"
import { identity } from "./reducers/identity.ts"
import { keepAlive } from "./reducers/keepAlive.ts"
import { membership, resolveStarted } from "./reducers/membership.ts"
import { outage } from "./reducers/outage.ts"
import { raced, unserved } from "./reducers/raced.ts"
import { refresh } from "./reducers/refresh.ts"
import { relief } from "./reducers/relief.ts"
import { reload } from "./reducers/reload.ts"
import { renewal } from "./reducers/renewal.ts"
import { score } from "./reducers/score.ts"
import { selector } from "./reducers/selector.ts"
import { suspicion } from "./reducers/suspicion.ts"
import { tlsStages } from "./reducers/tlsStages.ts"
import { traffic } from "./reducers/traffic.ts"
import { warm } from "./reducers/warm.ts"
import type { Phase } from "./requests.ts"
import { markDirty } from "./requests.ts"
import { reroute } from "./routes.ts"
import * as Upstreams from "./upstreams.ts"

export interface Stage {
  readonly phase: Phase
  readonly on: ReadonlySet<Event["_tag"]>
  readonly or: (state: State, step: Step) => boolean
  readonly run: (state: State, step: Step) => State
}

type On = ReadonlyArray<Event["_tag"]>

const never = () => false

function stage(phase: Phase, run: Stage["run"], on: On, or: Stage["or"] = never): Stage {
  return { phase, run, on: new Set(on), or }
}

/** Whether the event, a sample or a request concerns the reducer. */
export function concerns({ on, or }: Stage, state: State, step: Step): boolean {
  return on.has(step.event._tag) || or(state, step)
}

const isSampled: Stage["or"] = (_state, { samples }) => samples.length > 0
const isStarted: Stage["or"] = (_state, { requests }) => requests.started.size > 0
const isDirty: Stage["or"] = (_state, { requests }) => requests.dirty.size > 0

/** A sample of an upstream of which this is true. */
function someOf(is: (upstream: Upstream, sample: Sample) => boolean): Stage["or"] {
  return (state, { samples }) =>
    samples.some((sample) => {
      const upstream = Upstreams.find(state, Candidates.find(state, sample.candidate)?.upstream)
      return upstream !== undefined && is(upstream, sample)
    })
}

/** What sessions tell. */
const SESSIONS: On = ["SessionSilent", "SessionSpoke", "SessionStalled", "ClientClosed"]
const PROBED: On = ["ProbeSucceeded", "ProbeFailed", "WorkerLost"]

export const STAGES: ReadonlyArray<Stage> = [
  stage("operator", reload, ["ConfigChanged"]),
  stage("operator", enabled, ["EnabledOverridden"]),

  stage("membership", membership, [
    "Started",
    "Ticked",
    "Resolved",
    "ResolveFailed",
    "RefreshRequested",
    "ClientAccepted"
  ]),
  stage("membership", history, ["HistoryLoaded", "Ticked", "WallRead"], someOf(({ priors }) => priors.length > 0)),
  stage("membership", traffic, ["ClientAccepted", "ClientClosed", "WorkerLost"]),

  stage("network", outage, [
    "Ticked",
    "InterfacesChanged",
    "ConfigChanged",
    "ClientAccepted",
    "ProbeSucceeded",
    "ProbeFailed",
    ...SESSIONS
  ], isSampled),

  stage("common causes", autoDisable, ["Ticked", "ClientAccepted"], isSampled),
  stage(
    "common causes",
    commonCause,
    ["Ticked", "DialPending", "WarmLost", ...SESSIONS],
    someOf(({ trouble }, { failure }) => failure !== null || trouble !== null)
  ),

  stage(
    "started",
    (state, step) => resolveStarted(state, step, step.requests.started, step.requests.returned),
    ["InterfacesChanged", "ClientAccepted"],
    (state, step) => isStarted(state, step) || step.requests.returned
  ),
  stage("started", (state, step) => recallStarted(state, step, step.requests.started), [], isStarted),

  stage(
    "demand",
    (state, step) => demand(state, step, step.requests.returned),
    ["Started", "Ticked", "DomainRequested", "ClientAccepted", "Resolved", "ResolveFailed"],
    (_state, { requests }) => requests.returned
  ),
  stage("demand", raced, ["Raced", "WorkerLost"]),

  stage("evidence", score, ["Ticked"], isSampled),
  stage("evidence", judged, ["Ticked", ...PROBED, ...SESSIONS], isSampled),
  stage(
    "evidence",
    identity,
    [],
    (_state, { samples }) => samples.some(({ verified, failure }) => verified || failure === "certificate")
  ),
  stage("evidence", suspicion, ["Ticked", "DialPending", "WarmLost", "WorkerLost", ...SESSIONS], isSampled),
  stage("evidence", relief, [
    "Ticked",
    "ClientAccepted",
    "WarmLost",
    "WarmFailed",
    "ProbeFailed",
    ...SESSIONS
  ]),
  stage("evidence", keepAlive, ["ConnectionKept"]),

  stage("evidence", tlsStages, ["TlsTried", "ConfigChanged"]),

  stage("selection", (state, step) => selector(state, step, step.requests.dirty), ["Ticked"], isDirty),

  stage("acts", unserved, ["Raced"]),
  stage(
    "acts",
    (state, step) => warm(state, step, step.requests.dirty),
    ["Ticked", "ClientAccepted", "WarmConnected", "WarmFailed", "WarmLost", "WorkerLost"],
    (state, step) => isDirty(state, step) || state.wantsRoom.length > 0
  ),
  stage("acts", (state, step) => renewal(state, step, step.requests.dirty), ["Ticked"], isDirty),

  stage(
    "probes",
    (state, step) => refresh(state, step, step.requests),
    ["Started", "Ticked", "InterfacesChanged", "RefreshRequested", ...PROBED],
    (state, step) => {
      const { probes, returned, recovered } = step.requests
      return probes || returned || recovered.size > 0 || isStarted(state, step) || isDirty(state, step)
    }
  ),

  stage(
    "routes",
    (state, { requests }) => reroute(state, requests.dirty, requests.decisions),
    [],
    isDirty
  )
]

const OF_EVENTS: { [tag in Event["_tag"]]?: ReadonlyArray<Stage> } = {}

/** The stages that an event of this kind can enter. The others need an event of another kind, so they are not even asked. */
export function stagesOf(tag: Event["_tag"]): ReadonlyArray<Stage> {
  return OF_EVENTS[tag] ??= STAGES.filter(({ on, or }) => on.has(tag) || or !== never)
}

/** The breaker. Upstreams that may be on another rung now are dirty. */
function judged(state: State, step: Step): State {
  const next = breaker(state, step)
  for (const id of thresholdCrossed(state, next, step.event)) markDirty(step, id)
  return next
}
