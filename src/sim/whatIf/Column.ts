/** Numbers in the order in which they came, in eight bytes each. A record has millions of them, and objects would take ten times that. */
const FIRST = 64

export class Column {
  #all = new Float64Array(FIRST)
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: number): void {
    if (this.#length === this.#all.length) {
      const larger = new Float64Array(2 * this.#length)
      larger.set(this.#all)
      this.#all = larger
    }
    this.#all[this.#length++] = value
  }

  /** undefined: it has none there. */
  at(index: number): number | undefined {
    return index < this.#length ? this.#all[index] : undefined
  }

  copy(): Column {
    const copy = new Column()
    copy.#all = this.#all.slice()
    copy.#length = this.#length
    return copy
  }

  /** The same numbers in another order. */
  inOrder(order: Uint32Array): Column {
    const copy = new Column()
    copy.#all = Float64Array.from(order, (index) => this.#all[index] as number)
    copy.#length = order.length
    return copy
  }

  /** Where the numbers are in ascending order: the index of the last one up to a value; -1: there is none. */
  lastUpTo(value: number): number {
    const all = this.#all
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >> 1
      if (all[middle]! <= value) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
