/** A client inside this process: a program that wants the upstream's socket itself. */
import type * as net from "node:net"
import type { Attempt } from "../../core/model/Event.ts"
import { INSIDE } from "../../plane/Inside.ts"
import type { ClientSocket } from "../../plane/ports/Transport.ts"

/** Callbacks of a dial: exactly one of them is called, once. */
export interface Wanted {
  readonly received: (socket: net.Socket) => void
  /** No address could be reached; undefined: none was dialled. */
  readonly refused: (tried: ReadonlyArray<Attempt> | undefined) => void
}

export class ProgramClient implements ClientSocket {
  #wanted: Wanted | undefined

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

  receive(socket: net.Socket): void {
    const wanted = this.#wanted
    this.#wanted = undefined
    wanted?.received(socket)
  }
}
