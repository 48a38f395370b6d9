/**
 * What the core knows of the configuration: each limit as a number with its unit in its name, and no secrets. Each upstream has
 * the general sections with its own overrides already laid over them.
 */
export interface Config {
  /** false: every client goes to the last resort. */
  readonly enabled: boolean
  /** The index is the slot and the id of an upstream. A name keeps its slot for as long as the process runs: see arrange.ts. */
  readonly upstreams: ReadonlyArray<UpstreamConfig>
  readonly probing: ProbingBudget
  /** Per upstream. Configurations with longer lists are refused. */
  readonly maxCandidates: number
  /** Warm sockets of all candidates, connected or being dialled. */
  readonly poolTotal: number
  readonly sources: Sources
  /** Addresses of well-known hosts (source `builtin`). They get the port of the upstream that has the host. */
  readonly builtin: ReadonlyArray<BuiltinName>
  readonly access: Access
  readonly history: HistoryLimits
  readonly outage: OutageLimits
  readonly autoDisable: AutoDisableLimits
  readonly onDemand: OnDemand
  /** All but host and port of an upstream that a client asks for: the general sections. */
  readonly template: UpstreamConfig
}

/** Which sources may name candidates. */
export interface Sources {
  readonly builtin: boolean
  readonly userStatic: boolean
  readonly history: boolean
  readonly dns: boolean
  readonly fallback: boolean
}

export interface BuiltinName {
  /** In lower case, as the hosts of upstreams. */
  readonly host: string
  readonly addresses: ReadonlyArray<string>
}

/** Which addresses may be dialled: see access.ts. */
export interface Access {
  /** Empty: all addresses that `deny` does not contain. */
  readonly allow: ReadonlyArray<Network>
  readonly deny: ReadonlyArray<Network>
}

export interface Network {
  /** As it is written: `198.18.0.0/15`. */
  readonly cidr: string
  /** Its first address as unsigned 32-bit words: one for IPv4, four for IPv6. */
  readonly words: ReadonlyArray<number>
  /** Number of leading bits that its addresses share. */
  readonly bits: number
}

export interface HistoryLimits {
  /** Records in the history at most; the ones measured last stay. */
  readonly maxEntries: number
  /** For this long after the start, a record of any age may let its address serve until the address is measured. */
  readonly serveForMs: number
}

/** Limits for a local outage: this machine's own network is down (reducers/outage.ts). */
export interface OutageLimits {
  /** References: addresses that answer as long as the network works. */
  readonly connectivity: ReadonlyArray<Address>
  /** A silence window has to last this long, and at least two seconds. It limits a probe of a reference as well. */
  readonly timeoutMs: number
}

export interface AutoDisableLimits {
  /** Rounds in a row in which all candidates failed. */
  readonly failures: number
  /** How long every client goes to the last resort then. */
  readonly cooldownMs: number
  readonly roundMs: number
}

/** Hosts that clients ask for and that are no configured upstream's. */
export interface OnDemand {
  readonly enabled: boolean
  /** A host is forgotten after this long without a client. */
  readonly idleMs: number
  /** An upstream that is found on first use is probed while a client came within this time. */
  readonly usedWithinMs: number
  /** Clients wait this long for the first answer of a race. Then they go down the ladder. */
  readonly singleFlightTimeoutMs: number
  /** Addresses that race for the first answer, 1 to 1024. */
  readonly raceAddresses: number
  /** After a race without an answer, clients go down the ladder for this long before the next race. */
  readonly retryAfterMs: number
  /** Hosts that are kept at most; 0: no limit. */
  readonly maxEntries: number
  /** Time between two searches for hosts that no client uses. */
  readonly pruneIntervalMs: number
  /**
   * Candidates that have to prove their identity. `auto`: those of a host at port 443; `tls`: those of every host; `tcp`: none.
   */
  readonly mode: "tcp" | "tls" | "auto"
}

/** Limits of probing over all upstreams. */
export interface ProbingBudget {
  readonly maxParallel: number
  /** Concurrent probes to one IP. */
  readonly perHost: number
  readonly ratePerSecond: number
}

export interface UpstreamConfig {
  /** Empty: the slot is free. */
  readonly name: string
  /** The name is not configured any more. It keeps its slot while candidates or sessions of it are left. */
  readonly removed: boolean
  /** true: clients of this upstream always go to the last resort. */
  readonly bypass: boolean
  /** The name that has candidates as its addresses (source `dns`); empty: none. */
  readonly host: string
  /** Port of those addresses. */
  readonly port: number
  /** Candidates in configured order (source `user-static`). */
  readonly candidates: ReadonlyArray<Address>
  /** Candidates for when no other candidate can serve (source `fallback`), in the order in which they are tried. */
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
  /** A candidate expires after this long without a sample. */
  readonly scoreTtlMs: number
  /** What the core knows of a candidate that left is kept for this long. */
  readonly staleForMs: number
  /** What a candidate has to prove before it serves; null: a handshake is enough. */
  readonly identity: Identity | null
  /** false: its candidates are found on first use, by a race that the first clients share. */
  readonly preheat: boolean
  /** true: a client asked for it, and no configuration names it. */
  /** The lists for its candidates; absent: the general ones. */
  readonly access?: Access
  readonly onDemand: boolean
}

/** The identity that a candidate proves by a TLS handshake. */
export interface Identity {
  /** The name in SNI, for which the certificate has to be valid. */
  readonly servername: string
  /**
   * Digest of the file of certificates that the certificate is checked against; the shell knows the file. Empty: those that the
   * runtime trusts. A changed file is a changed configuration, and the record holds neither certificates nor paths.
   */
  readonly ca: string
  /** The version of the PROXY header that comes before the handshake; absent: none does. */
  readonly header?: "v1" | "v2"
}

export interface Address {
  /** An IP literal in canonical form. */
  readonly host: string
  readonly port: number
}

export interface Probing {
  readonly intervalMs: number
  readonly timeoutMs: number
  /** Candidates outside the set that are probed as often as its members. */
  readonly challengers: number
  /** Others that are probed in each round, the stalest first. */
  readonly candidatesPerRound: number
  /** Whether candidates without clients are probed: see sparing.ts. */
  readonly idle: "always" | "lazy"
  /** Of `lazy`: probes of one candidate between two clients that it serves, at most. */
  readonly idleProbes: number
}

export interface Scoring {
  readonly decayMs: number
  readonly jitterDecayMs: number
  readonly jitterWeight: number
  /** A whole number from 0 to 3. Powers are computed as products, which are exact. */
  readonly successExponent: number
  readonly failurePenaltyMs: number
  readonly historyRewardMs: number
  /** Cost that is shown for a candidate without a sample. It orders nothing. */
  readonly neutralMs: number
  /** The cost that scores 50 of 100. */
  readonly referenceMs: number
  readonly successWindowMs: number
  /** Weight of the baseline in the forecast, from 0 to 1. */
  readonly habitWeight: number
  readonly habitDecayMs: number
  /** A faster handshake is a failure, as a middlebox must have answered; 0: no such limit. */
  readonly minPlausibleRttMs: number
}

export interface Selector {
  readonly evaluationIntervalMs: number
  readonly activeSetSize: number
  readonly minScore: number
  readonly switching: Switching
}

/** By how much and for how long a challenger must be better before it replaces a member. */
export interface Switching {
  readonly marginMs: number
  /** In percent of the challenger's cost. The larger of the two margins counts. */
  readonly marginPercent: number
  readonly holdMs: number
  /** Evaluations in a row that the challenger must win by its forecast, each with a newer sample of it. */
  readonly confirmations: number
  /** The same, for a challenger that is cheaper now but not by its forecast. */
  readonly standing: number
  readonly swapsPerEvaluation: number
}

export interface Balancing {
  readonly policy: BalancingPolicy
  readonly affinity: Affinity
  readonly toleranceMs: number
  readonly tolerancePercent: number
}

/** `client`: all connections of one client address go to the same member of those that share clients. */
export type Affinity = "client" | "none"
export type BalancingPolicy = "leastConnections" | "powerOfTwo" | "roundRobin" | "random"

export interface Dial {
  readonly timeoutMs: number
  /** The next candidate is dialled beside a pending one after this long. */
  readonly raceDelayMs: number
  /** For all attempts of one client together. */
  readonly deadlineMs: number
  /** Addresses of each list that the last resort tries. */
  readonly lastResortAttempts: number
}

export interface Session {
  readonly idleMs: number
  readonly halfCloseMs: number
  readonly keepAliveMs: number
  /** Silence of the upstream after client bytes that counts as a failure after connect. */
  readonly stallMs: number
  /** The version of the PROXY header that the upstream gets first; absent: it gets none. */
  readonly header?: "v1" | "v2"
}

/** The warm pool of each candidate. */
export interface Pool {
  readonly mode: "dynamic" | "fixed" | "off"
  /** Of mode `fixed`: the number of warm sockets. */
  readonly size: number
  readonly min: number
  readonly max: number
  readonly headroom: number
  readonly maxAgeMs: number
  readonly connectsPerSecond: number
  readonly idleAfterMs: number
  /** The longest time for which the pool stays empty because warm sockets keep clients from being served. */
  readonly withholdForMs: number
}

export interface Breaker {
  readonly enabled: boolean
  readonly failureThreshold: number
  readonly failureRateThreshold: number
  readonly windowMs: number
  readonly minSamples: number
  /** The first wait for a trial. The wait doubles with every second trial. */
  readonly firstTrialMs: number
  /** The longest wait for a trial, by the failure that opened the breaker. */
  readonly cooldownMs: number
  readonly timeoutCooldownMs: number
  readonly maxCooldownMs: number
  readonly rampMs: number
}

export interface Dns {
  readonly refreshMs: number
  readonly timeoutMs: number
  /** Addresses that are taken from one answer at most. */
  readonly maxAnswers: number
  /** `ip` or `ip:port`; none: the system's resolver. */
  readonly servers: ReadonlyArray<string>
}
