/** The report of a soak, as `report.json` holds it. New versions only add fields. A changed meaning would raise `v`. */
import * as Schema from "effect/Schema"

/** A report names no more clients that were not served. */
export const MOST_UNSERVED = 200

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Millis = Schema.Finite
const Share = Schema.Finite
const counts = (description: string) => Schema.Record(Schema.String, Count).annotate({ description })
const text = (description: string) => Schema.String.annotate({ description })

const Clients = Schema.Struct({
  clients: Count,
  served: Count.annotate({ description: "The whole answer came, and its digest was right" }),
  failed: Count.annotate({ description: "Not served without an excuse: an address could have served it" }),
  caught: Count.annotate({
    description:
      "Not served: a fault of its group began while it was there, or within a second before. Behind a good handshake: or the first client of its target met the fault within a second before"
  }),
  noneCould: Count.annotate({ description: "Not served: no address of its group could serve" }),
  cut: Count.annotate({ description: "The answer ended midway: bytes had come, so no forwarder could try again" }),
  corrupted: Count.annotate({ description: "The answer was not what was sent" }),
  p50Ms: Schema.NullOr(Millis).annotate({
    description: "From the arrival to the first byte, of half of those that were served"
  }),
  p99Ms: Schema.NullOr(Millis),
  firstByte: Schema.optionalKey(counts(
    "Times to the first byte by class: class N ends at 0.05 ms * 1.05^N. In the counts of the whole soak alone"
  ))
})

const Served = Schema.Struct({ clients: Count, served: Count })

const Fault = Schema.Struct({
  kind: Schema.String,
  group: Schema.String,
  says: Schema.String,
  atMs: Millis.annotate({ description: "Since the start" }),
  untilMs: Millis,
  fairlead: Served.annotate({ description: "Clients of the group that arrived while it lasted" }),
  control: Served,
  backMs: Schema.NullOr(Millis).annotate({
    description: "From its end to the first client that the nearest address served; null: not seen, or no such address"
  }),
  boundMs: Millis.annotate({ description: "The limit for that time" }),
  isDue: Schema.Boolean.annotate({ description: "There was time enough to see it" })
})

const Slice = Schema.Struct({
  atMs: Millis,
  fairlead: Clients,
  control: Clients,
  warmShare: Schema.NullOr(Share).annotate({ description: "Share of Fairlead's clients with a warm socket, from 0 to 1" }),
  rssMiB: Schema.NullOr(Schema.Finite),
  heapMiB: Schema.NullOr(Schema.Finite).annotate({ description: "The least in the slice, so mostly after a collection" }),
  descriptors: Schema.NullOr(Schema.Finite),
  fibers: Schema.optionalKey(Schema.NullOr(Schema.Finite)).annotate({
    description: "The fewest fibers of the services in the slice"
  }),
  lagMs: Schema.NullOr(Millis).annotate({ description: "The latest timer" }),
  fallbacks: Count,
  tripped: Count,
  recovered: Count,
  moves: Count,
  probes: Count,
  probesFailed: Count
})

export const Line = Schema.Struct({
  id: Schema.String,
  what: Schema.String,
  value: Schema.NullOr(Schema.Finite).annotate({ description: "null: nothing was seen that could be judged" }),
  limit: Schema.NullOr(Schema.Finite).annotate({ description: "null: the line is not judged" }),
  unit: Schema.String,
  atLeast: Schema.Boolean.annotate({ description: "true: the value has to reach the limit; false: to stay within it" }),
  outcome: Schema.Literals(["pass", "fail", "unjudged"]),
  why: text("Why it failed or is not judged, and what to look at")
})
export type Line = typeof Line.Type

export const Report = Schema.Struct({
  v: Schema.Literal(1),
  version: text("Of Fairlead"),
  runtime: text("Such as node 26.1.0"),
  platform: Schema.String,
  startedAt: text("Wall time, ISO 8601"),
  seed: Schema.Int,
  plannedMs: Millis,
  ranMs: Millis,
  perSecond: Schema.optionalKey(Count).annotate({ description: "Clients a second, and as many of the control group" }),
  resumedAtMs: Schema.optionalKey(Schema.Array(Millis)).annotate({
    description: "Since the start, without the pauses: when the soak was ended early and then resumed"
  }),
  complete: Schema.Boolean.annotate({ description: "false: it was ended early" }),
  scale: Schema.Finite.annotate({
    description: "Intervals of the service and limits of time are this part of their defaults"
  }),
  taken: Schema.Array(Schema.String).annotate({ description: "Sections taken from the file of --config" }),
  network: Schema.optionalKey(Schema.Literals(["loopback", "lab"])).annotate({
    description: "loopback: the services' transport made the distance; lab: a network of this machine did (--lab)"
  }),
  fairlead: Clients,
  control: Clients,
  ways: Schema.Array(Schema.Struct({ way: Schema.String, fairlead: Clients, control: Clients })),
  withoutPool: Served.annotate({ description: "Clients that arrived while Fairlead was off or no name was resolved" }),
  selections: Schema.Struct({
    byStrategy: counts("Clients by how their address was chosen; unranked: the last resort chose"),
    bySource: counts("Clients by the source that had named their address"),
    chosen: Count.annotate({ description: "Clients whose address was chosen" }),
    described: Count.annotate({ description: "Those of them with a known source and latency of the address" }),
    warm: Count,
    dialled: Count,
    unreached: Count
  }),
  refresh: Schema.Struct({
    preheats: Schema.Array(
      Schema.Struct({ upstream: Schema.String, candidates: Count, reachable: Count, tookMs: Millis })
    ),
    firstUses: Count,
    firstUsesFailed: Count,
    probes: Count,
    probesFailed: Count,
    resolved: Count,
    unresolved: Count,
    worstAgeShare: Schema.NullOr(Share).annotate({
      description: "The oldest sample of an admissible candidate of a preheated upstream, as a share of cache.scoreTtl"
    })
  }),
  fallbacks: counts("Steps down the ladder, by reason"),
  breakers: Schema.Struct({ tripped: counts("By reason"), recovered: Count, suspected: Count }),
  moves: Schema.Struct({
    byReason: counts("Candidates that entered an active set"),
    idleSwaps: Count.annotate({ description: "Replacements among addresses that are about equally far" })
  }),
  calm: Schema.Struct({ served: Count, byNearest: Count }).annotate({
    description: "Clients that arrived while nothing was wrong any more, and those of them that the nearest address served"
  }),
  unserved: Schema.Array(Schema.Struct({
    atMs: Millis,
    way: Schema.String,
    target: Schema.String,
    outcome: Schema.Literals(["failed", "cut", "corrupted", "served"]),
    excuse: Schema.Literals(["none-could", "caught", "none"]),
    tookMs: Millis
  })).annotate({ description: "Clients of Fairlead that were not served although an address could serve, the first ones" }),
  switchOffMs: Schema.Array(Millis).annotate({
    description: "From each order to switch off to the first client without a choice"
  }),
  wrongReloads: Schema.Array(Schema.String),
  faults: Schema.Array(Fault),
  records: Schema.Array(Schema.Struct({
    service: Schema.String,
    outcome: Schema.Literals(["verified", "diverged", "altered", "incompatible", "unverified"]).annotate({
      description: "unverified: the soak did not come to its end, so its record was not replayed"
    }),
    entries: Count,
    decisions: Count,
    choices: Count
  })),
  series: Schema.Array(Slice),
  verdict: Schema.Struct({
    outcome: Schema.Literals(["ready", "not ready", "incomplete"]),
    lines: Schema.Array(Line)
  }),
  baseline: Schema.NullOr(Schema.Struct({
    startedAt: Schema.String,
    notes: Schema.Array(Schema.String),
    worse: Schema.Array(Schema.Struct({
      id: Schema.String,
      what: Schema.String,
      before: Schema.Finite,
      now: Schema.Finite,
      tolerance: Schema.Finite.annotate({ description: "By how much it may be worse" })
    }))
  })).annotate({ description: "Comparison with an earlier report; null: none was given" })
}).annotate({ identifier: "SoakReport", description: "Report of fairlead soak" })

export type Report = typeof Report.Type
export type Network = "loopback" | "lab"

/** Reports of older versions do not say it. */
export function networkIn({ network = "loopback" }: { readonly network?: Network }): Network {
  return network
}

/** What was seen, before it is judged. */
export type Findings = Omit<Report, "verdict" | "baseline">
export type ClientCounts = typeof Clients.Type
export type SliceSeen = typeof Slice.Type
