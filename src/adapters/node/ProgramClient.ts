/** A client inside this process: a program that wants the upstream's socket itself. */
import type * as net from "node:net"
import type { Attempt } from "../../core/model/Event.ts"
import { INSIDE } from "../../plane/Inside.ts"
import type { ClientSocket, Reached } from "../../plane/ports/Transport.ts"

/** A socket for the program. */
export interface Lent {
  readonly socket: net.Socket
  /** undefined: a transport lent it without the word of the data plane. */
  readonly reached: Reached | undefined
  /** Tells now that the session failed, whatever came. The socket stays open. false: its end has been told. */
  readonly fail: () => boolean
  /** Tells now that the session ended in order, whatever is seen of it later. The socket stays open. */
  readonly excuse: () => boolean
}

/** Callbacks of a dial: exactly one of them is called, once. */
export interface Wanted {
  readonly received: (lent: Lent) => void
  /** No address could be reached; undefined: none was dialled. */
  readonly refused: (tried: ReadonlyArray<Attempt> | undefined) => void
}

export class ProgramClient implements ClientSocket {
  #wanted: Wanted | undefined
  #reached: Reached | undefined

  constructor(wanted: Wanted) {
    this.#wanted = wanted
  }

  /** A program counts as one client. */
  readonly addressUnsafe = (): string => INSIDE

  readonly resetUnsafe = (tried?: ReadonlyArray<Attempt>): void => {
    const wanted = this.#wanted
    this.#wanted = undefined
    wanted?.refused(tried)
  }

  readonly reachedUnsafe = (reached: Reached): void => void (this.#reached = reached)

  receive(socket: net.Socket, fail: () => boolean, excuse: () => boolean): void {
    const wanted = this.#wanted
    this.#wanted = undefined
    wanted?.received({ socket, reached: this.#reached, fail, excuse })
  }
}
