/**
 * Sections on how an upstream is judged and served: at the top of the file for all upstreams, inside an upstream for that one.
 * Each is a table (tables.ts), so the core's configuration follows from it.
 */
import * as Schema from "effect/Schema"
import { AUTO_MAX_AGE_MS } from "../autoMaxAge.ts"
import { GREETING_PORTS } from "../greetingPorts.ts"
import { key } from "./keys.ts"
import { onCandidateDeath, perCandidate, rescue } from "./later.ts"
import { keysOf } from "./tables.ts"
import { tls } from "./tls.ts"
import type { Range } from "./units.ts"
import { between, boundedDuration, duration, fromText, ReferenceText, whole } from "./units.ts"

const GREETING = GREETING_PORTS.join(", ")
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const probing = {
  intervalMs: key(duration(100, DAY), "10s", "Time between probes of members and challengers"),
  timeoutMs: key(duration(100, 10_000), "2s", "A handshake that takes longer has failed"),
  challengers: key(whole(0, 64), 8, "Number of candidates outside the set that are probed as often as members"),
  candidatesPerRound: key(
    whole(0, 1024),
    16,
    "Number of all other candidates that are probed each interval, the stalest first"
  ),
  /** See sparing.ts. */
  idle: key(
    Schema.Literals(["always", "lazy"]),
    "always",
    `Whether Fairlead probes an upstream that no client uses; always: yes; lazy: once at the start, then only while clients use it (default for ports ${GREETING})`
  ),
  idleProbes: key(whole(1, 10_000), 20, "With lazy: most probes of one candidate between two clients that it serves")
}
/** Decides which identity the core wants of an upstream. */
export const proof = {
  mode: key(
    Schema.Literals(["tcp", "tls", "auto"]),
    "auto",
    "Which candidates must show a certificate for `host`, at admission and once in each `scoreTtl`; tls: all; auto: those of an upstream with a `host` and port 443, and without stage cover; tcp: none"
  )
}
export const scoring = {
  decayMs: key(duration(1, DAY), "3s", "Time constant of the latency average and of failure penalties"),
  jitterDecayMs: key(duration(1, DAY), "5m", "Time constant of the jitter average"),
  jitterWeight: key(between(0, 100), 0.25, "The jitter times this factor is added to the latency"),
  /** Powers are computed as products, which are exact. */
  successExponent: key(whole(0, 3), 1, "The cost is divided by the success rate to this power"),
  failurePenaltyMs: key(duration(0, MINUTE), "100ms", "Most that a failure adds to the cost; it fades over `decay`"),
  historyRewardMs: key(
    duration(0, MINUTE),
    "5ms",
    "Most that successes take off the cost, reached after 20 without a failure"
  ),
  neutralMs: key(
    duration(0, MINUTE),
    "100ms",
    "Cost in the score of a candidate that was never measured or has expired; only shown: it neither ranks candidates nor orders probes"
  ),
  referenceMs: key(duration(1, MINUTE), "100ms", "The cost that scores 50 of 100"),
  successWindowMs: key(duration(1_000, DAY), "5m", "Time over which successes and failures are counted"),
  habitWeight: key(between(0, 1), 0.3, "Weight of a candidate's baseline in its forecast"),
  habitDecayMs: key(duration(1_000, 30 * DAY), "30m", "Time constant of the baseline"),
  minPlausibleRttMs: key(
    duration(0, MINUTE),
    "0ms",
    "A faster handshake counts as a failure: another device must have answered"
  )
}
export const selector = {
  evaluationIntervalMs: key(duration(10, HOUR), "1s", "Least time between two evaluations of the active set"),
  activeSetSize: key(whole(1, 64), 3, "Number of candidates that serve at once"),
  minScore: key(between(0, 100), 5, "A candidate with a lower score does not enter the active set"),
  switching: {
    marginMs: key(duration(0, MINUTE), "20ms", "A challenger must be cheaper than a member by this much"),
    marginPercent: key(
      between(0, 10_000),
      25,
      "The margin in percent of the challenger's cost; the larger of the two margins counts"
    ),
    holdMs: key(
      duration(0, DAY),
      "30s",
      "A member stays at least this long, unless it is suspect, shut out or below minScore"
    ),
    confirmations: key(
      whole(1, 100),
      2,
      "Evaluations in a row that the challenger must win, each with a newer sample of it"
    ),
    standing: key(whole(1, 1000), 6, "The same, for a challenger that is cheaper now but not in its forecast"),
    swapsPerEvaluation: key(whole(1, 64), 1, "Most replacements in one evaluation")
  }
}
export const balancing = {
  policy: key(
    Schema.Literals(["leastConnections", "powerOfTwo", "roundRobin", "random"]),
    "leastConnections",
    "How members of about equal cost share the clients"
  ),
  affinity: key(
    Schema.Literals(["client", "none"]),
    "none",
    "client: all connections of one client address go to the same of these members while the set stays, whatever the policy; none: the policy decides"
  ),
  toleranceMs: key(duration(0, MINUTE), "5ms", "Members that cost at most this much more than the best share the clients"),
  tolerancePercent: key(
    between(0, 10_000),
    10,
    "The tolerance in percent of the best cost; the larger of the two tolerances counts"
  )
}
export const dial = {
  timeoutMs: key(duration(10, MINUTE), "3s", "Time limit of one attempt to connect"),
  raceDelayMs: key(
    duration(10, MINUTE),
    "250ms",
    "When a candidate has not answered for this long, the next one is dialled beside it"
  ),
  deadlineMs: key(duration(10, 10 * MINUTE), "10s", "Time limit of all attempts for one client together"),
  lastResortAttempts: key(whole(1, 1024), 8, "Number of addresses that the last resort tries from each list"),
  perCandidate
}
export const session = {
  idleMs: key(duration(100, 30 * DAY), "1h", "A session ends after this long without a byte in either direction"),
  halfCloseMs: key(duration(10, DAY), "60s", "The same, after one direction has ended"),
  keepAliveMs: key(
    duration(0, DAY),
    "15s",
    "TCP keep-alive begins after this much silence; 0ms turns it off. It cannot find a dead peer while sent bytes are unacknowledged (operations.md, Dead peers)"
  ),
  stallMs: key(
    duration(100, DAY),
    "10s",
    "When the upstream is silent for this long after the client's last byte, that counts as a failure"
  ),
  onCandidateDeath
}
const MAX_AGE: Range = [100, DAY]
const MaxAge = fromText(
  Schema.Finite,
  (text) => text === "auto" ? AUTO_MAX_AGE_MS : boundedDuration(text, MAX_AGE),
  "auto, or a duration such as 20s or 5m, from 100ms to 1d",
  "^(auto|([0-9]+([.][0-9]+)?(ms|s|m|h|d))+)$",
  MAX_AGE
)

export const pool = {
  mode: key(
    Schema.Literals(["dynamic", "fixed", "off"]),
    "dynamic",
    `Number of warm sockets; dynamic: as many as clients take; fixed: always \`size\`; off: none (default for ports ${GREETING})`
  ),
  size: key(whole(1, 1024), 8, "With mode fixed: warm sockets for each candidate that serves"),
  min: key(whole(0, 1024), 1, "With mode dynamic: fewest warm sockets, also while no client comes"),
  max: key(whole(1, 1024), 64, "With mode dynamic: most warm sockets"),
  headroom: key(between(1, 100), 1.5, "Warm sockets as a multiple of the recent peak demand"),
  maxAgeMs: key(
    MaxAge,
    "auto",
    "An unused warm socket is replaced after this long; auto: 20s at first, then 0.7 of how long the upstream was seen to let one live, up to 1m 45s"
  ),
  connectsPerSecond: key(
    whole(1, 10_000),
    20,
    "Most warm dials to one candidate each second, or twice the rate at which clients take warm sockets if that is more"
  ),
  idleAfterMs: key(duration(1_000, DAY), "60s", "After this long without a client, only `min` warm sockets stay"),
  rescue,
  withholdForMs: key(
    duration(100, DAY),
    "1h",
    "Where warm sockets keep clients from being served, the pool stays empty for a minute; this time doubles at each repetition, up to this limit"
  )
}
export const breaker = {
  enabled: key(Schema.Boolean, true, "Shut out candidates that fail, for a while"),
  failureThreshold: key(
    whole(1, 1000),
    5,
    "Failures in a row that open the breaker; where no client was ever answered, failures that move clients on to another address"
  ),
  failureRateThreshold: key(between(0, 1), 0.5, "The breaker opens when the share of failures exceeds this"),
  windowMs: key(duration(1_000, DAY), "60s", "Time over which that share is counted"),
  minSamples: key(whole(1, 10_000), 5, "Least samples in the window before the share counts"),
  firstTrialMs: key(
    duration(50, HOUR),
    "1s",
    "Time from a failure to the first trial; the wait doubles with every second trial"
  ),
  cooldownMs: key(duration(100, DAY), "30s", "Longest wait for a trial"),
  timeoutCooldownMs: key(duration(100, DAY), "3m", "Longest wait for a trial after a timeout or a stalled session"),
  maxCooldownMs: key(
    duration(100, DAY),
    "5m",
    "Each time the breaker opens again soon after it closed, the longest wait doubles, up to this limit"
  ),
  rampMs: key(duration(0, DAY), "30s", "After the breaker has closed, new clients ramp up over this time")
}

/** Sections that may stand at the top and in an upstream. */
export const sections = { probing, scoring, selector, balancing, dial, session, pool, breaker, tls }
export const OVERRIDABLE = Object.keys(sections)

export const ladder = {
  attempts: key(whole(1, 64), 2, "Number of candidates that are tried for one client before the last resort")
}

/** What has the same keys in both places. */
export const shared = keysOf({ scoring, selector, balancing, dial, session, breaker, tls, ...ladder })

/** Limits of probing over all upstreams. */
export const rates = {
  maxParallel: key(whole(1, 1024), 16, "Most probes under way at once"),
  perHost: key(whole(1, 1024), 2, "Most probes under way at once to one IP, over all upstreams"),
  ratePerSecond: key(whole(1, 10_000), 50, "Most probes that start in a second, over all upstreams")
}

export const budget = {
  ...keysOf(rates),
  maxCandidates: key(whole(1, 100_000), 10_000, "Most candidates of one upstream"),
  connectivity: key(
    Schema.Array(ReferenceText.annotate({ examples: ["198.51.100.1:443"] })).check(Schema.isMaxLength(8)),
    [],
    "At most 8 addresses that answer as long as this machine's network works; they are probed only while all candidates fail"
  )
}

/** Keys of sections that stand for all upstreams together, so no upstream overrides them. */
export const OF_ALL = [...Object.keys(budget), "total"]
