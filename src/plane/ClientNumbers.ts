/**
 * Numbers for client addresses, so that the core can tell clients apart without knowing them. Of more than 4,096 the oldest
 * are forgotten; a forgotten client comes back under a new number.
 */
const MOST = 4096

export class ClientNumbers {
  readonly #numbers = new Map<string, number>()
  #next = 1

  of(address: string): number {
    const known = this.#numbers.get(address)
    if (known !== undefined) return known
    if (this.#numbers.size >= MOST) this.#numbers.delete(this.#numbers.keys().next().value as string)
    this.#numbers.set(address, this.#next)
    return this.#next++
  }
}
