/** The real core under way: it folds each event at its moment, as the engine does. */
import type { Advance, Advanced } from "../core/advance.ts"
import { advance as liveAdvance } from "../core/advance.ts"
import type { Config } from "../core/model/Config.ts"
import type { Entry, Event } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"
import { initial } from "../core/state.ts"

/** One entry, the state before it, and what it brought about. */
export interface Folded {
  readonly entry: Entry
  readonly before: State
  readonly advanced: Advanced
}

export class CoreRun {
  readonly first: State
  /** A test may change it, as no shell can. */
  state: State
  readonly #advance: Advance

  constructor(config: Config, seed: number, advance: Advance = liveAdvance) {
    this.first = this.state = initial(config, seed)
    this.#advance = advance
  }

  fold(event: Event, atUs: number): Folded {
    const before = this.state
    const entry = { seq: before.seq + 1, at: atUs, event }
    const advanced = this.#advance(before, entry)
    this.state = advanced.state
    return { entry, before, advanced }
  }
}
