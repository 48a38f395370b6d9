/** The sections that say how an upstream is judged and served: for all at the top of the file, for one in its own. */
import * as Schema from "effect/Schema"
import { key, section } from "./keys.ts"
import { onCandidateDeath, perCandidate, rescue } from "./later.ts"
import { between, duration, formed, ReferenceText, whole } from "./units.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const probing = {
  interval: key(duration(100, DAY), "10s", "How often members and challengers are probed"),
  timeout: key(duration(100, 10_000), "2s", "A handshake that takes longer has failed"),
  challengers: key(whole(0, 64), 8, "Candidates outside the set that are probed as often as its members"),
  candidatesPerRound: key(whole(0, 1024), 16, "Of all others, how many are probed each interval, the stalest first"),
  idle: key(
    Schema.Literals(["always", "lazy"]),
    "always",
    "Whether an upstream that no client uses is probed; lazy: once, then only while it is used (default for ports 22, 25, 110, 143, 587, 3306, 5432)"
  ),
  idleProbes: key(whole(1, 10_000), 20, "Of lazy: probes of one candidate at most between two clients that it serves"),
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
  neutral: key(
    duration(0, MINUTE),
    "100ms",
    "The cost that stands in the score of a candidate that was never measured or has expired; it is only shown, and neither ranks a candidate nor orders probes"
  ),
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
  affinity: key(
    Schema.Literals(["client", "none"]),
    "none",
    "client: all connections of one client address go to the same of these members while the set stays, whatever the policy"
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
  lastResortAttempts: key(whole(1, 1024), 8, "How many addresses of each list the last resort tries"),
  perCandidate
}
const session = {
  idle: key(duration(100, 30 * DAY), "1h", "A session without a byte in either direction ends"),
  halfClose: key(duration(10, DAY), "60s", "The same, once one direction has ended"),
  keepAlive: key(
    duration(0, DAY),
    "15s",
    "TCP keep-alive after this much silence; 0ms turns it off. It finds no dead peer while sent bytes are unacknowledged (operations.md, Dead peers)"
  ),
  stall: key(duration(100, DAY), "10s", "Silence of the upstream, from the client's last byte on, that counts as a failure"),
  onCandidateDeath
}
const MaxAge = formed(Schema.Union([Schema.Literal("auto"), duration(100, DAY)]), {
  expected: "auto, or a duration such as 20s or 5m, from 100ms to 1d",
  json: { type: "string", pattern: "^(auto|([0-9]+([.][0-9]+)?(ms|s|m|h|d))+)$" }
})

export const pool = {
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
  idleAfter: key(duration(1_000, DAY), "60s", "Without a client for this long, only `min` are kept"),
  rescue,
  withholdFor: key(
    duration(100, DAY),
    "1h",
    "Where warm sockets keep clients from being served, none are kept for a minute, doubling each time up to this"
  )
}
const breaker = {
  enabled: key(Schema.Boolean, true, "Shut broken candidates out for a while"),
  failureThreshold: key(
    whole(1, 1000),
    5,
    "Failures in a row that open it; where no client was ever answered, that move clients on to another address"
  ),
  failureRateThreshold: key(between(0, 1), 0.5, "Share of failures that opens it when exceeded"),
  window: key(duration(1_000, DAY), "60s", "How far back that share looks"),
  minSamples: key(whole(1, 10_000), 5, "Samples in the window before the share counts"),
  firstTrial: key(
    duration(50, HOUR),
    "1s",
    "After a failure, how long until the first trial; the wait doubles with every second one"
  ),
  cooldown: key(duration(100, DAY), "30s", "The longest wait for a trial"),
  timeoutCooldown: key(duration(100, DAY), "3m", "The same, after a timeout or a stalled session"),
  maxCooldown: key(
    duration(100, DAY),
    "5m",
    "The longest wait doubles each time it opens again soon after closing, up to this"
  ),
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

export const shared = {
  scoring: section(scoring),
  selector: section(selector),
  balancing: section(balancing),
  dial: section(dial),
  session: section(session),
  breaker: section(breaker),
  attempts: key(whole(1, 64), 2, "Candidates tried for one client before the last resort")
}

export const budget = {
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
