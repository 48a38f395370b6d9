/** A socket without bytes: a test sees how it ended, and may let its peer end it. */
import type { ClientSocket, UpstreamSocket } from "../plane/ports/Transport.ts"

export class SimSocket implements ClientSocket, UpstreamSocket {
  state: "open" | "reset" | "closed" = "open"
  readonly name: string

  constructor(name: string) {
    this.name = name
  }

  readonly resetUnsafe = () => void (this.state = "reset")
  readonly addressUnsafe = () => this.name
  readonly isAliveUnsafe = () => this.state === "open"
  readonly watchUnsafe = (lost: (reason: "closed" | "reset") => void) => void (this.#lost = lost)
  #lost: (reason: "closed" | "reset") => void = () => {}

  /** The peer ends the socket while it is warm. */
  die(reason: "closed" | "reset"): void {
    this.state = reason === "reset" ? "reset" : "closed"
    this.#lost(reason)
  }

  readonly closeUnsafe = () => void (this.state = "closed")
}
