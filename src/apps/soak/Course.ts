/** How the services and this process fared over time: one slice after the other, of which there are at most `MOST_SLICES`. */
import type { Resources } from "../../adapters/soak/resources.ts"
import type { Ledger } from "./Ledger.ts"
import type { SliceSeen } from "./Report.ts"

export const MOST_SLICES = 120
const LEAST_SLICE_MS = 1_000

export const sliceOf = (durationMs: number): number => Math.max(LEAST_SLICE_MS, durationMs / MOST_SLICES)

type Kept = Omit<SliceSeen, "atMs" | "fairlead" | "control" | "warmShare"> & {
  readonly warm: number
  readonly dialled: number
}

const EMPTY: Kept = {
  rssMiB: null,
  heapMiB: null,
  descriptors: null,
  fibers: null,
  lagMs: null,
  fallbacks: 0,
  tripped: 0,
  recovered: 0,
  moves: 0,
  probes: 0,
  probesFailed: 0,
  warm: 0,
  dialled: 0
}

export class Course {
  readonly sliceMs: number
  readonly slices: Array<Kept>
  #before = totals([])

  constructor(durationMs: number) {
    this.sliceMs = sliceOf(durationMs)
    this.slices = Array.from({ length: Math.ceil(durationMs / this.sliceMs) }, () => EMPTY)
  }

  /** Adds what happened since the last look. */
  look(atMs: number, { rssMiB, heapMiB, descriptors, fibers, lagMs }: Resources, ledgers: ReadonlyArray<Ledger>): void {
    const now = totals(ledgers)
    const i = Math.min(this.slices.length - 1, Math.floor(atMs / this.sliceMs))
    const slice = this.slices[i] ?? EMPTY
    const added = Object.fromEntries(
      (Object.keys(now) as Array<keyof typeof now>).map((key) => [key, slice[key] + now[key] - this.#before[key]])
    ) as typeof now
    this.#before = now
    this.slices[i] = {
      ...added,
      rssMiB: Math.max(slice.rssMiB ?? 0, rssMiB),
      heapMiB: Math.min(slice.heapMiB ?? Number.POSITIVE_INFINITY, heapMiB),
      descriptors: descriptors < 0 ? null : Math.max(slice.descriptors ?? 0, descriptors),
      fibers: Math.min(slice.fibers ?? Number.POSITIVE_INFINITY, fibers),
      lagMs: Math.max(slice.lagMs ?? 0, lagMs)
    }
  }
}

function totals(ledgers: ReadonlyArray<Ledger>) {
  const sum = (of: (ledger: Ledger) => number) => ledgers.reduce((total, ledger) => total + of(ledger), 0)
  const all = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((total, one) => total + one, 0)
  return {
    fallbacks: sum(({ fallbacks }) => all(fallbacks)),
    tripped: sum(({ tripped }) => all(tripped)),
    recovered: sum(({ recovered }) => recovered),
    moves: sum(({ moves }) => all(moves)),
    probes: sum(({ probes }) => probes),
    probesFailed: sum(({ probesFailed }) => probesFailed),
    warm: sum(({ warm }) => warm),
    dialled: sum(({ dialled }) => dialled)
  }
}
