/**
 * All metrics by name: what each one counts, its labels, its unit and, for histograms, its buckets. docs/operations.md lists
 * the same.
 */

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
  help:
    "Clients that have left, by how their connection ended; failed: no address could serve; refused: the queue (limits.backlog) was full; denied: its address, its credentials or its target is not allowed; malformed: its handshake is wrong or too long; late: its handshake took too long, or there were too many.",
  labels: ["listener", "result"]
})
export const active = one({
  name: "fairlead_connections_active",
  kind: "gauge",
  help: "Clients that are connected now.",
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
  help: "Warm sockets that closed unused: closed or reset by the upstream, expired, drained.",
  labels: ["upstream", "reason"]
})
export const connect = one({
  name: "fairlead_connect_seconds",
  kind: "histogram",
  help: "Handshakes that succeeded; kind: client, warm or probe. A warm hit has no handshake.",
  labels: ["upstream", "kind"],
  unit: "seconds",
  buckets: SECONDS
})
export const firstByte = one({
  name: "fairlead_first_byte_seconds",
  kind: "histogram",
  help: "Time from accept to the first upstream byte, of sessions that have ended and got a byte.",
  labels: ["listener"],
  unit: "seconds",
  buckets: SECONDS
})
export const probes = one({
  name: "fairlead_probe_total",
  kind: "counter",
  help: "Probes by result: ok, or why the probe failed.",
  labels: ["upstream", "result"]
})
export const score = one({
  name: "fairlead_candidate_score",
  kind: "gauge",
  help: "Score from 0 to 100 of the members of the active set and of the next five; not for hosts on demand.",
  labels: ["upstream", "candidate"]
})
export const switches = one({
  name: "fairlead_switch_total",
  kind: "counter",
  help: "Moves into and out of the active set; a replacement counts as one cheaper and one costlier.",
  labels: ["upstream", "reason"]
})
export const suspected = one({
  name: "fairlead_suspected_total",
  kind: "counter",
  help: "Candidates that became suspect, by reason: clients go to other candidates first.",
  labels: ["upstream", "reason"]
})
export const breakers = one({
  name: "fairlead_breaker_open",
  kind: "gauge",
  help: "Candidates with an open breaker.",
  labels: ["upstream"]
})
export const lag = one({
  name: "fairlead_event_loop_lag_seconds",
  kind: "gauge",
  help: "Largest delay of a timer in the last 10 to 20 seconds.",
  labels: [],
  unit: "seconds"
})
export const gaps = one({
  name: "fairlead_record_gaps_total",
  kind: "counter",
  help: "Gaps in the record: times that entries were lost.",
  labels: []
})
export const history = one({
  name: "fairlead_history_errors_total",
  kind: "counter",
  help:
    "Troubles with the history file: damaged, an invalid record, not readable, not writable, owned by another process, slow.",
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
  help: "Configurations read again, by result: applied, or refused with nothing changed.",
  labels: ["result"]
})
export const omitted = one({
  name: "fairlead_dns_omitted_total",
  kind: "counter",
  help: "Addresses left out of DNS answers: beyond dns.maxAnswers, or where no host can be.",
  labels: ["upstream"]
})
export const silent = one({
  name: "fairlead_dns_silent_total",
  kind: "counter",
  help:
    "Queries for a name's candidates without an answer when the other answers were used; counts one if no server answered.",
  labels: ["upstream"]
})
export const unresolved = one({
  name: "fairlead_dns_failed_total",
  kind: "counter",
  help:
    "Queries for a name's candidates, or for clients on the last resort, that gave no address, by the resolver's reason.",
  labels: ["upstream", "reason"]
})
export const outage = one({
  name: "fairlead_local_outage",
  kind: "gauge",
  help: "1 while this machine's own network is down, and no failure counts against a candidate.",
  labels: []
})
export const autoDisabled = one({
  name: "fairlead_auto_disabled",
  kind: "gauge",
  help: "1 while clients go to the last resort because all candidates failed for autoDisable.failures rounds.",
  labels: []
})
export const evicted = one({
  name: "fairlead_on_demand_evicted_total",
  kind: "counter",
  help: "Hosts on demand that were dropped; limit: another host needed the room; idle: no client used it.",
  labels: ["reason"]
})
export const selections = one({
  name: "ip_pool_selection_total",
  kind: "counter",
  help: "Clients by the source of the address that serves them.",
  labels: ["source"]
})
export const fallbacks = one({
  name: "ip_pool_fallback_total",
  kind: "counter",
  help: "Clients that went to a rung of the ladder in place of the active set, by that rung, served or not.",
  labels: ["reason"]
})
export const latency = one({
  name: "ip_pool_latency_ms",
  kind: "histogram",
  help: "Handshakes that succeeded, of any kind, in milliseconds.",
  labels: [],
  buckets: MILLISECONDS
})

export const tlsStages = one({
  name: "fairlead_tls_stage_total",
  kind: "counter",
  help:
    "Stages of TLS that programs asked by (connectTls), by result: served; unpinned: served though no pin matches, because pins are only reported; certificate, handshake, timeout or pin: why it gave no connection; unreached: no address was connected; cancelled: the program gave up, or dial.deadline was over.",
  labels: ["upstream", "stage", "result"]
})
export const tlsStagesOff = one({
  name: "fairlead_tls_stage_off",
  kind: "gauge",
  help: "1 while the stage of TLS is off because it kept failing; the sum of all hosts on demand.",
  labels: ["upstream", "stage"]
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
  suspected,
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
  unresolved,
  tlsStages,
  tlsStagesOff
]
