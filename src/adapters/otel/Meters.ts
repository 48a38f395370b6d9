/**
 * Meters: handles to series of Effect's metrics in a registry of their own. A handle is made once for a metric and its labels.
 * Code on a client's path keeps handles and never builds labels.
 */
import * as Context from "effect/Context"
import * as Metric from "effect/Metric"
import type { Described } from "./catalogue.ts"

/** Adds to a counter, sets a gauge, or puts a sample into a histogram. */
export type Update = (value: number) => void

interface Series {
  readonly update: Update
  readonly remove: () => void
}

export class Meters {
  readonly registry: Metric.MetricRegistry = new Map()
  readonly #context = Context.make(Metric.MetricRegistry, this.registry)
  readonly #series = new Map<string, Series>()

  /** The handle of one series. The series exists from now on, so a counter that never counted reads 0. */
  of<L extends string>(described: Described<L>, labels: { readonly [K in L]: string }): Update {
    return this.#find(described, labels).update
  }

  /** Ends a series: the next scrape does not have it. */
  remove<L extends string>(described: Described<L>, labels: { readonly [K in L]: string }): void {
    const key = keyOf(described, labels)
    this.#series.get(key)?.remove()
    this.#series.delete(key)
  }

  get size(): number {
    return this.#series.size
  }

  #find<L extends string>(described: Described<L>, labels: { readonly [K in L]: string }): Series {
    const key = keyOf(described, labels)
    const known = this.#series.get(key)
    if (known !== undefined) return known
    const context = this.#context
    const metric: Metric.Metric<number, unknown> = made(described, labels)
    metric.valueUnsafe(context)
    const series: Series = {
      update: (value) => metric.updateUnsafe(value, context),
      remove: () => Metric.removeUnsafe(metric, context)
    }
    this.#series.set(key, series)
    return series
  }
}

function made({ name, kind, help, buckets = [] }: Described, attributes: Record<string, string>) {
  const options = { description: help, attributes }
  if (kind === "gauge") return Metric.gauge(name, options)
  if (kind === "counter") return Metric.counter(name, { ...options, incremental: true })
  return Metric.histogram(name, { ...options, boundaries: buckets })
}

function keyOf<L extends string>({ name, labels }: Described<L>, values: { readonly [K in L]: string }): string {
  return [name, ...labels.map((label) => values[label])].join("\n")
}
