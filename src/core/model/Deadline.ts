/** Kinds of deadlines. The order stands for good: deadlines of the same moment come due in it. */
export const DEADLINE_KINDS = [
  /** An upstream evaluates its set. */
  "evaluate",
  /** An upstream begins a round of probes. */
  "round",
  /** A candidate expires. */
  "expire",
  /** A candidate's sample window closes. */
  "window",
  /** A candidate's penalty fades by a step. */
  "fade",
  /** The rate limit on probes admits the next one. */
  "gate",
  /** A candidate's breaker has a trial. */
  "trial",
  /** An upstream's common cause has trials with probes. */
  "trouble",
  /** An upstream's common cause has a trial with a client. */
  "clientTrial",
  /** A candidate's slow-start weight rises by a step. */
  "ramp",
  /** A candidate's handshake has been pending for too long. */
  "pending",
  /** A candidate's session has been silent for too long. */
  "silent",
  /** A candidate's suspicion from sessions lapses. */
  "lapse",
  /** A candidate's warm pool may dial again. */
  "refill",
  /** A candidate's warm pool gives up half of its surplus. */
  "idle",
  /** A candidate that left is forgotten. */
  "forget",
  /** An upstream queries the resolver. */
  "resolve",
  /** An upstream's stale members are too old to serve. */
  "stale",
  /** A record that stands in for a measurement of an upstream ends. */
  "prior",
  /** The local outage has its next pulse, or auto-disable ends: the id tells which. */
  "outage",
  /** An upstream's clients may start a race again. */
  "pause",
  /** The core looks for hosts on demand that no client uses. */
  "prune",
  /** An upstream measures members and challengers before they expire. */
  "renew",
  /** A candidate's warm pool is reviewed for whether it hinders clients. */
  "relief"
] as const

export type DeadlineKind = typeof DEADLINE_KINDS[number]

/** A deadline that has come. Its kind tells whether `id` is a candidate or an upstream. */
export interface Due {
  readonly kind: DeadlineKind
  readonly id: number
}
