/**
 * The configuration file as a schema: every key with its range, default and meaning. An upstream's own sections are laid
 * over the general ones before decoding, so each section has one schema.
 */
import * as Schema from "effect/Schema"
import { key, required, secret, section } from "./keys.ts"
import { names } from "./names.ts"
import { between, CandidateText, DomainText, duration, formed, ListenAddress, Name } from "./units.ts"
import { OtlpEndpoint, ReferenceText, size, Token, whole } from "./units.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const probing = {
  interval: key(duration(100, DAY), "10s", "How often members and challengers are probed"),
  timeout: key(duration(100, 10_000), "2s", "A handshake that takes longer has failed"),
  challengers: key(whole(0, 64), 8, "Candidates outside the set that are probed as often as its members"),
  candidatesPerRound: key(whole(0, 1024), 16, "Of all others, how many are probed each interval, the stalest first"),
  mode: key(
    Schema.Literals(["tcp", "tls", "auto"]),
    "auto",
    "Whether candidates have to show a certificate for `host`, at admission and once a `scoreTtl`: tls: all; auto: those of an upstream with a `host` and port 443; tcp: none"
  )
}
const scoring = {
  decay: key(duration(1, DAY), "3s", "Time constant of the latency average and of failure penalties"),
  jitterDecay: key(duration(1, DAY), "5m", "Time constant of the jitter average"),
  jitterWeight: key(between(0, 100), 0.25, "How much of the jitter is added to the latency"),
  successExponent: key(whole(0, 3), 1, "The cost is divided by the success rate to this power"),
  failurePenalty: key(duration(0, MINUTE), "100ms", "What each failure adds to the cost, fading over `decay`"),
  historyReward: key(duration(0, MINUTE), "5ms", "Taken off the cost after 20 successes without a failure"),
  neutral: key(duration(0, MINUTE), "100ms", "Shown for a candidate that was never measured"),
  reference: key(duration(1, MINUTE), "100ms", "The cost that scores 50 of 100"),
  successWindow: key(duration(1_000, DAY), "5m", "How far back successes and failures are counted"),
  habitWeight: key(between(0, 1), 0.3, "How much of what is usual for a candidate counts in its outlook"),
  habitDecay: key(duration(1_000, 30 * DAY), "30m", "Time constant of what is usual"),
  minPlausibleRtt: key(duration(0, MINUTE), "0ms", "A faster handshake is a failure: something else answered")
}
const selector = {
  evaluationInterval: key(duration(10, HOUR), "1s", "The set is evaluated at most this often"),
  activeSetSize: key(whole(1, 64), 3, "How many candidates serve at once"),
  minScore: key(between(0, 100), 5, "A candidate that scores less does not enter the set"),
  switching: section({
    margin: key(duration(0, MINUTE), "20ms", "By how much cheaper a challenger must be"),
    marginPercent: key(between(0, 10_000), 25, "The same, in percent of its cost; the larger of the two counts"),
    hold: key(
      duration(0, DAY),
      "30s",
      "A member stays at least this long, unless it is suspect, shut out or below minScore"
    ),
    confirmations: key(whole(1, 100), 2, "Evaluations in a row, each with a newer sample of the challenger"),
    standing: key(whole(1, 1000), 6, "The same, for a challenger that is cheaper now, but not by its outlook"),
    swapsPerEvaluation: key(whole(1, 64), 1, "Replacements at a time")
  })
}
const balancing = {
  policy: key(
    Schema.Literals(["leastConnections", "powerOfTwo", "roundRobin", "random"]),
    "leastConnections",
    "How members that are about as good share the clients"
  ),
  tolerance: key(duration(0, MINUTE), "5ms", "Members this close to the best share the clients"),
  tolerancePercent: key(between(0, 10_000), 10, "The same, in percent of the best; the larger of the two counts")
}
const dial = {
  timeout: key(duration(10, MINUTE), "3s", "One attempt to connect"),
  raceDelay: key(
    duration(10, MINUTE),
    "250ms",
    "The next candidate is dialled beside one that has not answered for this long"
  ),
  deadline: key(duration(10, 10 * MINUTE), "10s", "All attempts for one client together"),
  lastResortAttempts: key(whole(1, 1024), 8, "How many addresses of each list the last resort tries")
}
const session = {
  idle: key(duration(100, 30 * DAY), "1h", "A session without a byte in either direction ends"),
  halfClose: key(duration(10, DAY), "60s", "The same, once one direction has ended"),
  keepAlive: key(duration(0, DAY), "15s", "TCP keep-alive after this much silence; 0ms turns it off"),
  stall: key(duration(100, DAY), "10s", "Silence of the upstream after client bytes that counts as a failure")
}
const MaxAge = formed(Schema.Union([Schema.Literal("auto"), duration(100, DAY)]), {
  expected: "auto, or a duration such as 20s or 5m, from 100ms to 1d",
  json: { type: "string", pattern: "^(auto|([0-9]+([.][0-9]+)?(ms|s|m|h|d))+)$" }
})

const pool = {
  mode: key(
    Schema.Literals(["dynamic", "fixed", "off"]),
    "dynamic",
    "Warm sockets: as many as clients take, always `size`, or none (default for ports 22, 25, 110, 143, 587, 3306, 5432)"
  ),
  size: key(whole(1, 1024), 8, "Of mode fixed, for each candidate that serves"),
  min: key(whole(0, 1024), 1, "Least of mode dynamic, and what is kept when nobody comes"),
  max: key(whole(1, 1024), 64, "Most of mode dynamic"),
  headroom: key(between(1, 100), 1.5, "How many times the recent peak of takes is kept ready"),
  maxAge: key(MaxAge, "auto", "An unused socket is replaced after this long; auto: 20s"),
  connectsPerSecond: key(
    whole(1, 10_000),
    20,
    "Warm dials to one candidate each second; twice the take rate if that is more"
  ),
  idleAfter: key(duration(1_000, DAY), "60s", "Without a client for this long, only `min` are kept")
}
const breaker = {
  enabled: key(Schema.Boolean, true, "Shut broken candidates out for a while"),
  failureThreshold: key(whole(1, 1000), 5, "Failures in a row that open it"),
  failureRateThreshold: key(between(0, 1), 0.5, "Share of failures that opens it when exceeded"),
  window: key(duration(1_000, DAY), "60s", "How far back that share looks"),
  minSamples: key(whole(1, 10_000), 5, "Samples in the window before the share counts"),
  cooldown: key(duration(100, DAY), "30s", "How long it stays open before its trial"),
  timeoutCooldown: key(duration(100, DAY), "3m", "The same, after a timeout or a stalled session"),
  maxCooldown: key(duration(100, DAY), "5m", "The cooldown doubles with each reopening up to this"),
  ramp: key(duration(0, DAY), "30s", "How long new clients ramp up after it closed")
}

/** Sections that stand at the top for all upstreams and in an upstream for itself. */
export const OVERRIDABLE = [
  "probing",
  "scoring",
  "selector",
  "balancing",
  "dial",
  "session",
  "pool",
  "breaker"
] as const

const shared = {
  scoring: section(scoring),
  selector: section(selector),
  balancing: section(balancing),
  dial: section(dial),
  session: section(session),
  breaker: section(breaker),
  attempts: key(whole(1, 64), 2, "Candidates tried for one client before the last resort")
}

const Listener = Schema.Struct({
  name: required(Name, "web", "Name in logs, metrics and /status"),
  protocol: key(Schema.Literals(["tcp"]), "tcp", "How clients say where they want to go"),
  listen: required(ListenAddress, "127.0.0.1:1234", "Address to listen on; port 0: the system chooses one"),
  upstream: required(Schema.String, "web", "The upstream that serves this listener"),
  maxConnections: key(whole(1, 1_000_000), 10_000, "Clients served at once; further ones wait")
})

const Upstream = Schema.Struct({
  host: key(Schema.String, "", "A name whose addresses are candidates too"),
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
  caFile: key(
    Schema.String,
    "",
    "Certificates (PEM) to trust when candidates show theirs, instead of those the runtime trusts; read at start and reload"
  ),
  preheat: key(
    Schema.Boolean,
    true,
    "Probe its candidates from the start; false: they are found when the first client comes"
  ),
  bypass: key(Schema.Boolean, false, "Always use the last resort: the addresses of `host`, else the list in its order"),
  probing: section(probing),
  pool: section(pool),
  ...shared
})

const budget = {
  maxParallel: key(whole(1, 1024), 16, "Probes under way at once"),
  perHost: key(whole(1, 1024), 2, "Probes under way at once to one IP, over all upstreams"),
  ratePerSecond: key(whole(1, 10_000), 50, "Probes started each second, over all upstreams"),
  maxCandidates: key(whole(1, 100_000), 10_000, "Candidates of one upstream"),
  connectivity: key(
    Schema.Array(ReferenceText.annotate({ examples: ["198.51.100.1:443"] })).check(Schema.isMaxLength(8)),
    [],
    "At most 8 addresses that answer as long as this machine's network works; asked only while everybody fails"
  )
}

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
    singleFlightTimeout: key(duration(100, 10 * MINUTE), "10s", "First clients wait this long, then the last resort serves")
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
    flushInterval: key(duration(10, DAY), "5s", "It is written at most this often, and at the end"),
    timeout: key(duration(10, MINUTE), "1s", "A disk that takes longer holds neither the start nor the end up")
  }),
  eventLog: section({
    path: key(Name, "auto", "Directory of the record; auto: below the state directory; none: no record"),
    segmentBytes: key(size(4_096, 4_294_967_296), "64MiB", "A segment that reaches this size is closed and compressed"),
    segments: key(whole(1, 100_000), 8, "Segments kept, the oldest go first"),
    maxAge: key(duration(MINUTE, 3650 * DAY), "7d", "Segments older than this go"),
    buffer: key(size(65_536, 1_073_741_824), "16MiB", "What a slow disk may lag behind before entries are given up"),
    flushInterval: key(duration(1, MINUTE), "50ms", "Entries are written at most this long after they happened")
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
    token: secret(key(Token, "", "Who asks has to show this token; empty: nobody has to")),
    timeout: key(duration(100, HOUR), "5s", "A caller that sends its request slower, or stays idle longer, is cut off"),
    heartbeat: key(duration(100, HOUR), "15s", "Signs of life on `/events`; who takes nothing for as long is cut off")
  }),
  log: section({
    level: key(Schema.Literals(["debug", "info", "warn", "error"]), "info", "Least severity that is logged"),
    format: key(Schema.Literals(["text", "json"]), "text", "Lines for people, or one JSON object a line"),
    output: key(Name, "stderr", "stderr, stdout, or the path of a file"),
    buffer: key(size(4_096, 1_073_741_824), "1MiB", "What a slow disk may lag behind before lines are lost")
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
    adminClients: key(whole(1, 1024), 16, "Connections to the admin port at once")
  }),
  shutdown: section({
    drain: key(duration(0, DAY), "30s", "How long a graceful stop waits for sessions")
  })
})

export type ConfigFile = typeof ConfigFile.Type
