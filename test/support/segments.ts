/** Records made of entries, as a recorder would write them. */
import type { LineReader } from "../../src/adapters/file/readRecord.ts"
import { advance } from "../../src/core/advance.ts"
import type { Digest } from "../../src/core/math/hash.ts"
import { toHex } from "../../src/core/math/hash.ts"
import type { Entry } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { entryBody, link } from "../../src/record/codec.ts"
import { Redaction, Surveyor } from "../../src/record/redact.ts"
import { Pseudonyms } from "../../src/record/redactNames.ts"
import type { Options } from "../../src/record/replay.ts"
import { Replay } from "../../src/record/replay.ts"
import type { BreakReason, Previous } from "../../src/record/Segment.ts"
import type { Verdict } from "../../src/record/Verdict.ts"
import { chainStart, footerBody, gapBody, openingBodies } from "../../src/record/write.ts"

/** Writes segments line by line; `open` begins one, anything appended goes to the last. */
export class SegmentWriter {
  readonly texts: Array<string> = []
  #chain: Digest = chainStart(0)
  readonly #run: string
  readonly #seed: number

  constructor(run = "run", seed = 1) {
    this.#run = run
    this.#seed = seed
  }

  get chain(): string {
    return toHex(this.#chain)
  }

  open(state: State, previous: Previous | null = null, after: BreakReason | null = null): this {
    const segment = this.texts.push("")
    this.#chain = chainStart(segment)
    const opening = { run: { id: this.#run, seed: this.#seed }, segment, previous, after, state }
    for (const body of openingBodies(opening)) this.append(body)
    return this
  }

  append(body: string): this {
    const { text, chain } = link(this.#chain, body)
    this.#chain = chain
    this.texts[this.texts.length - 1] += text
    return this
  }

  footer(state: State): this {
    return this.append(footerBody(state))
  }

  gap(reason: BreakReason): this {
    return this.append(gapBody(reason))
  }
}

export interface Recorded {
  readonly texts: ReadonlyArray<string>
  readonly state: State
}

/**
 * The record of these entries, folded from `first`; after the counts in `cuts` (ascending, of entries) a new segment of the
 * same run begins.
 */
export function record(
  first: State,
  entries: ReadonlyArray<Entry>,
  cuts: ReadonlyArray<number> = [],
  end: "footer" | "open" = "footer"
): Recorded {
  const writer = new SegmentWriter().open(first)
  let state = first
  entries.forEach((entry, i) => {
    if (i > 0 && cuts.includes(i)) {
      writer.open(state, { segment: writer.texts.length, seq: state.seq, chain: writer.chain })
    }
    const advanced = advance(state, entry)
    state = advanced.state
    writer.append(entryBody(entry, advanced))
  })
  if (end === "footer") writer.footer(state)
  return { texts: writer.texts, state }
}

/** The lines of a segment, without newlines. */
export function linesOf(text: string): Array<string> {
  return text.split("\n").slice(0, -1)
}

export function textOf(lines: ReadonlyArray<string>): string {
  return lines.map((line) => `${line}\n`).join("")
}

/** Replays segments as if they were files 1, 2, ... */
export function replayed(texts: ReadonlyArray<string>, options: Options = {}): Verdict {
  const replay = new Replay(options)
  read(replay, texts)
  return replay.verdict()
}

function read(reader: LineReader, texts: ReadonlyArray<string>): void {
  for (const [i, text] of texts.entries()) {
    reader.segment(i + 1)
    for (const line of linesOf(text)) reader.line(line)
    reader.segmentEnd(text.length - text.lastIndexOf("\n") - 1, true)
    if (reader.done) return
  }
}

export interface RedactedCopy {
  readonly texts: ReadonlyArray<string>
  readonly names: Pseudonyms
  readonly original: Verdict
}

/** A redacted copy of segments, as if they were files 1, 2, ... */
export function redacted(texts: ReadonlyArray<string>, until?: number): RedactedCopy {
  const surveyor = new Surveyor(until)
  read(surveyor, texts)
  const names = new Pseudonyms(surveyor.survey)
  const redaction = new Redaction(names)
  const copies = surveyor.lines.map((most, i) => {
    redaction.segment(i + 1)
    let copy = { text: "", chain: chainStart(i + 1) }
    for (const line of linesOf(texts[i]!).slice(0, most)) {
      const bodies = redaction.line(line)
      if (bodies === undefined) throw new Error(`not the line that was verified: ${line}`)
      for (const one of bodies) {
        const { text, chain } = link(copy.chain, one)
        copy = { text: copy.text + text, chain }
      }
    }
    redaction.segmentEnd(toHex(copy.chain))
    return copy.text
  })
  return { texts: copies, names, original: surveyor.verdict() }
}
