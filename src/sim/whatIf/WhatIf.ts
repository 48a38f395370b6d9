/**
 * What if: a record under other settings. It reads the lines of segments as a replay does, verifies them, and follows the recorded run
 * beside the same core under the other settings (Stretch.ts). In the end it judges both in hindsight.
 */
import { advance } from "../../core/advance.ts"
import type { Config } from "../../core/model/Config.ts"
import type { State } from "../../core/model/State.ts"
import { Replay } from "../../record/replay.ts"
import type { Header } from "../../record/Segment.ts"
import type { Verdict } from "../../record/Verdict.ts"
import { Stretch } from "./Stretch.ts"

const HEADER = '{"kind":"header"'

export class WhatIf {
  readonly stretches: Array<Stretch> = []
  readonly config: Config
  readonly #replay: Replay
  /** The last header that was read, and whether it continues the segment before it. */
  #header: Pick<Header, "run" | "seed"> | undefined
  #begins = true
  #isOver = false

  constructor(config: Config, until: number | undefined) {
    this.config = config
    this.#replay = new Replay({
      ...(until === undefined ? {} : { until }),
      advance: (state, entry) => {
        const advanced = advance(state, entry)
        this.#stretch(state).entry(entry, state, advanced)
        return advanced
      }
    })
  }

  get done(): boolean {
    return this.#replay.done
  }

  segment(segment: number): void {
    this.#replay.segment(segment)
  }

  line(text: string): void {
    if (text.startsWith(HEADER)) this.#opened(text)
    this.#replay.line(text)
  }

  segmentEnd(torn: number, intact: boolean): void {
    this.#replay.segmentEnd(torn, intact)
  }

  /** The verdict on the record. The stretches are whole after it, if it is positive. */
  verdict(): Verdict {
    const verdict = this.#replay.verdict()
    if (!this.#isOver && verdict.outcome === "verified") { for (const one of this.stretches) one.finish() }
    this.#isOver = true
    return verdict
  }

  #stretch(before: State): Stretch {
    if (this.#begins) {
      this.stretches.push(new Stretch(before, this.config, this.#header?.seed ?? 1))
      this.#begins = false
    }
    return this.stretches[this.stretches.length - 1] as Stretch
  }

  /** A line that is no header after all is found out by the replay. */
  #opened(text: string): void {
    try {
      const { run, seed, after } = JSON.parse(text) as Header
      if (this.#header?.run !== run || after !== null) this.#begins = true
      this.#header = { run, seed }
    } catch {
      return
    }
  }
}
