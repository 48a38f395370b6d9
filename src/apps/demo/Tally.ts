/** What the clients of one forwarder saw. */
export interface Figures {
  readonly served: number
  readonly failed: number
  /** First-byte times of the clients that were served, in ms; -1: none was. */
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Seen {
  readonly atMs: number
  readonly tookMs: number
  /** The site that answered; empty: none did. */
  readonly by: string
}

export class Tally {
  /** In order of their ends. A demo lasts ten minutes at most, so this list is bounded. */
  readonly #seen: Array<Seen> = []

  note(atMs: number, tookMs: number, by: string): void {
    this.#seen.push({ atMs, tookMs, by })
  }

  /** Figures of the clients that ended in (fromMs, toMs]. */
  figures(fromMs = -1, toMs = Number.POSITIVE_INFINITY): Figures {
    const seen = this.#between(fromMs, toMs)
    const tookMs = seen.filter(({ by }) => by !== "").map((one) => one.tookMs).sort((a, b) => a - b)
    return {
      served: tookMs.length,
      failed: seen.length - tookMs.length,
      p50Ms: quantile(tookMs, 0.5),
      p99Ms: quantile(tookMs, 0.99)
    }
  }

  /** Share of the clients in (fromMs, toMs] for each site that answered. */
  shares(fromMs: number, toMs: number): ReadonlyMap<string, number> {
    const served = this.#between(fromMs, toMs).filter(({ by }) => by !== "")
    const shares = new Map<string, number>()
    for (const { by } of served) shares.set(by, (shares.get(by) ?? 0) + 1 / served.length)
    return shares
  }

  /** The slowest first byte in each of `count` slices of `sliceMs` up to `toMs`. A failure counts with its waiting time. */
  slowest(toMs: number, sliceMs: number, count: number): ReadonlyArray<number> {
    const last = Math.floor(toMs / sliceMs)
    const slices = Array.from({ length: count }, () => -1)
    for (const { atMs, tookMs } of this.#between((last - count) * sliceMs - 1, toMs)) {
      const i = count - 1 - (last - Math.floor(atMs / sliceMs))
      if (i >= 0 && tookMs > (slices[i] as number)) slices[i] = tookMs
    }
    return slices
  }

  #between(fromMs: number, toMs: number): ReadonlyArray<Seen> {
    let from = this.#seen.length
    while (from > 0 && (this.#seen[from - 1] as Seen).atMs > fromMs) from--
    return this.#seen.slice(from).filter(({ atMs }) => atMs <= toMs)
  }
}

/** The quantile of ascending values: the least one that is not smaller than a share `q` of them. */
export function quantile(ascending: ReadonlyArray<number>, q: number): number {
  return ascending[Math.max(0, Math.ceil(q * ascending.length) - 1)] ?? -1
}
