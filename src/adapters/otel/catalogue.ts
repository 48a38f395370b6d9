/** Every metric by name: what it counts, its labels, its unit and, for histograms, its buckets. docs/operations.md says the same. */

export interface Described<Label extends string = string> {
  readonly name: string
  readonly kind: "counter" | "gauge" | "histogram"
  readonly help: string
  readonly labels: ReadonlyArray<Label>
  readonly unit?: "seconds" | "bytes"
  /** Upper bounds. */
  readonly buckets?: ReadonlyArray<number>
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const MILLISECONDS = [1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000]

const one = <const D extends Described>(described: D): D => described

export const connections = one({
  name: "fairlead_connections_total",
  kind: "counter",
  help: "Clients that have left, by how it ended; failed: nobody could serve it; refused: no place to wait.",
  labels: ["listener", "result"]
})
export const active = one({
  name: "fairlead_connections_active",
  kind: "gauge",
  help: "Clients that are served now.",
  labels: ["listener"]
})
export const bytes = one({
  name: "fairlead_bytes_total",
  kind: "counter",
  help: "Bytes of sessions that have ended; up: from the client, down: to the client.",
  labels: ["listener", "direction"],
  unit: "bytes"
})
export const hits = one({
  name: "fairlead_pool_hits_total",
  kind: "counter",
  help: "Clients that got a warm socket.",
  labels: ["upstream"]
})
export const misses = one({
  name: "fairlead_pool_misses_total",
  kind: "counter",
  help: "Clients that had to wait for a dial.",
  labels: ["upstream"]
})
export const warm = one({
  name: "fairlead_pool_warm",
  kind: "gauge",
  help: "Warm sockets that wait for clients.",
  labels: ["upstream"]
})
export const closed = one({
  name: "fairlead_pool_closed_total",
  kind: "counter",
  help: "Warm sockets that went without having served: closed or reset by the upstream, expired, drained.",
  labels: ["upstream", "reason"]
})
export const connect = one({
  name: "fairlead_connect_seconds",
  kind: "histogram",
  help: "Handshakes that succeeded; kind: client, warm or probe. A warm hit is none.",
  labels: ["upstream", "kind"],
  unit: "seconds",
  buckets: SECONDS
})
export const firstByte = one({
  name: "fairlead_first_byte_seconds",
  kind: "histogram",
  help: "From accept to the first byte from the upstream, of sessions that have ended and got one.",
  labels: ["listener"],
  unit: "seconds",
  buckets: SECONDS
})
export const probes = one({
  name: "fairlead_probe_total",
  kind: "counter",
  help: "Probes by result: ok, or why it failed.",
  labels: ["upstream", "result"]
})
export const score = one({
  name: "fairlead_candidate_score",
  kind: "gauge",
  help:
    "Score from 0 to 100 of the members of the active set and of the five best after them; not of what clients asked for.",
  labels: ["upstream", "candidate"]
})
export const switches = one({
  name: "fairlead_switch_total",
  kind: "counter",
  help: "Moves into and out of the active set; a replacement is one cheaper and one costlier.",
  labels: ["upstream", "reason"]
})
export const breakers = one({
  name: "fairlead_breaker_open",
  kind: "gauge",
  help: "Candidates that are shut out by their breaker.",
  labels: ["upstream"]
})
export const lag = one({
  name: "fairlead_event_loop_lag_seconds",
  kind: "gauge",
  help: "The latest that a timer was in the last 10 to 20 seconds.",
  labels: [],
  unit: "seconds"
})
export const gaps = one({
  name: "fairlead_record_gaps_total",
  kind: "counter",
  help: "Times that entries were lost to the record.",
  labels: []
})
export const history = one({
  name: "fairlead_history_errors_total",
  kind: "counter",
  help:
    "Times that the history file was damaged, held a record that is none, could not be read or written, is another's, or was slow.",
  labels: ["what"]
})
export const dropped = one({
  name: "fairlead_telemetry_dropped_total",
  kind: "counter",
  help: "Spans that no collector took, and events that metrics or traces failed on.",
  labels: []
})
export const reloads = one({
  name: "fairlead_reload_total",
  kind: "counter",
  help: "Configurations read anew, by result: applied, or refused with nothing changed.",
  labels: ["result"]
})
export const omitted = one({
  name: "fairlead_dns_omitted_total",
  kind: "counter",
  help: "Addresses in answers for a name that were not taken: beyond dns.maxAnswers, or not to be dialled at all.",
  labels: ["upstream"]
})
export const silent = one({
  name: "fairlead_dns_silent_total",
  kind: "counter",
  help:
    "Questions for a name's candidates that had no answer by the time the others' answers were used; one where no server answered.",
  labels: ["upstream"]
})
export const unresolved = one({
  name: "fairlead_dns_failed_total",
  kind: "counter",
  help:
    "Questions for a name's candidates, or for clients on their last resort, that ended without an address, by what the resolver said.",
  labels: ["upstream", "reason"]
})
export const outage = one({
  name: "fairlead_local_outage",
  kind: "gauge",
  help: "1 while the network of this machine itself is down, so that nobody is judged by it.",
  labels: []
})
export const autoDisabled = one({
  name: "fairlead_auto_disabled",
  kind: "gauge",
  help: "1 while clients go to the last resort because everybody failed for autoDisable.failures rounds.",
  labels: []
})
export const evicted = one({
  name: "fairlead_on_demand_evicted_total",
  kind: "counter",
  help:
    "Names that clients had asked for and that were forgotten: limit, another one needed the room; idle, nobody used them.",
  labels: ["reason"]
})
export const selections = one({
  name: "ip_pool_selection_total",
  kind: "counter",
  help: "Clients by the source that names the address which serves them.",
  labels: ["source"]
})
export const fallbacks = one({
  name: "ip_pool_fallback_total",
  kind: "counter",
  help: "Clients for whom no member of the active set was there, by the rung of the ladder that served instead.",
  labels: ["reason"]
})
export const latency = one({
  name: "ip_pool_latency_ms",
  kind: "histogram",
  help: "Handshakes that succeeded, of any kind, in milliseconds.",
  labels: [],
  buckets: MILLISECONDS
})

export const CATALOGUE: ReadonlyArray<Described> = [
  connections,
  active,
  bytes,
  hits,
  misses,
  warm,
  closed,
  connect,
  firstByte,
  probes,
  score,
  switches,
  breakers,
  lag,
  gaps,
  history,
  dropped,
  reloads,
  outage,
  autoDisabled,
  evicted,
  selections,
  fallbacks,
  latency,
  omitted,
  silent,
  unresolved
]
