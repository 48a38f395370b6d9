/** Acts of one kind that a shell has begun and not finished, in the order in which they came. */

export type Begun<A> = A & { readonly atUs: number }

export class UnderWay<A> {
  readonly #all = new Map<number, Begun<A>>()

  get size(): number {
    return this.#all.size
  }

  get all(): ReadonlyArray<Begun<A>> {
    return [...this.#all.values()]
  }

  get(id: number): Begun<A> | undefined {
    return this.#all.get(id)
  }

  begin(id: number, act: A, atUs: number): void {
    this.#all.set(id, { ...act, atUs })
  }

  /** false: it was not under way. */
  end(id: number): boolean {
    return this.#all.delete(id)
  }

  clear(): void {
    this.#all.clear()
  }
}
