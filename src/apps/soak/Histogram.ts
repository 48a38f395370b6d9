/** Times in classes that are five percent wide, so that a soak of days needs no more memory than one of a minute. */
const GROWTH = 1.05
const LEAST_MS = 0.05
/** The last class begins at about ten minutes. */
const CLASSES = 335

export class Histogram {
  readonly #counts = new Uint32Array(CLASSES)
  #total = 0

  get total(): number {
    return this.#total
  }

  add(ms: number): void {
    const i = ms <= LEAST_MS ? 0 : Math.min(CLASSES - 1, Math.ceil(Math.log(ms / LEAST_MS) / Math.log(GROWTH)))
    this.#counts[i] = (this.#counts[i] as number) + 1
    this.#total++
  }

  /** How many times are in each class, without the empty ones. */
  get classes(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].flatMap((count, i) => count === 0 ? [] : [[String(i), count]]))
  }

  /** Adds the times of another one. */
  addClasses(classes: Readonly<Record<string, number>>): this {
    for (const [i, count] of Object.entries(classes)) {
      if (Number(i) >= CLASSES) continue
      this.#counts[Number(i)] = (this.#counts[Number(i)] as number) + count
      this.#total += count
    }
    return this
  }

  /** The least value that is not smaller than a share `q` of all, to five percent; null: there is none. */
  quantile(q: number): number | null {
    if (this.#total === 0) return null
    let left = Math.max(1, Math.ceil(q * this.#total))
    for (let i = 0; i < CLASSES; i++) {
      left -= this.#counts[i] as number
      if (left <= 0) return LEAST_MS * GROWTH ** i
    }
    return null
  }
}
