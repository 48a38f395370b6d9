/** The bench's handle of the near side's process (frontProcess.ts). */
import type { ChildProcess } from "node:child_process"
import process from "node:process"
import * as readline from "node:readline"
import type { Outcome } from "../../src/adapters/soak/client.ts"
import type { PublicFact } from "../../src/shell/facts/PublicFact.ts"
import type { Lab } from "../lab/Lab.ts"
import { runnable } from "../lab/Lab.ts"
import type { CrowdOrder } from "./crowd.ts"

export const LISTEN = 1234
export const ADMIN = 9099
export const COLLECTOR = 4318

export type Order =
  | { readonly kind: "rate"; readonly perSecond: number }
  /** Waits until no client is left. */
  | { readonly kind: "settled" }
  | { readonly kind: "crowd" } & CrowdOrder
  | { readonly kind: "collector"; readonly isHanging: boolean }
  /** How many batches the collector has taken. */
  | { readonly kind: "taken" }
  /** The text of a page of the admin port; null: it did not answer. */
  | { readonly kind: "page"; readonly path: string }

/** A client that is over. Times are wall times in ms. */
export interface ClientSeen {
  readonly arrivedMs: number
  readonly endedMs: number
  readonly firstByteMs: number
  readonly outcome: Outcome
  /** Number of the server; -1: none answered. */
  readonly by: number
}

export interface FactSeen {
  readonly atMs: number
  readonly fact: PublicFact
}

export type Told =
  | { readonly kind: "client" } & ClientSeen
  | { readonly kind: "fact" } & FactSeen
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }

export class Front {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (value: unknown) => void>()
  #orders = 0

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async open(
    lab: Lab,
    see: { readonly client: (seen: ClientSeen) => void; readonly fact: (seen: FactSeen) => void }
  ): Promise<Front> {
    const script = new URL("frontProcess.ts", import.meta.url).pathname
    const child = lab.near(runnable([process.execPath, script, ...[LISTEN, ADMIN, COLLECTOR].map(String)]), "pipe")
    child.stderr?.pipe(process.stderr)
    const front = new Front(child)
    const isReady = new Promise((resolve) => front.#waiting.set(0, resolve))
    readline.createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      const told = JSON.parse(line) as Told
      if (told.kind === "client") see.client(told)
      else if (told.kind === "fact") see.fact(told)
      else {
        front.#waiting.get(told.id)?.(told.value)
        front.#waiting.delete(told.id)
      }
    })
    await isReady
    return front
  }

  order<A = void>(order: Order): Promise<A> {
    const id = ++this.#orders
    const answer = new Promise<unknown>((resolve) => this.#waiting.set(id, resolve))
    this.#child.stdin?.write(`${JSON.stringify({ id, order })}\n`)
    return answer as Promise<A>
  }

  page(path: string): Promise<string | null> {
    return this.order({ kind: "page", path })
  }
}
