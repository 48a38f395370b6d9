/** The panels of the board: what each one shows, and its queries. */

export interface Panel {
  readonly title: string
  /** What a reader can tell from it. */
  readonly about: string
  readonly kind: "timeseries" | "stat"
  readonly queries: ReadonlyArray<{ readonly expr: string; readonly legend: string }>
  /** A unit of Grafana. */
  readonly unit: string
  /** Of 24 columns. */
  readonly width: number
  readonly height?: number
  readonly most?: number
  readonly marks?: ReadonlyArray<{ readonly color: string; readonly value: number }>
  readonly mappings?: Readonly<Record<string, { readonly text: string; readonly color: string }>>
}

export interface Row {
  readonly title: string
  readonly panels: ReadonlyArray<Panel>
}

const I = 'instance=~"$instance"'
const L = `${I},listener=~"$listener"`
const U = `${I},upstream=~"$upstream"`
const OVER = "[$__rate_interval]"

const stat = (title: string, about: string, expr: string, unit: string, more: Partial<Panel> = {}): Panel => ({
  ...{ title, about, kind: "stat", queries: [{ expr, legend: "" }], unit, width: 4, height: 4 },
  ...more
})
const plot = (title: string, about: string, unit: string, queries: Panel["queries"], more: Partial<Panel> = {}): Panel => ({
  ...{ title, about, kind: "timeseries", queries, unit, width: 8 },
  ...more
})
const one = (expr: string, legend: string): Panel["queries"] => [{ expr, legend }]
const yesNo = (yes: string) => ({ 0: { text: "no", color: "green" }, 1: { text: yes, color: "red" } })
const warnAt = (value: number, worse: number) => [{ color: "orange", value }, { color: "red", value: worse }]
const quantile = (share: number, metric: string, labels: string): string =>
  `histogram_quantile(${share}, sum by (le) (rate(${metric}_bucket{${labels}}${OVER})))`

export const ROWS: ReadonlyArray<Row> = [
  {
    title: "At a glance",
    panels: [
      stat("Clients per second", "Clients that have left.", `sum(rate(fairlead_connections_total{${L}}${OVER}))`, "ops"),
      stat(
        "Not served",
        "Share of clients that no address could serve, or that found the queue full.",
        `sum(rate(fairlead_connections_total{${L},result=~"failed|refused"}${OVER})) / sum(rate(fairlead_connections_total{${L}}${OVER}))`,
        "percentunit",
        { marks: warnAt(0.001, 0.01) }
      ),
      stat(
        "First byte, 99 of 100",
        "Time from accept to the first byte of the upstream.",
        quantile(0.99, "fairlead_first_byte_seconds", L),
        "s",
        { marks: warnAt(1, 3) }
      ),
      stat(
        "Served by a warm socket",
        "These clients paid no handshake.",
        `sum(rate(fairlead_pool_hits_total{${U}}${OVER})) / (sum(rate(fairlead_pool_hits_total{${U}}${OVER})) + sum(rate(fairlead_pool_misses_total{${U}}${OVER})))`,
        "percentunit",
        { most: 1 }
      ),
      stat(
        "Own network down",
        "While it is, no failure counts against an address.",
        `max(fairlead_local_outage{${I}})`,
        "none",
        {
          mappings: yesNo("down")
        }
      ),
      stat(
        "Pool off",
        "All candidates failed, so clients go to the last resort.",
        `max(fairlead_auto_disabled{${I}})`,
        "none",
        {
          mappings: yesNo("off")
        }
      )
    ]
  },
  {
    title: "Clients",
    panels: [
      plot(
        "Clients by how they ended",
        "`done` is good. The others are explained in docs/operations.md.",
        "ops",
        one(`sum by (result) (rate(fairlead_connections_total{${L}}${OVER}))`, "{{result}}")
      ),
      plot(
        "Clients connected",
        "Sessions that are open now.",
        "short",
        one(`sum by (listener) (fairlead_connections_active{${L}})`, "{{listener}}")
      ),
      plot("Time to the first byte", "From accept to the first byte of the upstream.", "s", [
        { expr: quantile(0.5, "fairlead_first_byte_seconds", L), legend: "half" },
        { expr: quantile(0.9, "fairlead_first_byte_seconds", L), legend: "90 of 100" },
        { expr: quantile(0.99, "fairlead_first_byte_seconds", L), legend: "99 of 100" }
      ]),
      plot(
        "Bytes",
        "Of sessions that have ended.",
        "Bps",
        one(`sum by (direction) (rate(fairlead_bytes_total{${L}}${OVER}))`, "{{direction}}")
      ),
      plot(
        "Served by",
        "The source of the address that served.",
        "ops",
        one(`sum by (source) (rate(ip_pool_selection_total{${I}}${OVER}))`, "{{source}}")
      ),
      plot(
        "Served by the last resort ladder",
        "Clients that went to a rung of the ladder in place of the active set, served or not.",
        "ops",
        one(`sum by (reason) (rate(ip_pool_fallback_total{${I}}${OVER}))`, "{{reason}}")
      )
    ]
  },
  {
    title: "Addresses",
    panels: [
      plot(
        "Score",
        "Members of the active set and the next five. 100 would cost nothing.",
        "short",
        one(`fairlead_candidate_score{${U}}`, "{{candidate}}"),
        { most: 100, width: 12 }
      ),
      plot("Handshakes", "Handshakes that succeeded.", "s", [
        {
          expr: `histogram_quantile(0.5, sum by (le, kind) (rate(fairlead_connect_seconds_bucket{${U}}${OVER})))`,
          legend: "{{kind}}, half"
        },
        {
          expr: `histogram_quantile(0.99, sum by (le, kind) (rate(fairlead_connect_seconds_bucket{${U}}${OVER})))`,
          legend: "{{kind}}, 99 of 100"
        }
      ], { width: 12 }),
      plot(
        "Moves of the active set",
        "Many `cheaper` moves mean that addresses flap.",
        "short",
        one(`sum by (upstream, reason) (increase(fairlead_switch_total{${U}}${OVER}))`, "{{upstream}} {{reason}}")
      ),
      plot("Open breakers", "Candidates that are shut out.", "short", one(`fairlead_breaker_open{${U}}`, "{{upstream}}")),
      plot(
        "Probes that failed",
        "By the reason.",
        "ops",
        one(`sum by (result) (rate(fairlead_probe_total{${U},result!="ok"}${OVER}))`, "{{result}}")
      ),
      plot("Warm sockets", "Sockets that wait for clients.", "short", one(`fairlead_pool_warm{${U}}`, "{{upstream}}")),
      plot(
        "Warm sockets that closed unused",
        "`expired` is normal. Many `closed` or `reset` mean that the upstream closes early.",
        "ops",
        one(`sum by (reason) (rate(fairlead_pool_closed_total{${U}}${OVER}))`, "{{reason}}")
      ),
      plot(
        "Names without an address",
        "Queries that gave no address.",
        "ops",
        one(`sum by (upstream, reason) (rate(fairlead_dns_failed_total{${U}}${OVER}))`, "{{upstream}} {{reason}}")
      )
    ]
  },
  {
    title: "The service itself",
    panels: [
      plot(
        "Event loop",
        "The largest delay of a timer. Above some 100 ms clients feel it.",
        "s",
        one(`fairlead_event_loop_lag_seconds{${I}}`, "{{instance}}")
      ),
      plot("Record, history, telemetry", "Each of these should be zero.", "short", [
        { expr: `increase(fairlead_record_gaps_total{${I}}[1h])`, legend: "gaps in the record" },
        { expr: `sum(increase(fairlead_history_errors_total{${I}}[1h]))`, legend: "troubles with history" },
        { expr: `increase(fairlead_telemetry_dropped_total{${I}}[1h])`, legend: "spans dropped" }
      ]),
      plot(
        "Reloads",
        "`refused`: the file had a mistake, and nothing changed.",
        "short",
        one(`sum by (result) (increase(fairlead_reload_total{${I}}[1h]))`, "{{result}}")
      )
    ]
  }
]
