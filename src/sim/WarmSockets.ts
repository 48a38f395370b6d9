/** The warm sockets of the simulated shell, the oldest first. */

export interface WarmSocket {
  readonly warm: number
  readonly candidate: number
  readonly sinceUs: number
}

export class WarmSockets {
  #all: ReadonlyArray<WarmSocket> = []

  get all(): ReadonlyArray<WarmSocket> {
    return this.#all
  }

  get size(): number {
    return this.#all.length
  }

  of(candidate: number): ReadonlyArray<WarmSocket> {
    return this.#all.filter((one) => one.candidate === candidate)
  }

  countOf(candidate: number): number {
    let count = 0
    for (const one of this.#all) if (one.candidate === candidate) count++
    return count
  }

  add(socket: WarmSocket): void {
    this.#all = [...this.#all, socket]
  }

  /** Takes the oldest warm socket of the candidate. */
  take(candidate: number): WarmSocket | undefined {
    const socket = this.#all.find((one) => one.candidate === candidate)
    if (socket !== undefined) this.remove(socket)
    return socket
  }

  /** false: it was taken or lost before. */
  remove(socket: WarmSocket): boolean {
    const before = this.#all.length
    this.#all = this.#all.filter((other) => other !== socket)
    return this.#all.length < before
  }

  clear(): void {
    this.#all = []
  }
}
