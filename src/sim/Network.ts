/**
 * A simulated network: what its addresses do when they are dialled, what sessions through them get, and the
 * names that lead to them.
 */
import type { DialFailure } from "../core/model/Event.ts"
import { Names } from "./Names.ts"
import type { Reply } from "./session.ts"

/** What an address does when it is dialled: it answers after so many ms, fails, or never answers. */
export type Answer = number | DialFailure | "lost"

/** The shell's purpose of a dial. */
export type Purpose = "probe" | "warm" | "client"

/** An answer, or what finds the answer of each dial. */
export type Answers = Answer | ((purpose: Purpose) => Answer)

/** The reply to a session, or what finds it from the moment at which the session connects. */
export type Replies = Reply | ((connectedMs: number) => Reply)

export interface NetworkOptions {
  /** What addresses do that are not scripted. */
  readonly otherwise?: Answer
  /** How long a refusal or a reset takes. */
  readonly failAfterMs?: number
}

/** The end of a handshake. A lost one has none of its own, so its time limit is its end. */
export interface Handshake {
  readonly tookMs: number
  readonly outcome: "connected" | DialFailure
}

/** What answers dials: a network that a script makes, or one that a record remembers. */
export interface Answering {
  readonly names: Pick<Names, "addressesOf" | "answer" | "resolvesAfterMs">
  readonly answerOf: (host: string, purpose: Purpose, port: number) => Answer
  readonly isImpostor: (host: string) => boolean
  readonly endOf: (answer: Answer, timeoutMs: number) => Handshake
}

export class Network implements Answering {
  readonly failAfterMs: number
  readonly names = new Names()
  readonly #otherwise: Answer
  readonly #answers = new Map<string, Answers>()
  readonly #replies = new Map<string, Replies>()
  readonly #impostors = new Set<string>()

  constructor({ otherwise = "refused", failAfterMs = 1 }: NetworkOptions = {}) {
    this.#otherwise = otherwise
    this.failAfterMs = failAfterMs
  }

  /** Scripts what the address does when it is dialled from now on. */
  set(host: string, answers: Answers): void {
    this.#answers.set(host, answers)
  }

  /** Scripts what sessions through the address get from now on. */
  reply(host: string, replies: Replies): void {
    this.#replies.set(host, replies)
  }

  /** Scripts whether the address answers and cannot prove its identity from now on. */
  impostor(host: string, is: boolean): void {
    if (is) this.#impostors.add(host)
    else this.#impostors.delete(host)
  }

  answerOf(host: string, purpose: Purpose): Answer {
    const answers = this.#answers.get(host) ?? this.#otherwise
    return typeof answers === "function" ? answers(purpose) : answers
  }

  replyOf(host: string, connectedMs: number): Reply {
    const replies = this.#replies.get(host) ?? 1
    return typeof replies === "function" ? replies(connectedMs) : replies
  }

  isImpostor(host: string): boolean {
    return this.#impostors.has(host)
  }

  /** How a handshake ends that got this answer and may take `timeoutMs`. */
  endOf(answer: Answer, timeoutMs: number): Handshake {
    if (answer === "lost" || answer === "timeout" || (typeof answer === "number" && answer >= timeoutMs)) {
      return { tookMs: timeoutMs, outcome: "timeout" }
    }
    return typeof answer === "number"
      ? { tookMs: answer, outcome: "connected" }
      : { tookMs: this.failAfterMs, outcome: answer }
  }
}
