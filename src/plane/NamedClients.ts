/**
 * Clients that have named their target and wait for permits of the control plane, in order of arrival. A literal that the guard refuses
 * is refused here: nothing has to be found for it.
 */
import { isLiteral } from "../core/domain.ts"
import type { Client } from "./Forward.ts"
import type { Guard } from "./Guard.ts"
import { BARRED } from "./Guard.ts"
import type { Cancel } from "./ports/Transport.ts"

export type NamedClient = Client & { readonly guard: Guard }

interface Waiting {
  readonly client: NamedClient
  readonly ended: () => void
  stop: Cancel | undefined
}

export class NamedClients {
  readonly #forward: (client: NamedClient, ended: () => void) => Cancel | undefined
  readonly #waiting = new Set<Waiting>()

  /** `forward` gives nothing while there are no permits. */
  constructor(forward: (client: NamedClient, ended: () => void) => Cancel | undefined) {
    this.#forward = forward
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0
  }

  /** Serves the client, now or when there are permits. `ended` is called once, also after the cancel. */
  enter(client: NamedClient, ended: () => void): Cancel {
    const { target, guard, socket } = client
    if (target._tag === "Host" && isLiteral(target.host) && !guard.admits(target.host, target.port)) {
      socket.resetUnsafe(BARRED)
      ended()
      return () => {}
    }
    const stop = this.isWaiting ? undefined : this.#forward(client, ended)
    if (stop !== undefined) return stop
    const one: Waiting = { client, ended, stop: undefined }
    this.#waiting.add(one)
    return () => {
      if (one.stop !== undefined) return one.stop()
      if (!this.#waiting.delete(one)) return
      socket.resetUnsafe()
      ended()
    }
  }

  /** Serves those that wait, as long as there are permits; false: some still wait. */
  admit(): boolean {
    for (const one of this.#waiting) {
      const stop = this.#forward(one.client, one.ended)
      if (stop === undefined) return false
      one.stop = stop
      this.#waiting.delete(one)
    }
    return true
  }
}
