/**
 * Facts as people, scripts and embedders read them: in the log, on `/events` and from `Facts.stream`. New versions only add
 * fields. A changed meaning of a field would raise `v`.
 *
 * A fact names candidates by label (`web#3`). It has an address only where that says something new, and by default only its
 * network (privacy.ts).
 */
import * as Schema from "effect/Schema"
import { Count, fact, Label, Millis } from "./factSchema.ts"
import {
  AdaptiveTlsAutoDisable,
  AdaptiveTlsAutoEnable,
  AdaptiveTlsFallback,
  AdaptiveTlsPinMismatch,
  AdaptiveTlsTiming
} from "./TlsFacts.ts"

const Candidate = Schema.Struct({ candidate: Label, source: Schema.String, address: Schema.String })

const Move = Schema.Struct({
  candidate: Label,
  into: Schema.Boolean.annotate({ description: "true: it entered the set; false: it left" }),
  reason: Schema.String,
  costMs: Schema.NullOr(Millis)
})

export const IpPoolSelection = fact("IpPoolSelection", "The first choice of an upstream changed", {
  candidate: Schema.NullOr(Label).annotate({ description: "The cheapest member of the set; null: the set is empty" }),
  source: Schema.NullOr(Schema.String),
  latencyMs: Schema.NullOr(Millis),
  costMs: Schema.NullOr(Millis),
  members: Count,
  candidates: Count.annotate({ description: "Number of candidates" })
})
export const SelectionMoved = fact("SelectionMoved", "The active set of an upstream changed", {
  members: Schema.Array(Label),
  moves: Schema.Array(Move)
})
export const IpPoolIpTripped = fact(
  "IpPoolIpTripped",
  "A candidate is shut out: its breaker opened, or it could not show its certificate",
  {
    ...Candidate.fields,
    reason: Schema.String,
    forMs: Millis.annotate({ description: "Until its trial; 0: until it shows its certificate" })
  }
)
export const IpPoolIpRecovered = fact(
  "IpPoolIpRecovered",
  "A candidate may serve again: its breaker closed, or it has shown its certificate",
  Candidate.fields
)
export const Suspected = fact("Suspected", "A candidate is suspect: new clients pass over it until there is proof", {
  candidate: Label,
  reason: Schema.String
})
export const Cleared = fact("Cleared", "A candidate is no longer suspect", { candidate: Label })
export const MembershipChanged = fact(
  "MembershipChanged",
  "The list of candidates changed; a long list names only the first ones",
  {
    joined: Schema.Array(Candidate),
    joinedCount: Count,
    left: Schema.Array(Candidate),
    leftCount: Count
  }
)
export const PoolResized = fact("PoolResized", "The number of warm sockets kept for a candidate changed", {
  candidate: Label,
  from: Count,
  to: Count
})
export const PoolWithheld = fact(
  "PoolWithheld",
  "Warm sockets kept clients from being served: the candidate gets none for a while",
  {
    candidate: Label,
    reason: Schema.Literals(["serial", "full"]).annotate({
      description: "serial: the server serves one connection at a time; full: it turns new connections away"
    }),
    forMs: Millis
  }
)
export const LadderStep = fact(
  "LadderStep",
  "An upstream moved to another rung of the ladder, which leads from its set to the last resort",
  {
    from: Schema.String,
    to: Schema.String,
    reason: Schema.String
  }
)
export const IpPoolPreheatStarted = fact("IpPoolPreheatStarted", "The first round of probes began", { candidates: Count })
export const IpPoolPreheatCompleted = fact("IpPoolPreheatCompleted", "The first round of probes is over", {
  reachable: Count,
  candidates: Count,
  tookMs: Millis
})
export const IpPoolRefresh = fact("IpPoolRefresh", "The candidates are being measured and resolved anew, or that is over", {
  reason: Schema.String.annotate({
    description: "requested: it begins; preheat, first-use, all-failed, no-candidates: how it ended"
  }),
  candidates: Count,
  success: Schema.NullOr(Schema.Boolean).annotate({ description: "Whether a candidate answered; null: it begins" }),
  minLatencyMs: Schema.NullOr(Millis).annotate({ description: "Of the measured candidates; null: none is measured" }),
  maxLatencyMs: Schema.NullOr(Millis)
})
export const OnDemandDropped = fact("OnDemandDropped", "A host on demand was dropped", {
  reason: Schema.String.annotate({ description: "limit: another host needed the room; idle: no client used it" }),
  entries: Count.annotate({ description: "Number of hosts that are kept" })
})
export const IpPoolConfigUpdate = fact("IpPoolConfigUpdate", "A configuration was read again", {
  applied: Schema.Boolean.annotate({ description: "false: it was refused, and nothing changed" }),
  problems: Count
})
export const EnabledChanged = fact("EnabledChanged", "The service was turned on or off", {
  enabled: Schema.Boolean,
  override: Schema.NullOr(Schema.Boolean).annotate({
    description: "Set by the admin port until restart or reload; null: none"
  })
})
export const IpPoolCidrFilter = fact("IpPoolCidrFilter", "The lists of `access` refused addresses", {
  source: Schema.String.annotate({
    description: "The source that named them; last-resort: a name that was resolved for a client"
  }),
  count: Count,
  refused: Schema.Array(Schema.Struct({
    address: Schema.String,
    list: Schema.Literals(["allow", "deny"]),
    cidr: Schema.String.annotate({ description: "The network that denies it; empty where no network allows it" })
  }))
})
export const CoreRestarted = fact("CoreRestarted", "The core failed and started again; clients were served meanwhile", {
  restarts: Count
})

export const LocalOutage = fact("LocalOutage", "The network of this machine itself went down, or came back", {
  began: Schema.Boolean.annotate({ description: "false: it came back" }),
  reason: Schema.String.annotate({ description: "What showed it: interfaces, silence or connectivity" }),
  tookMs: Schema.NullOr(Millis).annotate({ description: "How long it lasted; null: it began" })
})
export const CommonCause = fact(
  "CommonCause",
  "All candidates of an upstream failed together, or the first of them is back",
  {
    began: Schema.Boolean.annotate({ description: "false: the first of them answered again" }),
    candidates: Schema.NullOr(Count).annotate({
      description: "Number of candidates that could serve and failed; null: it ended"
    }),
    tookMs: Schema.NullOr(Millis).annotate({ description: "How long it lasted; null: it began" })
  }
)
export const IpPoolAutoDisable = fact(
  "IpPoolAutoDisable",
  "All candidates failed for so many rounds that clients go to the last resort for a while",
  { rounds: Count, forMs: Millis }
)
export const IpPoolAutoEnable = fact("IpPoolAutoEnable", "Auto-disable is over", {
  reason: Schema.String.annotate({ description: "cooldown, operator, reload, or answered: a client was served" })
})

export const NameUnresolved = fact("NameUnresolved", "The name of an upstream has no addresses", {
  reason: Schema.String.annotate({ description: "The resolver's reason, such as ENOTFOUND or ETIMEOUT" }),
  times: Count.annotate({ description: "Failed queries since the last such fact" }),
  forMs: Millis.annotate({ description: "Since the first failure in a row" })
})
export const NameResolved = fact("NameResolved", "The name of an upstream has addresses again", {
  afterMs: Millis.annotate({ description: "Since the first failure in a row" })
})

export const PublicFact = Schema.Union([
  IpPoolSelection,
  SelectionMoved,
  IpPoolIpTripped,
  IpPoolIpRecovered,
  Suspected,
  Cleared,
  MembershipChanged,
  PoolResized,
  PoolWithheld,
  LadderStep,
  IpPoolPreheatStarted,
  IpPoolPreheatCompleted,
  IpPoolRefresh,
  OnDemandDropped,
  IpPoolConfigUpdate,
  EnabledChanged,
  CoreRestarted,
  IpPoolCidrFilter,
  LocalOutage,
  CommonCause,
  IpPoolAutoDisable,
  IpPoolAutoEnable,
  NameUnresolved,
  NameResolved,
  AdaptiveTlsTiming,
  AdaptiveTlsFallback,
  AdaptiveTlsPinMismatch,
  AdaptiveTlsAutoDisable,
  AdaptiveTlsAutoEnable
])
export type PublicFact = typeof PublicFact.Type
export type FactKind = PublicFact["kind"]

/** A fact before it is numbered, stamped and counted. */
export type FactBody = PublicFact extends infer F ? F extends PublicFact ? Omit<F, "v" | "seq" | "entry" | "at" | "dropped">
  : never
  : never

/** Takes a fact if its kind may pass now. Only then is the fact built. */
export type Tell = <K extends FactKind>(kind: K, build: () => Fields<K>) => void
export type Fields<K extends FactKind> = Omit<Extract<FactBody, { readonly kind: K }>, "kind">
