/**
 * A client that has named its target and waits for its tunnel. It is told when the tunnel is there, without an own round trip for the
 * upstream's bytes, or why there is none. What it sends meanwhile goes into the tunnel first.
 *
 * A client that ends its side before it was answered has left.
 */
import { Buffer } from "node:buffer"
import type { Attempt } from "../../../core/model/Event.ts"
import type { FailureReason } from "../../../ingress/Handshake.ts"
import type { Ends } from "../NodeClient.ts"
import { NodeClient } from "../NodeClient.ts"
import type { Connection } from "./Connection.ts"
import { failureOf } from "./failureOf.ts"
import { lastWords } from "./lastWords.ts"

/** What a client is told. `by` is the id of the candidate that serves it. */
export interface TunnelAnswers {
  readonly success: (by: string) => Uint8Array | string
  readonly failure: (reason: FailureReason) => Uint8Array | string
}

export class TunnelClient extends NodeClient {
  readonly #answers: TunnelAnswers
  readonly #early: Array<Uint8Array> = []
  /** Most bytes that are taken from a client that does not wait for its answer. */
  readonly #mostEarlyBytes: number
  #earlyBytes = 0
  #isAnswered = false
  readonly #hasLeft: () => void

  override readonly addressUnsafe: () => string
  override readonly ends: () => Ends

  /** The socket is not read by anything else any more. `left` is called when the client leaves before it is answered. */
  constructor({ socket, address, ends, entry }: Connection, early: Uint8Array, answers: TunnelAnswers, left: () => void) {
    super(socket)
    this.addressUnsafe = address
    this.ends = ends
    this.#answers = answers
    this.#mostEarlyBytes = entry.maxBytes
    this.#hasLeft = left
    if (early.length > 0) this.#keep(early)
    socket.on("readable", this.#read)
    socket.on("end", this.#ended)
    socket.on("close", this.#ended)
  }

  readonly servedUnsafe = (by: string): void => {
    if (!this.#settle()) return
    const answer = this.#answers.success(by)
    if (answer.length > 0) this.socket.write(answer)
  }

  /** The bytes that came before the answer. */
  override takeEarly(): Buffer | undefined {
    return this.#earlyBytes === 0 ? undefined : Buffer.concat(this.#early.splice(0))
  }

  override readonly resetUnsafe = (tried?: ReadonlyArray<Attempt>): void => {
    if (!this.#settle()) return void (this.socket.destroyed || this.socket.resetAndDestroy())
    lastWords(this.socket, this.#answers.failure(failureOf(tried)))
  }

  readonly #read = (): void => {
    while (this.#earlyBytes < this.#mostEarlyBytes) {
      const chunk: Buffer | null = this.socket.read()
      if (chunk === null) return
      this.#keep(chunk)
    }
  }

  readonly #ended = (): void => {
    if (this.#isAnswered) return
    this.#hasLeft()
  }

  #keep(chunk: Uint8Array): void {
    this.#early.push(chunk)
    this.#earlyBytes += chunk.length
  }

  /** false: the client was answered before. */
  #settle(): boolean {
    if (this.#isAnswered) return false
    this.#isAnswered = true
    this.socket.off("readable", this.#read)
    this.socket.off("end", this.#ended)
    this.socket.off("close", this.#ended)
    return true
  }
}
