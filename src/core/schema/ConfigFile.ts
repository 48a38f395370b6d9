/**
 * The configuration file as a schema: every key with its range, default and meaning. An upstream's own sections are laid
 * over the general ones before decoding, so each section has one schema.
 */
import * as Schema from "effect/Schema"
import { DomainText, HostText } from "./host.ts"
import { key, protective, required, secret, section } from "./keys.ts"
import { ofListeners, proxyProtocol, workers } from "./later.ts"
import { names } from "./names.ts"
import { budget, pool, probing, shared } from "./sections.ts"
import { between, CandidateText, duration, formed, ListenAddress, Name } from "./units.ts"
import { OtlpEndpoint, size, Token, whole } from "./units.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const Listener = Schema.Struct({
  name: required(Name, "web", "Name in logs, metrics and /status"),
  protocol: key(Schema.Literals(["tcp"]), "tcp", "How clients say where they want to go"),
  listen: required(ListenAddress, "127.0.0.1:1234", "Address to listen on; port 0: the system chooses one"),
  upstream: required(Schema.String, "web", "The upstream that serves this listener"),
  maxConnections: key(whole(1, 1_000_000), 10_000, "Clients served at once; further ones wait"),
  ...ofListeners
})

const Upstream = Schema.Struct({
  host: key(HostText, "", "A name whose addresses are candidates too; in any script, DNS and certificates get it in ASCII"),
  port: Schema.optionalKey(whole(1, 65_535).annotate({ description: "For candidates that name none" })),
  candidates: key(
    Schema.Array(CandidateText.annotate({ examples: ["198.18.0.11"] })),
    [],
    "Addresses that can serve: ip, ip:port, [v6]:port or a network"
  ),
  fallback: key(
    Schema.Array(CandidateText.annotate({ examples: ["198.18.0.21"] })),
    [],
    "Addresses that clients get, in this order, when none of the others can serve; never probed"
  ),
  caFile: protective(key(
    Schema.String,
    "",
    "Certificates (PEM) to trust when candidates show theirs, instead of those the runtime trusts; read at start and reload"
  )),
  preheat: key(
    Schema.Boolean,
    true,
    "Probe its candidates from the start; false: they are found when the first client comes"
  ),
  bypass: key(Schema.Boolean, false, "Always use the last resort: the addresses of `host`, else the list in its order"),
  proxyProtocol,
  probing: section(probing),
  pool: section(pool),
  ...shared
})

const AdminListen = formed(Schema.Union([Schema.Literal("off"), ListenAddress]), {
  expected: "off, or an address with a port such as 127.0.0.1:9099",
  json: { type: "string", pattern: "^(off|([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5})$" }
})

export const ConfigFile = Schema.Struct({
  enabled: key(
    Schema.Boolean,
    true,
    "false: no opinion at all, every client goes to the last resort; the admin port can override"
  ),
  listeners: key(Schema.Array(Listener), [], "Where clients come in"),
  upstreams: key(Schema.Record(Schema.String, Upstream), {}, "What serves them, by name"),
  preheatDomains: key(
    Schema.Array(DomainText.annotate({ examples: ["github.com"] })),
    [],
    "Upstreams that are only a host, with a port or 443; each is named as it is written here"
  ),
  onDemand: section({
    enabled: key(Schema.Boolean, true, "Clients may ask for hosts that are no upstream's"),
    idle: key(duration(1_000, 30 * DAY), "30m", "Such a host is forgotten when no client came for this long"),
    usedWithin: key(duration(0, DAY), "60s", "What is found on first use is probed while a client came within this time"),
    singleFlightTimeout: key(duration(100, 10 * MINUTE), "10s", "First clients wait this long, then the last resort serves"),
    raceAddresses: key(whole(1, 1024), 64, "Addresses that are dialled for them at most, the most promising ones"),
    retryAfter: key(
      duration(100, HOUR),
      "5s",
      "When nobody of them answered, the last resort serves this long before the next try"
    )
  }),
  probing: section({ ...probing, ...budget }),
  pool: section({ ...pool, total: key(whole(0, 100_000), 1024, "Warm sockets over all candidates") }),
  ...shared,
  ...names,
  autoDisable: section({
    failures: key(
      whole(1, 1000),
      5,
      "After this many `probing.interval`s in a row in which everybody failed, clients go to the last resort"
    ),
    cooldown: key(duration(1_000, DAY), "5m", "For this long; then everything begins anew")
  }),
  cache: section({
    scoreTtl: key(duration(1_000, 30 * DAY), "5m", "A candidate without a sample for this long is expired"),
    minTtl: key(duration(0, DAY), "30s", "Least that `scoreTtl` may come to"),
    pruneInterval: key(duration(5_000, DAY), "60s", "How often is looked for hosts that nobody uses any more"),
    maxEntries: key(whole(0, 1_000_000), 256, "Such hosts that are kept, the least recently used go first; 0: all"),
    staleFor: key(
      duration(1_000, 365 * DAY),
      "24h",
      "What is known of a candidate that left is kept for this long, and a set of which nothing is heard serves no longer"
    )
  }),
  history: section({
    path: key(
      Name,
      "auto",
      "File in which what was measured outlives the process; auto: history.json in the state directory; none: it is kept in memory"
    ),
    maxEntries: key(whole(1, 65_536), 1_024, "Addresses that are remembered, those that were measured last"),
    maxBytes: key(size(1_024, 1_073_741_824), "1MiB", "Size of the file at most; a larger one is set aside"),
    serveFor: key(
      duration(0, HOUR),
      "1s",
      "After the start, what is remembered serves for this long while nobody has been measured; longer only what is younger than `cache.scoreTtl`"
    ),
    firstWrite: key(duration(10, MINUTE), "500ms", "It is first written at most this long after the first selection"),
    flushInterval: key(duration(10, DAY), "5s", "After that it is written at most this often, and at the end"),
    timeout: key(duration(10, MINUTE), "1s", "A disk that takes longer holds neither the start nor the end up")
  }),
  eventLog: section({
    path: key(Name, "auto", "Directory of the record; auto: below the state directory; none: no record"),
    segmentBytes: key(size(4_096, 4_294_967_296), "64MiB", "A segment that reaches this size is closed and compressed"),
    segments: key(whole(1, 100_000), 8, "Segments kept, the oldest go first"),
    maxAge: key(duration(MINUTE, 3650 * DAY), "7d", "Segments older than this go"),
    buffer: key(size(65_536, 1_073_741_824), "16MiB", "What a slow disk may lag behind before entries are given up"),
    flushInterval: key(duration(1, MINUTE), "50ms", "Entries are written at most this long after they happened"),
    timeout: key(
      duration(10, MINUTE),
      "2s",
      "A disk that keeps silent for longer holds neither the start nor the end up, and gets no entries until it answers"
    )
  }),
  telemetry: section({
    otlp: section({
      endpoint: key(
        OtlpEndpoint,
        "",
        "Traces go to this OTLP/HTTP collector, such as http://127.0.0.1:4318; empty: no traces"
      ),
      sampleRatio: key(between(0, 1), 1, "Share of connections that are traced")
    }),
    metrics: key(Schema.Boolean, true, "Serve /metrics on the admin port")
  }),
  admin: section({
    listen: key(AdminListen, "127.0.0.1:9099", "Address of the admin port, or off; off loopback it needs a token"),
    hosts: key(Schema.Array(Name), ["localhost", "127.0.0.1"], "Host names it answers to"),
    token: protective(secret(key(Token, "", "Who asks has to show this token; empty: nobody has to"))),
    timeout: key(
      duration(100, HOUR),
      "5s",
      "A caller that takes longer to send its request, body included, or stays idle longer, is cut off"
    ),
    heartbeat: key(duration(100, HOUR), "15s", "Signs of life on `/events`; who takes nothing for as long is cut off")
  }),
  log: section({
    level: key(Schema.Literals(["debug", "info", "warn", "error"]), "info", "Least severity that is logged"),
    format: key(Schema.Literals(["text", "json"]), "text", "Lines for people, or one JSON object a line"),
    output: key(Name, "stderr", "stderr, stdout, or the path of a file"),
    buffer: key(size(4_096, 1_073_741_824), "1MiB", "What a slow disk may lag behind before lines are lost"),
    timeout: key(duration(10, MINUTE), "2s", "Lines that the disk of a file does not take for this long are given up")
  }),
  privacy: section({
    addresses: key(
      Schema.Literals(["redacted", "full"]),
      "redacted",
      "How much of a candidate's address logs above debug, traces, metrics and facts show"
    )
  }),
  limits: section({
    mailbox: key(whole(64, 16_777_216), 65_536, "Events on their way into the core; when full, accepting waits"),
    backlog: key(whole(0, 1_000_000), 512, "Clients of one listener that may wait for a place"),
    reserve: key(
      whole(0, 100_000),
      64,
      "Descriptors that clients leave free, for dials, probes, the admin port, the record and the log; at most a quarter of what the process may open. Clients beyond wait unaccepted (Linux)"
    ),
    factsPerSecond: key(whole(1, 100_000), 50, "Facts of each kind; what comes beyond is counted, not told"),
    factsKept: key(whole(1, 65_536), 1_024, "Facts kept for readers that come back or fall behind"),
    turn: key(duration(1, 1_000), "2ms", "How long the engine works before it lets others go first"),
    gather: key(
      duration(0, 1_000),
      "2ms",
      "Events gather for this long before the core sees them: first bytes go first, and few turns serve many clients"
    ),
    interfaces: key(duration(100, HOUR), "1s", "How often is looked whether this machine still has a network interface"),
    restartDelay: key(duration(1, MINUTE), "1s", "Pause before a failed core starts afresh"),
    adminClients: key(
      whole(1, 1024),
      16,
      "Requests to the admin port at once; `/healthz`, `/readyz` and `/metrics` have as many places of their own"
    ),
    eventReaders: key(whole(1, 1024), 16, "Readers of `/events` at once")
  }),
  shutdown: section({
    drain: key(duration(0, DAY), "30s", "How long a graceful stop waits for sessions")
  }),
  workers
})

export type ConfigFile = typeof ConfigFile.Type
