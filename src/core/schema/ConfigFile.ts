/**
 * The configuration file as a schema: each key with its range, default and meaning. Each section has one schema, because an
 * upstream's own sections are laid over the general ones before decoding.
 */
import * as Schema from "effect/Schema"
import { DomainText, HostText } from "./host.ts"
import { atStart, hot, key, protective, secret, section } from "./keys.ts"
import { workers } from "./later.ts"
import { Listener } from "./listeners.ts"
import { names } from "./names.ts"
import { autoDisable, expiry, history, onDemand, pruning } from "./limits.ts"
import { budget, pool, probing, proof, shared } from "./sections.ts"
import { keysOf } from "./tables.ts"
import { between, CandidateText, duration, formed, ListenAddress, Name } from "./units.ts"
import { OtlpEndpoint, size, Token, whole } from "./units.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const { scoreTtl, staleFor } = keysOf(expiry)
const { pruneInterval, maxEntries } = keysOf(pruning)
const remembered = keysOf(history)

const Upstream = Schema.Struct({
  host: key(
    HostText,
    "",
    "A host name; its addresses are candidates too. Any script is allowed; DNS and certificates use the ASCII form"
  ),
  port: Schema.optionalKey(whole(1, 65_535).annotate({ description: "Port of candidates that have none of their own" })),
  candidates: key(
    Schema.Array(CandidateText.annotate({ examples: ["198.18.0.11"] })),
    [],
    "Addresses that can serve: ip, ip:port, [v6]:port or a network"
  ),
  fallback: key(
    Schema.Array(CandidateText.annotate({ examples: ["198.18.0.21"] })),
    [],
    "Addresses that serve in this order when no candidate can; they are never probed"
  ),
  caFile: protective(key(
    Schema.String,
    "",
    "File of certificates (PEM) that candidates' certificates are checked against, instead of those that the runtime trusts; read at start and reload"
  )),
  preheat: key(
    Schema.Boolean,
    true,
    "true: its candidates are probed from the start; false: they are found when the first client comes"
  ),
  bypass: key(
    Schema.Boolean,
    false,
    "true: clients always go to the last resort: the addresses of `host`, else the list in its order"
  ),
  proxyProtocol: key(
    Schema.Literals(["off", "v1", "v2"]),
    "off",
    "The PROXY header that a candidate gets before a client's bytes; probes say that they come from this service"
  ),
  probing: section({ ...keysOf(probing), ...proof }),
  pool: section(keysOf(pool)),
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
    "false: Fairlead chooses nothing, and every client goes to the last resort; the admin port can override this"
  ),
  listeners: key(Schema.Array(Listener), [], "Addresses and ports at which clients connect"),
  upstreams: key(Schema.Record(Schema.String, Upstream), {}, "Groups of candidates that serve clients, by name"),
  preheatDomains: key(
    Schema.Array(DomainText.annotate({ examples: ["github.com"] })),
    [],
    "Upstreams that consist of a host alone, with a port or 443; each has the name that is written here"
  ),
  onDemand: section(keysOf(onDemand)),
  probing: section({ ...keysOf(probing), ...proof, ...budget }),
  pool: section({ ...keysOf(pool), total: key(whole(0, 100_000), 1024, "Most warm sockets over all candidates") }),
  ...shared,
  ...names,
  autoDisable: section(keysOf(autoDisable)),
  cache: section({
    scoreTtl,
    minTtl: key(duration(0, DAY), "30s", "Least value of `scoreTtl`; a smaller one is raised to this"),
    pruneInterval,
    maxEntries,
    staleFor
  }),
  history: atStart(section({
    path: key(
      Name,
      "auto",
      "File that keeps measurements across restarts; auto: history.json in the state directory; none: memory only"
    ),
    maxEntries: hot(remembered.maxEntries),
    maxBytes: key(size(1_024, 1_073_741_824), "1MiB", "Largest size of the file; a larger file is set aside"),
    serveFor: hot(remembered.serveFor),
    firstWrite: key(
      duration(10, MINUTE),
      "500ms",
      "The file is first written at most this long after the first selection; each wait after that is twice as long"
    ),
    flushInterval: key(duration(10, DAY), "5s", "Longest wait between two writes; the file is also written at the end"),
    timeout: key(duration(10, MINUTE), "1s", "Start and end wait at most this long for the disk")
  })),
  eventLog: atStart(section({
    path: key(Name, "auto", "Directory of the record; auto: below the state directory; none: no record"),
    segmentBytes: key(size(4_096, 4_294_967_296), "64MiB", "A segment of this size is closed and compressed"),
    segments: key(whole(1, 100_000), 8, "Most segments that are kept; the oldest go first"),
    maxAge: key(duration(MINUTE, 3650 * DAY), "7d", "Segments older than this are deleted"),
    buffer: key(size(65_536, 1_073_741_824), "16MiB", "Most bytes that wait for a slow disk; beyond that, entries are lost"),
    flushInterval: key(duration(1, MINUTE), "50ms", "Entries are written at most this long after they happened"),
    timeout: key(
      duration(10, MINUTE),
      "2s",
      "Start and end wait at most this long for a silent disk; the disk gets no entries until it answers"
    )
  })),
  telemetry: atStart(section({
    otlp: section({
      endpoint: key(
        OtlpEndpoint,
        "",
        "Base URL of the OTLP/HTTP collector that gets traces, such as http://127.0.0.1:4318; empty: no traces"
      ),
      sampleRatio: key(between(0, 1), 1, "Share of connections that are traced")
    }),
    metrics: key(Schema.Boolean, true, "true: the admin port serves /metrics")
  })),
  admin: atStart(section({
    listen: key(
      AdminListen,
      "127.0.0.1:9099",
      "Address of the admin port, or off; an address that is not on loopback needs a token"
    ),
    hosts: key(Schema.Array(Name), ["localhost", "127.0.0.1"], "Host names that a request to the admin port may use"),
    token: protective(secret(key(Token, "", "Token that a request to the admin port must show; empty: no token"))),
    timeout: key(
      duration(100, HOUR),
      "5s",
      "The port cuts off a caller that takes longer to send its request, body included, or stays idle longer"
    ),
    heartbeat: key(
      duration(100, HOUR),
      "15s",
      "Time between signs of life on `/events`; the port cuts off a reader that takes nothing for twice as long"
    ),
    session: key(duration(100, 30 * DAY), "12h", "Time after which the dashboard asks for `admin.token` again")
  })),
  log: atStart(section({
    level: hot(key(Schema.Literals(["debug", "info", "warn", "error"]), "info", "Lowest severity that is logged")),
    format: key(Schema.Literals(["text", "json"]), "text", "text: logfmt; json: one JSON object a line"),
    output: key(Name, "stderr", "stderr, stdout, or the path of a file"),
    buffer: key(size(4_096, 1_073_741_824), "1MiB", "Most bytes that wait for a slow disk; beyond that, lines are lost"),
    timeout: key(duration(10, MINUTE), "2s", "Lines that the disk does not take within this time are lost")
  })),
  privacy: atStart(section({
    addresses: key(
      Schema.Literals(["redacted", "full"]),
      "redacted",
      "How much of a candidate's address appears in logs above debug, traces, metrics and facts; redacted: its network"
    )
  })),
  limits: atStart(section({
    mailbox: key(whole(64, 16_777_216), 65_536, "Most events on their way into the core; when it is full, accepting waits"),
    backlog: hot(
      key(whole(0, 1_000_000), 512, "Most clients of one listener that wait to be served; further ones are reset")
    ),
    reserve: key(
      whole(0, 100_000),
      64,
      "Descriptors that clients leave free for dials, probes, the admin port, the record and the log; at most a quarter of what the process may open. Further clients wait unaccepted (Linux)"
    ),
    factsPerSecond: key(
      whole(1, 100_000),
      50,
      "Most facts of each kind in a second; further ones are counted and not posted"
    ),
    factsKept: key(whole(1, 65_536), 1_024, "Number of facts kept for readers that reconnect or fall behind"),
    turn: key(duration(1, 1_000), "2ms", "Longest time that the engine works before it yields"),
    gather: key(
      duration(0, 1_000),
      "2ms",
      "Events gather this long before the core sees them; so first bytes go first, and few turns serve many clients"
    ),
    interfaces: key(duration(100, HOUR), "1s", "Time between checks whether this machine has a network interface"),
    restartDelay: key(duration(1, MINUTE), "1s", "Pause before a failed core starts again"),
    adminClients: key(
      whole(1, 1024),
      16,
      "Most requests to the admin port at once; `/healthz`, `/readyz` and `/metrics` together have as many permits of their own"
    ),
    eventReaders: key(whole(1, 1024), 16, "Most readers of `/events` at once")
  })),
  shutdown: section({
    drain: key(duration(0, DAY), "30s", "Longest time that a graceful stop waits for sessions")
  }),
  workers
})

export type ConfigFile = typeof ConfigFile.Type
