/** The network of a record: an address answers as it did at the nearest moment at which the record knows it. */
import type { Resolve } from "../../core/model/Decision.ts"
import type { Event } from "../../core/model/Event.ts"
import type { Answer, Answering, Handshake, Purpose } from "../Network.ts"
import type { Came, Course } from "./Course.ts"
import type { Session } from "./Samples.ts"

const RESOLVES_AFTER_MS = 1
const FAILS_AFTER_MS = 1
/** The answer to a session where the record knows none through this address. */
const USUAL_MS = 1

export class RecordedNetwork implements Answering {
  /** Dials, and those of them that a sample within `withinUs` answers. */
  readonly dials = { all: 0, known: 0 }
  readonly names: Answering["names"]
  readonly #course: Course
  readonly #nowUs: () => number
  readonly #withinUs: number

  constructor(course: Course, nowUs: () => number, withinUs: number) {
    this.#course = course
    this.#nowUs = nowUs
    this.#withinUs = withinUs
    this.names = {
      resolvesAfterMs: RESOLVES_AFTER_MS,
      addressesOf: (name) => course.addressesAt(name, nowUs()),
      answer: (act) => this.#resolved(act)
    }
  }

  answerOf(host: string, _purpose: Purpose, port: number): Answer {
    this.dials.all++
    const atUs = this.#nowUs()
    const one = this.#course.samplesOf(host, port)?.handshakeAt(atUs)
    if (one === undefined) return "lost"
    if (atUs - one.atUs <= this.#withinUs && one.atUs - atUs <= this.#withinUs) this.dials.known++
    return one.failure ?? one.tookMs
  }

  endOf(answer: Answer, timeoutMs: number): Handshake {
    if (answer === "lost" || answer === "timeout" || (typeof answer === "number" && answer >= timeoutMs)) {
      return { tookMs: timeoutMs, outcome: "timeout" }
    }
    return typeof answer === "number"
      ? { tookMs: answer, outcome: "connected" }
      : { tookMs: FAILS_AFTER_MS, outcome: answer }
  }

  /** A proof that failed is a failure of the handshake here. */
  isImpostor(): boolean {
    return false
  }

  /** What the session of a client gets through an address: the same as in the record, or what another one got there about then. */
  sessionOf({ address, reply, holdMs }: Came, host: string, port: number): Session {
    const samples = this.#course.samplesOf(host, port)
    const isSame = address >= 0 && this.#course.samples[address] === samples
    if (isSame && reply !== undefined) return { reply, holdMs }
    const near = samples?.sessionAt(this.#nowUs())
    return {
      reply: near?.reply ?? (typeof reply === "number" ? reply : USUAL_MS),
      holdMs: reply === undefined ? near?.holdMs ?? 0 : holdMs
    }
  }

  #resolved({ worker, resolve, upstream, host }: Resolve): Event {
    const addresses = this.#course.addressesAt(host, this.#nowUs())
    return addresses === undefined
      ? { _tag: "ResolveFailed", worker, resolve, upstream, reason: "ENOTFOUND" }
      : { _tag: "Resolved", worker, resolve, upstream, addresses, omitted: 0, silent: 0 }
  }
}
