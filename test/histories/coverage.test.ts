/** What happens in the recorded worlds: every kind of event and decision, and every reason for one. */
import { expect, it } from "vitest"
import type * as Decisions from "../../src/core/model/Decision.ts"
import type { AttemptOutcome, ChoiceReason, CloseCause, DialFailure, Event, WarmLoss } from "../../src/core/model/Event.ts"
import type { OutageReason } from "../../src/core/model/Outage.ts"
import type { UpstreamState } from "../../src/core/model/Routes.ts"
import { played, worlds } from "./worlds.ts"

/** `seen`, or why it cannot be. The type checker makes sure that nothing that exists is left out. */
type Expected<A extends string> = Readonly<Record<A, "seen" | { readonly not: string }>>

const toys = worlds.map(played)
const events = toys.flatMap(({ entries }) => entries.map(({ event }) => event))
const decisions = toys.flatMap(({ advanced }) => advanced.flatMap((one) => one.decisions))

function covers<A extends string>(name: string, found: Iterable<A>, expected: Expected<A>): void {
  it(`the recorded worlds show all ${name}`, () => {
    const seen = Object.keys(expected).filter((key) => expected[key as A] === "seen")
    expect([...new Set(found)].toSorted()).toEqual(seen.toSorted())
  })
}
const of = <T extends Decisions.Decision["_tag"]>(tag: T) =>
  decisions.filter((one): one is Extract<Decisions.Decision, { _tag: T }> => one._tag === tag)
const eventsOf = <T extends Event["_tag"]>(tag: T) =>
  events.filter((one): one is Extract<Event, { _tag: T }> => one._tag === tag)

covers<Event["_tag"]>("kinds of events", events.map(({ _tag }) => _tag), {
  Started: "seen",
  WallRead: "seen",
  Ticked: "seen",
  ProbeSucceeded: "seen",
  ProbeFailed: "seen",
  ClientAccepted: "seen",
  ClientClosed: "seen",
  DialPending: "seen",
  SessionSilent: "seen",
  SessionSpoke: "seen",
  SessionStalled: "seen",
  WarmConnected: "seen",
  WarmFailed: "seen",
  WarmLost: "seen",
  Resolved: "seen",
  ResolveFailed: "seen",
  WorkerLost: "seen",
  ConfigChanged: "seen",
  EnabledOverridden: "seen",
  RefreshRequested: "seen",
  HistoryLoaded: "seen",
  InterfacesChanged: "seen",
  DomainRequested: "seen",
  Raced: "seen",
  TlsTried: "seen",
  ConnectionKept: "seen"
})
covers<Decisions.Decision["_tag"]>("kinds of decisions", decisions.map(({ _tag }) => _tag), {
  Probe: "seen",
  DialWarm: "seen",
  Retire: "seen",
  Resolve: "seen",
  Race: "seen",
  SelectionMoved: "seen",
  BreakerOpened: "seen",
  BreakerClosed: "seen",
  Suspected: "seen",
  Cleared: "seen",
  MembershipChanged: "seen",
  LadderStepped: "seen",
  PreheatStarted: "seen",
  PreheatCompleted: "seen",
  UpstreamRefreshed: "seen",
  PoolResized: "seen",
  WarmWithheld: "seen",
  ConfigApplied: "seen",
  EnabledChanged: "seen",
  AddressesRefused: "seen",
  IdentityFailed: "seen",
  IdentityProven: "seen",
  OutageBegan: "seen",
  OutageEnded: "seen",
  CommonCauseBegan: "seen",
  CommonCauseEnded: "seen",
  AutoDisabled: "seen",
  AutoEnabled: "seen",
  DomainDropped: "seen",
  TlsServed: "seen",
  TlsFellBack: "seen",
  TlsPinMismatched: "seen",
  TlsStageDisabled: "seen",
  TlsStageEnabled: "seen"
})

covers<Decisions.MoveReason>("reasons for a move", of("SelectionMoved").flatMap(({ moves }) => moves.map((one) => one.reason)), {
  filled: "seen",
  cheaper: "seen",
  costlier: "seen",
  failing: "seen",
  shut: "seen",
  expired: "seen",
  score: { not: "it keeps candidates out, and lets others replace a member at once" },
  unmeasured: { not: "every member of a set was measured" },
  left: "seen",
  surplus: "seen",
  disabled: "seen",
  certificate: "seen",
  outage: "seen"
})
covers<Decisions.LadderReason>("reasons for a step on the ladder", of("LadderStepped").map(({ reason }) => reason), {
  selected: "seen",
  unmeasured: "seen",
  expired: "seen",
  shut: "seen",
  empty: "seen",
  disabled: "seen",
  bypass: "seen",
  removed: "seen",
  certificate: "seen"
})
covers<UpstreamState>("rungs of the ladder", of("LadderStepped").map(({ to }) => to), {
  active: "seen",
  stale: "seen",
  fallback: "seen",
  system: "seen",
  unranked: "seen",
  disabled: "seen"
})
covers<Decisions.SuspicionReason>("reasons for a suspicion", of("Suspected").map(({ reason }) => reason), {
  pending: "seen",
  silent: "seen",
  reset: "seen",
  unanswered: "seen",
  "parked-reset": "seen"
})
covers<Decisions.UpstreamRefreshed["reason"]>("reasons for a refresh", of("UpstreamRefreshed").map(({ reason }) => reason), {
  requested: "seen",
  outage: "seen",
  "first-use": "seen",
  "all-failed": "seen",
  "no-candidates": "seen"
})
covers<Decisions.DomainDropped["reason"]>("reasons to drop a name on demand", of("DomainDropped").map(({ reason }) => reason), {
  limit: "seen",
  idle: "seen"
})
covers<Decisions.AutoEnabled["reason"]>("reasons for the end of auto-disable", of("AutoEnabled").map(({ reason }) => reason), {
  cooldown: "seen",
  operator: "seen",
  reload: "seen",
  answered: "seen"
})
covers<OutageReason>("signs of a local outage", of("OutageBegan").map(({ reason }) => reason), {
  silence: "seen",
  connectivity: "seen",
  interfaces: "seen"
})
covers<string>("reasons to open a breaker", of("BreakerOpened").map(({ reason }) => reason), {
  refused: "seen",
  reset: "seen",
  timeout: "seen",
  unreachable: "seen",
  implausible: "seen",
  certificate: "seen",
  closed: "seen",
  stalled: "seen"
})
covers<DialFailure>("failures of a probe", eventsOf("ProbeFailed").map(({ reason }) => reason), {
  refused: "seen",
  reset: "seen",
  timeout: "seen",
  unreachable: "seen",
  local: "seen",
  certificate: "seen",
  implausible: { not: "the shell never reports it: the core finds it out" }
})
covers<AttemptOutcome>(
  "outcomes of a dial attempt",
  [...eventsOf("ClientAccepted"), ...eventsOf("Raced")].flatMap(({ tried }) => tried.map(({ outcome }) => outcome)),
  {
    connected: "seen",
    cancelled: "seen",
    refused: "seen",
    reset: "seen",
    timeout: "seen",
    unreachable: "seen",
    local: "seen",
    certificate: "seen",
    denied: "seen",
    unresolved: { not: "the toy's resolver takes no time, so a name without addresses is no attempt" },
    implausible: { not: "the shell never reports it: the core finds it out" }
  }
)
covers<WarmLoss>("reasons for the end of a warm socket", eventsOf("WarmLost").map(({ reason }) => reason), {
  closed: "seen",
  reset: "seen",
  expired: "seen",
  drained: "seen"
})
covers<ChoiceReason>("reasons for the choice of a candidate", eventsOf("ClientAccepted").map(({ why }) => why), {
  only: "seen",
  cheapest: "seen",
  balanced: "seen",
  unranked: "seen"
})
covers<CloseCause>("causes for the end of a session", eventsOf("ClientClosed").map(({ cause }) => cause), {
  done: "seen",
  "upstream-reset": "seen",
  "upstream-closed": "seen",
  "upstream-alert": { not: "to the core it is the same as upstream-closed" },
  "client-reset": { not: "to the core it is the same as done" },
  idle: { not: "to the core it is the same as done" },
  "half-close-timeout": { not: "to the core it is the same as done" },
  stopped: { not: "to the core it is the same as done" }
})
