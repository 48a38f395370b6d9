/**
 * Facts as people, scripts and embedders read them: in the log, on `/events` and from `Facts.stream`. Fields are only ever
 * added; a field that changes its meaning would raise `v`.
 *
 * Candidates are named by label (`web#3`). An address stands only where it tells something, and by default it is the network
 * alone (see privacy.ts).
 */
import * as Schema from "effect/Schema"

const Label = Schema.String.annotate({ description: "A candidate: its upstream's name, # and its number there" })
const Millis = Schema.Finite
const Count = Schema.Int

/** What every fact carries. */
const common = {
  v: Schema.Literal(1),
  seq: Count.annotate({ description: "Number of the fact, from 1 in each process, without gaps" }),
  entry: Count.annotate({ description: "The entry of the record that brought it about; -1: none did" }),
  at: Schema.String.annotate({ description: "Wall time, ISO 8601" }),
  upstream: Schema.NullOr(Schema.String).annotate({ description: "null: it concerns the service as a whole" }),
  dropped: Schema.optionalKey(
    Count.annotate({ description: "Facts of this kind that the rate limit kept back since the last one" })
  )
}

function fact<const K extends string, const F extends Schema.Struct.Fields>(kind: K, description: string, fields: F) {
  return Schema.Struct({ ...common, kind: Schema.Literal(kind), ...fields }).annotate({ identifier: kind, description })
}

const Candidate = Schema.Struct({ candidate: Label, source: Schema.String, address: Schema.String })

const Move = Schema.Struct({
  candidate: Label,
  into: Schema.Boolean.annotate({ description: "true: it entered the set; false: it left" }),
  reason: Schema.String,
  costMs: Schema.NullOr(Millis)
})

export const IpPoolSelection = fact("IpPoolSelection", "Who serves an upstream first and best changed", {
  candidate: Schema.NullOr(Label).annotate({ description: "The cheapest of the set; null: the set is empty" }),
  source: Schema.NullOr(Schema.String),
  latencyMs: Schema.NullOr(Millis),
  costMs: Schema.NullOr(Millis),
  members: Count,
  candidates: Count.annotate({ description: "How many addresses there were to choose from" })
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
  "Its breaker closed, or it has shown its certificate again: it may serve",
  Candidate.fields
)
export const Suspected = fact("Suspected", "A candidate is passed over until there is proof", {
  candidate: Label,
  reason: Schema.String
})
export const Cleared = fact("Cleared", "A candidate is suspected no longer", { candidate: Label })
export const MembershipChanged = fact("MembershipChanged", "The list of candidates changed; long lists name the first", {
  joined: Schema.Array(Candidate),
  joinedCount: Count,
  left: Schema.Array(Candidate),
  leftCount: Count
})
export const PoolResized = fact("PoolResized", "How many warm sockets are kept for a candidate changed", {
  candidate: Label,
  from: Count,
  to: Count
})
export const LadderStep = fact("LadderStep", "What serves an upstream, down from its set to its last resort and back", {
  from: Schema.String,
  to: Schema.String,
  reason: Schema.String
})
export const IpPoolPreheatStarted = fact("IpPoolPreheatStarted", "The first round of probes began", { candidates: Count })
export const IpPoolPreheatCompleted = fact("IpPoolPreheatCompleted", "The first round of probes is over", {
  reachable: Count,
  candidates: Count,
  tookMs: Millis
})
export const IpPoolRefresh = fact("IpPoolRefresh", "The candidates are measured and resolved anew, or were", {
  reason: Schema.String.annotate({
    description: "requested: it begins; preheat, first-use, all-failed, no-candidates: so a sampling ended"
  }),
  candidates: Count,
  success: Schema.NullOr(Schema.Boolean).annotate({ description: "Whether somebody answered; null: it begins" }),
  minLatencyMs: Schema.NullOr(Millis).annotate({ description: "Of those that are measured; null: nobody is" }),
  maxLatencyMs: Schema.NullOr(Millis)
})
export const OnDemandDropped = fact("OnDemandDropped", "A name that a client had asked for is forgotten", {
  reason: Schema.String.annotate({ description: "limit: another one needed its room; idle: nobody used it" }),
  entries: Count.annotate({ description: "Names that are kept" })
})
export const IpPoolConfigUpdate = fact("IpPoolConfigUpdate", "A configuration was read anew", {
  applied: Schema.Boolean.annotate({ description: "false: it was refused, and nothing changed" }),
  problems: Count
})
export const EnabledChanged = fact("EnabledChanged", "The service was turned on or off", {
  enabled: Schema.Boolean,
  override: Schema.NullOr(Schema.Boolean).annotate({ description: "By the admin port until restart or reload; null: none" })
})
export const IpPoolCidrFilter = fact("IpPoolCidrFilter", "Addresses were kept out by the lists of `access`", {
  source: Schema.String.annotate({ description: "Who named them; last-resort: a name that was resolved for a client" }),
  count: Count,
  refused: Schema.Array(Schema.Struct({
    address: Schema.String,
    list: Schema.Literals(["allow", "deny"]),
    cidr: Schema.String.annotate({ description: "The network that denies it; empty where no network allows it" })
  }))
})
export const CoreRestarted = fact("CoreRestarted", "The core failed and started afresh; clients went on", {
  restarts: Count
})

export const LocalOutage = fact("LocalOutage", "The network of this machine itself went down, or came back", {
  began: Schema.Boolean.annotate({ description: "false: it came back" }),
  reason: Schema.String.annotate({ description: "What gave it away: interfaces, silence or connectivity" }),
  tookMs: Schema.NullOr(Millis).annotate({ description: "How long it lasted; null: it began" })
})
export const CommonCause = fact(
  "CommonCause",
  "All candidates of an upstream failed together, or the first of them is back",
  {
    began: Schema.Boolean.annotate({ description: "false: the first of them answered again" }),
    candidates: Schema.NullOr(Count).annotate({ description: "How many could serve and failed; null: it ended" }),
    tookMs: Schema.NullOr(Millis).annotate({ description: "How long it lasted; null: it began" })
  }
)
export const IpPoolAutoDisable = fact(
  "IpPoolAutoDisable",
  "Everybody failed for so many rounds that clients go to the last resort for a while",
  { rounds: Count, forMs: Millis }
)
export const IpPoolAutoEnable = fact("IpPoolAutoEnable", "That is over", {
  reason: Schema.String.annotate({ description: "cooldown, operator, reload, or answered: a client was served" })
})

export const NameUnresolved = fact("NameUnresolved", "The name of an upstream has no addresses", {
  reason: Schema.String.annotate({ description: "What the resolver said, such as ENOTFOUND or ETIMEOUT" }),
  times: Count.annotate({ description: "Failed questions since the last such fact" }),
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
  NameResolved
])
export type PublicFact = typeof PublicFact.Type
export type FactKind = PublicFact["kind"]

/** A fact before it is numbered, stamped and counted. */
export type FactBody = PublicFact extends infer F ? F extends PublicFact ? Omit<F, "v" | "seq" | "entry" | "at" | "dropped">
  : never
  : never
