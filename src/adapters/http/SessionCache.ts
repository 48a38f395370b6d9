/** TLS sessions to resume, the last used ones. Each dispatcher and agent has its own, because their TLS options differ. */
import type { Buffer } from "node:buffer"

export class SessionCache {
  readonly #most: number
  readonly #sessions = new Map<string, Buffer>()

  constructor(most: number) {
    this.#most = most
  }

  get(place: string): Buffer | undefined {
    return this.#sessions.get(place)
  }

  set(place: string, session: Buffer): void {
    this.#sessions.delete(place)
    if (this.#most > 0) this.#sessions.set(place, session)
    if (this.#sessions.size <= this.#most) return
    for (const oldest of this.#sessions.keys()) {
      this.#sessions.delete(oldest)
      break
    }
  }

  delete(place: string): void {
    this.#sessions.delete(place)
  }
}
