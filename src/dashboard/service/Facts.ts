/**
 * The facts of the service: those that it keeps, then each new one as it comes. The browser would reconnect by itself, but it
 * never tells why a stream ended and gives up after some answers. So each try is a new stream, from the last fact on.
 */
import type { Fact } from "./answers.ts"
import { backOffMs } from "./backOff.ts"

/** Facts that the page keeps. */
export const MOST_FACTS = 1_000

export class Facts {
  readonly #changed: (isNews: boolean) => void
  #stream: EventSource | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  #last = 0
  #kept: ReadonlyArray<Fact> = []
  isOpen = false

  /** `changed`: there are other facts, or the stream opened or closed. */
  constructor(changed: (isNews: boolean) => void) {
    this.#changed = changed
  }

  /** The latest first. */
  get kept(): ReadonlyArray<Fact> {
    return this.#kept
  }

  open(): void {
    this.close()
    const stream = new EventSource(`/events?after=${this.#last}`)
    this.#stream = stream
    stream.onopen = () => {
      this.#failures = 0
      this.isOpen = true
      this.#changed(false)
    }
    stream.onmessage = ({ data }) => this.#take(JSON.parse(data as string) as Fact)
    stream.onerror = () => {
      this.close()
      this.#timer = setTimeout(() => this.open(), backOffMs(++this.#failures))
      this.#changed(false)
    }
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#stream?.close()
    this.#stream = undefined
    this.isOpen = false
  }

  /** The service was started anew, and counts its facts from 1 again. */
  restart(): void {
    this.#last = 0
    this.#kept = []
    this.open()
  }

  #take(fact: Fact): void {
    if (fact.seq <= this.#last) this.#kept = []
    this.#last = fact.seq
    // One for each connection: they would push out everything else.
    if (fact.kind === "AdaptiveTlsTiming") return
    this.#kept = [fact, ...this.#kept].slice(0, MOST_FACTS)
    this.#changed(true)
  }
}
