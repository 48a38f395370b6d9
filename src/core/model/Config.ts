/**
 * What the core knows of the configuration: every limit resolved to a number with its unit in its name, no secrets, and
 * for each upstream the general sections with its own overrides already applied.
 */
export interface Config {
  /** false: no opinion at all, every client goes to the last resort. */
  readonly enabled: boolean
  /** A name keeps its place, which is its id, for as long as the process runs: see arrange.ts. */
  readonly upstreams: ReadonlyArray<UpstreamConfig>
  readonly probing: ProbingBudget
  /** Per upstream; the door refuses longer lists. */
  readonly maxCandidates: number
  /** Warm sockets over all candidates, parked and connecting. */
  readonly poolTotal: number
  readonly sources: Sources
  /** Addresses of well-known names (source builtin), at the port of the upstream that has the name. */
  readonly builtin: ReadonlyArray<BuiltinName>
  readonly access: Access
  readonly history: HistoryLimits
  readonly outage: OutageLimits
  readonly autoDisable: AutoDisableLimits
  readonly onDemand: OnDemand
  /** What a name that a client asks for gets beside the name: the general sections. */
  readonly template: UpstreamConfig
}

/** Which sources may name candidates; one that is off names nobody. */
export interface Sources {
  readonly builtin: boolean
  readonly userStatic: boolean
  readonly history: boolean
  readonly dns: boolean
  readonly fallback: boolean
}

export interface BuiltinName {
  /** In lower case, as the hosts of upstreams are. */
  readonly host: string
  readonly addresses: ReadonlyArray<string>
}

/** Which addresses may be dialled at all: see access.ts. */
export interface Access {
  /** Empty: everybody who is not denied. */
  readonly allow: ReadonlyArray<Network>
  readonly deny: ReadonlyArray<Network>
}

export interface Network {
  /** As one writes it: `198.18.0.0/15`. */
  readonly cidr: string
  /** Its first address as unsigned 32-bit words: one for IPv4, four for IPv6. */
  readonly words: ReadonlyArray<number>
  /** How many leading bits its addresses share. */
  readonly bits: number
}

export interface HistoryLimits {
  /** Records kept; those that were measured last. */
  readonly maxEntries: number
  /** For how long after the start any record may serve until its address is measured. */
  readonly serveForMs: number
}

/** What tells an outage of this machine's own network from one of those that it talks to. */
export interface OutageLimits {
  /** References: addresses that answer as long as the network works. */
  readonly connectivity: ReadonlyArray<Address>
  /** Everybody has to have been silent for this long, at least two seconds. Of a probe of a reference as well. */
  readonly timeoutMs: number
}

export interface AutoDisableLimits {
  /** Rounds in a row in which everybody failed. */
  readonly failures: number
  /** How long there is no opinion then. */
  readonly cooldownMs: number
  readonly roundMs: number
}

/** Names that clients ask for, which are no configured upstream's. */
export interface OnDemand {
  readonly enabled: boolean
  /** Without a client for this long such a name is forgotten. */
  readonly idleMs: number
  /** A client came within this time: then an upstream that is found on first use is probed like any other. */
  readonly usedWithinMs: number
  /** Clients wait this long for the first answer, then they go down the ladder. */
  readonly singleFlightTimeoutMs: number
  /** Addresses of one upstream that race for the first answer at most, 1 to 1024; the rest of its list is not looked at. */
  readonly raceAddresses: number
  /** When nobody answered, or nobody could be asked, clients go down the ladder for this long before the next race. */
  readonly retryAfterMs: number
  /** Names kept at once; 0: as many as there are. */
  readonly maxEntries: number
  /** How often is looked for those that nobody uses any more. */
  readonly pruneIntervalMs: number
  /** Whose candidates have to prove who they are: `auto`: those of a name at port 443; `tls`: of every name; `tcp`: nobody's. */
  readonly mode: "tcp" | "tls" | "auto"
}

/** Limits that all upstreams share. */
export interface ProbingBudget {
  readonly maxParallel: number
  /** Concurrent probes to one IP over all upstreams. */
  readonly perHost: number
  readonly ratePerSecond: number
}

export interface UpstreamConfig {
  /** Empty: nobody has this place. */
  readonly name: string
  /** The name is configured no more; its place is kept until nothing hangs on it. */
  readonly removed: boolean
  /** true: clients of this upstream always go to the last resort. */
  readonly bypass: boolean
  /** The name whose addresses are candidates too (source dns); empty: none. */
  readonly host: string
  /** For the addresses of `host`. */
  readonly port: number
  /** Candidates in configured order (source user-static), each literal parsed once at the door. */
  readonly candidates: ReadonlyArray<Address>
  /** For when nobody of the others can serve (source fallback), in the order in which they are tried. */
  readonly fallback: ReadonlyArray<Address>
  readonly probing: Probing
  readonly scoring: Scoring
  readonly selector: Selector
  readonly balancing: Balancing
  readonly dial: Dial
  readonly session: Session
  readonly pool: Pool
  readonly breaker: Breaker
  readonly dns: Dns
  /** Candidates tried for one client before the last resort. */
  readonly attempts: number
  /** A candidate without a sample for this long is expired. */
  readonly scoreTtlMs: number
  /** What is known of a candidate that left is kept for this long. */
  readonly staleForMs: number
  /** What a candidate has to prove before it serves; null: nothing, a handshake is enough. */
  readonly identity: Identity | null
  /** false: found on first use, by a race that its first clients share. */
  readonly preheat: boolean
  /** No configuration names it: a client asked for it. */
  readonly onDemand: boolean
}

/** A TLS handshake that only the owner of a name can complete. */
export interface Identity {
  /** Asked for by SNI; the certificate has to be valid for it. */
  readonly servername: string
  /**
   * Whom to trust: the digest of a file of certificates, which the shell knows; empty: whom the runtime trusts. A digest and no
   * path, so that another content is another configuration, and the record holds neither certificates nor places on a disk.
   */
  readonly ca: string
}

export interface Address {
  /** An IP literal in canonical form. */
  readonly host: string
  readonly port: number
}

export interface Probing {
  readonly intervalMs: number
  readonly timeoutMs: number
  /** How many candidates outside the set are probed as often as its members. */
  readonly challengers: number
  /** How many of all others are probed each round, the stalest first. */
  readonly candidatesPerRound: number
  /** Whether what no client uses is probed, and, of lazy, how often at most between two clients: see sparing.ts. */
  readonly idle: "always" | "lazy"
  readonly idleProbes: number
}

export interface Scoring {
  readonly decayMs: number
  readonly jitterDecayMs: number
  readonly jitterWeight: number
  /** A whole number from 0 to 3: powers are products, so they are exact. */
  readonly successExponent: number
  readonly failurePenaltyMs: number
  readonly historyRewardMs: number
  /** Shown for the unmeasured; wins nothing. */
  readonly neutralMs: number
  /** The cost that scores 50. */
  readonly referenceMs: number
  readonly successWindowMs: number
  /** How much of what is usual for a candidate counts in its outlook, from 0 to 1. */
  readonly habitWeight: number
  readonly habitDecayMs: number
  /** A handshake faster than this is a failure (a middlebox answered); 0 turns it off. */
  readonly minPlausibleRttMs: number
}

export interface Selector {
  readonly evaluationIntervalMs: number
  readonly activeSetSize: number
  readonly minScore: number
  readonly switching: Switching
}

/** By how much, how surely and after how long a challenger replaces a member. */
export interface Switching {
  readonly marginMs: number
  /** Of the challenger's cost; the larger of the two margins counts. */
  readonly marginPercent: number
  readonly holdMs: number
  /** Consecutive evaluations, each with a newer entry of the challenger. */
  readonly confirmations: number
  /** The same, for a challenger that is cheaper now, but not by its outlook. */
  readonly standing: number
  readonly swapsPerEvaluation: number
}

export interface Balancing {
  readonly policy: BalancingPolicy
  readonly affinity: Affinity
  readonly toleranceMs: number
  readonly tolerancePercent: number
}

/** Whether one client's connections go to one of the members that share clients. */
export type Affinity = "client" | "none"
export type BalancingPolicy = "leastConnections" | "powerOfTwo" | "roundRobin" | "random"

export interface Dial {
  readonly timeoutMs: number
  /** The next candidate is dialled beside a pending one after this long. */
  readonly raceDelayMs: number
  /** All attempts of one client together. */
  readonly deadlineMs: number
  /** How many addresses of each of its lists the last resort tries. */
  readonly lastResortAttempts: number
}

export interface Session {
  readonly idleMs: number
  readonly halfCloseMs: number
  readonly keepAliveMs: number
  /** Silence of the upstream after client bytes that counts as a failure after connect. */
  readonly stallMs: number
}

/** Warm sockets, for each candidate. */
export interface Pool {
  readonly mode: "dynamic" | "fixed" | "off"
  /** Of mode fixed. */
  readonly size: number
  readonly min: number
  readonly max: number
  readonly headroom: number
  readonly maxAgeMs: number
  readonly connectsPerSecond: number
  readonly idleAfterMs: number
  /** The longest for which none are kept where they stand in the way of clients. */
  readonly withholdForMs: number
}

export interface Breaker {
  readonly enabled: boolean
  readonly failureThreshold: number
  readonly failureRateThreshold: number
  readonly windowMs: number
  readonly minSamples: number
  /** The first wait for a trial; each further one is twice as long. */
  readonly firstTrialMs: number
  /** The longest wait for a trial, by the failure that opened it. */
  readonly cooldownMs: number
  readonly timeoutCooldownMs: number
  readonly maxCooldownMs: number
  readonly rampMs: number
}

export interface Dns {
  readonly refreshMs: number
  readonly timeoutMs: number
  /** Addresses taken from one answer. */
  readonly maxAnswers: number
  /** `ip` or `ip:port`; none: the system's resolver. */
  readonly servers: ReadonlyArray<string>
}
