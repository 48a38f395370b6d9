/** A recorder that keeps its segments in memory, for tests and for programs without a disk. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Digest } from "../../core/math/hash.ts"
import type { State } from "../../core/model/State.ts"
import { link } from "../../record/codec.ts"
import type { BreakReason, Run } from "../../record/Segment.ts"
import { chainStart, footerBody, gapBody, openingBodies } from "../../record/write.ts"
import { Recorder } from "../../shell/Recorder.ts"

export interface MemoryRecord {
  /** The text of each segment, as in a file. */
  readonly segments: Array<string>
}

export function make(run: Run): Recorder["Service"] & MemoryRecord {
  const segments: Array<string> = []
  let chain: Digest = chainStart(0)
  let lines: Array<string> = []
  let from = -1
  let to = -1

  const append = (body: string) => {
    const linked = link(chain, body)
    chain = linked.chain
    lines.push(linked.text)
  }
  const begin = (state: State, after: BreakReason | null) => {
    if (segments.length > 0) segments[segments.length - 1] = lines.join("")
    lines = []
    segments.push("")
    chain = chainStart(segments.length)
    for (const body of openingBodies({ run, segment: segments.length, previous: null, after, state })) append(body)
  }

  return {
    get segments() {
      return segments.length === 0 ? [] : [...segments.slice(0, -1), lines.join("")]
    },
    beginUnsafe: begin,
    appendUnsafe(body, state) {
      append(body)
      if (from < 0) from = state.seq
      to = state.seq
    },
    dumpUnsafe(_state, entryBody, message) {
      append(gapBody("core-restarted", { entryBody, message }))
    },
    statusUnsafe: () => ({ from, to, gaps: 0 }),
    close: (state) => Effect.sync(() => append(footerBody(state)))
  }
}

export const layer = (run: Run): Layer.Layer<Recorder> => Layer.sync(Recorder, () => make(run))
