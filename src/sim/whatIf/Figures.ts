/** What came of one run in the course of a record, by what the record knows of its addresses. */

export interface Figures {
  /** Times that a member of the active set was replaced. */
  readonly switches: number
  /** Those of them in which the candidate that entered had left less than a minute before: the set flapped. */
  readonly returns: number
  readonly clients: number
  /** Clients that were sent to an address first that failed at that moment. */
  readonly metOutage: number
  /** Clients that reached no address. */
  readonly unserved: number
  /** Clients with a first address of which a sample within `scoreTtl` tells the latency. */
  readonly judgedClients: number
  /** By how much that latency was above the lowest one at that moment, in ms: the sum over the judged clients. */
  readonly regretMs: number
  /** The 95th percentile of that, in ms; null: no client is judged. */
  readonly regretP95Ms: number | null
  /** Moments, evenly spaced, at which the first choice for a new client was looked at. */
  readonly moments: number
  /** Those of them at which the latency of the first choice is known. */
  readonly judgedMoments: number
  /** Those of the judged ones at which it was as good as the best: within the tolerance of the recorded settings. */
  readonly onBest: number
}

export const NONE: Figures = {
  switches: 0,
  returns: 0,
  clients: 0,
  metOutage: 0,
  unserved: 0,
  judgedClients: 0,
  regretMs: 0,
  regretP95Ms: null,
  moments: 0,
  judgedMoments: 0,
  onBest: 0
}

/** The figures of several parts. The percentile of the whole is not that of its parts, so `regretsMs` gives all of them. */
export function together(parts: ReadonlyArray<Figures>, regretsMs: () => ReadonlyArray<number>): Figures {
  const [only] = parts
  if (only !== undefined && parts.length === 1) return only
  const sum = (key: Exclude<keyof Figures, "regretP95Ms">) => parts.reduce((total, one) => total + one[key], 0)
  return {
    switches: sum("switches"),
    returns: sum("returns"),
    clients: sum("clients"),
    metOutage: sum("metOutage"),
    unserved: sum("unserved"),
    judgedClients: sum("judgedClients"),
    regretMs: sum("regretMs"),
    regretP95Ms: percentile95(regretsMs()),
    moments: sum("moments"),
    judgedMoments: sum("judgedMoments"),
    onBest: sum("onBest")
  }
}

export function percentile95(values: ReadonlyArray<number>): number | null {
  if (values.length === 0) return null
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] as number
}
