/**
 * The core in an isolate of an edge runtime. It lives between requests, as plain data. It folds each event at once, and keeps
 * the acts that the core wants until a round carries them out.
 *
 * If the core fails, a fresh state takes over, with ids that were never used.
 */
import { advance } from "../../core/advance.ts"
import { nextDeadline } from "../../core/deadline.ts"
import { cheapFault } from "../../core/invariants.ts"
import type { Config } from "../../core/model/Config.ts"
import type { Act, Decision } from "../../core/model/Decision.ts"
import type { Entry, Event } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import { initial } from "../../core/state.ts"

/** One tick handles many deadlines, and there are more only after a long pause. */
const MOST_TICKS = 64

export interface EdgeCoreOptions {
  readonly config: Config
  readonly seed: number
  /** Microseconds of a clock that never goes back. */
  readonly nowUs: () => number
  /** Milliseconds since 1970. */
  readonly wallMs: () => number
}

export class EdgeCore {
  readonly #options: EdgeCoreOptions
  readonly #epochUs: number
  #state: State
  #acts: Array<Act> = []
  #restarts = 0

  constructor(options: EdgeCoreOptions) {
    this.#options = options
    this.#epochUs = options.nowUs()
    this.#state = initial(options.config, options.seed)
    this.#start()
  }

  get state(): State {
    return this.#state
  }

  /** How often the core had to start again. */
  get restarts(): number {
    return this.#restarts
  }

  /** Whether acts wait for a round. */
  get hasActs(): boolean {
    return this.#acts.length > 0
  }

  /** Microseconds since this core began. */
  nowUs(): number {
    return Math.max(this.#options.nowUs() - this.#epochUs, this.#state.at)
  }

  /** How long until the core wants a tick, in ms; infinite: it waits for nothing. */
  get dueInMs(): number {
    return ((nextDeadline(this.#state) ?? Number.POSITIVE_INFINITY) - this.nowUs()) / 1000
  }

  post(event: Event): void {
    const entry = { seq: this.#state.seq + 1, at: this.nowUs(), event }
    try {
      const { state, decisions } = advance(this.#state, entry)
      const fault = cheapFault(this.#state, state)
      if (fault !== null) throw new Error(`broken invariant: ${fault}`)
      this.#state = state
      this.#acts.push(...decisions.filter(isAct))
    } catch {
      this.#restart(entry)
    }
  }

  /** Lets the core do what became due since the last event. */
  catchUp(): void {
    for (let ticks = 0; ticks < MOST_TICKS && this.dueInMs <= 0; ticks++) this.post({ _tag: "Ticked", worker: 0 })
  }

  readWall(): void {
    this.post({ _tag: "WallRead", worker: 0, wallMs: this.#options.wallMs() })
  }

  /** The next act to carry out. */
  take(): Act | undefined {
    return this.#acts.shift()
  }

  /** The request that carried out acts is gone, and all its sockets with it. */
  lost(): void {
    this.#acts = []
    this.post({ _tag: "WorkerLost", worker: 0 })
  }

  #start(): void {
    this.post({ _tag: "Started", worker: 0, wallMs: this.#options.wallMs() })
  }

  #restart({ seq, at }: Entry): void {
    const { config, seed } = this.#options
    const { minted, routes } = this.#state
    this.#acts = []
    const fresh = initial(config, seed + ++this.#restarts, { ...minted, generation: minted.generation + 1 })
    this.#state = { ...fresh, seq, at, routes: { ...fresh.routes, version: routes.version } }
    // A core that cannot even start stays as it is: clients get the last resort.
    if (this.#restarts <= MOST_TICKS) this.#start()
  }
}

function isAct(decision: Decision): decision is Act {
  switch (decision._tag) {
    case "Probe":
    case "DialWarm":
    case "Retire":
    case "Resolve":
    case "Race":
      return true
    default:
      return false
  }
}
