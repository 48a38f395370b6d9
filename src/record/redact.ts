/**
 * A redacted copy of a record. Addresses are in the core's decisions and state, so its digests and chains cannot stay. The
 * renamed entries pass through the same `advance` that ran live, from the renamed state of each header, and are written anew.
 * The copy has the same segments, entries, gaps and ends. A line that a crash cut off is left out.
 */
import { advance } from "../core/advance.ts"
import type { Digest } from "../core/math/hash.ts"
import type { Candidate } from "../core/model/Candidate.ts"
import type { State } from "../core/model/State.ts"
import type { Upstream } from "../core/model/Upstream.ts"
import { restore } from "../core/restore.ts"
import { decodeEntry } from "../core/schema/Event.ts"
import { entryBody, unlink } from "./codec.ts"
import { renamedEvent, renamedLine } from "./redactLine.ts"
import type { Renaming } from "./redactNames.ts"
import { Survey } from "./redactNames.ts"
import { Replay } from "./replay.ts"
import type { EntryLine, Header, Line, Previous } from "./Segment.ts"
import type { SegmentSummary, Verdict } from "./Verdict.ts"
import { chainStart, footerBody, gapBody, openingBodies } from "./write.ts"

/** Stands for the chain of a segment that is not in the record. */
const UNKNOWN_CHAIN = "0".repeat(16)

/** The first reading of a record: it replays the record and collects what has to be renamed. */
export class Surveyor {
  readonly survey = new Survey()
  readonly #replay: Replay
  readonly #lines: Array<number> = []

  constructor(until?: number) {
    const onEntry = ({ event }: Parameters<typeof renamedEntry>[0]) => void renamedEvent(event, this.survey)
    this.#replay = new Replay({ onEntry, ...(until === undefined ? {} : { until }) })
  }

  get done(): boolean {
    return this.#replay.done
  }

  /** Lines of each segment that were replayed. A record that still grows is copied as far as it was judged. */
  get lines(): ReadonlyArray<number> {
    return this.#lines
  }

  segment(segment: number): void {
    this.#lines.push(0)
    this.#replay.segment(segment)
  }

  line(text: string): void {
    this.#replay.line(text)
    if (this.#replay.done) return
    this.#lines[this.#lines.length - 1]! += 1
    if (text.startsWith('{"kind":')) renamedLine(JSON.parse(text) as Exclude<Line, EntryLine>, this.survey)
  }

  segmentEnd(torn: number, intact: boolean): void {
    this.#replay.segmentEnd(torn, intact)
  }

  verdict(): Verdict {
    return this.#replay.verdict()
  }
}

interface Opened {
  readonly header: Header
  readonly upstreams: Array<Upstream>
  readonly candidates: Array<Candidate | null>
  linesLeft: number
  state: State | undefined
}

/** The second reading: it takes the lines of a verified record and gives the line bodies of the copy. */
export class Redaction {
  readonly #names: Renaming
  #segment = 0
  #chain: Digest = chainStart(0)
  #opened: Opened | undefined
  #last: { readonly run: string; readonly previous: Previous } | undefined

  constructor(names: Renaming) {
    this.#names = names
  }

  segment(segment: number): void {
    this.#segment = segment
    this.#chain = chainStart(segment)
    this.#opened = undefined
  }

  /** What to write for one line; undefined: it is not the line that was verified. */
  line(text: string): Iterable<string> | undefined {
    const read = unlink(this.#chain, text)
    if (read === undefined) return undefined
    this.#chain = read.chain
    const { line } = read
    if (!("kind" in line)) return this.#entry(line)
    const renamed = renamedLine(line, this.#names)
    switch (renamed.kind) {
      case "header":
        return this.#open(renamed)
      case "upstreams":
        return this.#fill((opened) => opened.upstreams.push(...renamed.items))
      case "candidates":
        return this.#fill((opened) => opened.candidates.push(...renamed.items))
      case "footer":
        return this.#opened?.state === undefined ? undefined : [footerBody(this.#opened.state)]
      case "gap":
        return [gapBody(renamed.reason, renamed.culprit)]
    }
  }

  /** `chain`: the end of the copy's segment. */
  segmentEnd(chain: string): void {
    const { header, state } = this.#opened ?? {}
    if (header === undefined || state === undefined) return
    this.#last = { run: header.run, previous: { segment: this.#segment, seq: state.seq, chain } }
  }

  #open(header: Header): Iterable<string> | undefined {
    const linesLeft = header.upstreamLines + header.candidateLines
    this.#opened = { header, upstreams: [], candidates: [], linesLeft, state: undefined }
    return linesLeft === 0 ? this.#begin(this.#opened) : []
  }

  #fill(add: (opened: Opened) => void): Iterable<string> | undefined {
    const opened = this.#opened
    if (opened === undefined) return undefined
    add(opened)
    return --opened.linesLeft === 0 ? this.#begin(opened) : []
  }

  #begin(opened: Opened): Iterable<string> {
    const { header, upstreams, candidates } = opened
    const state = restore(header.config, { ...header.head, upstreams, candidates })
    opened.state = state
    const { run: id, seed, after } = header
    return openingBodies({ run: { id, seed }, segment: this.#segment, previous: this.#previousOf(header), after, state })
  }

  #previousOf({ previous, run }: Header): Previous | null {
    if (previous === null) return null
    return this.#last?.run === run ? this.#last.previous : { ...previous, chain: UNKNOWN_CHAIN }
  }

  #entry(line: EntryLine): Iterable<string> | undefined {
    if (this.#opened?.state === undefined) return undefined
    const entry = renamedEntry(line, this.#names)
    const advanced = advance(this.#opened.state, entry)
    this.#opened.state = advanced.state
    return [entryBody(entry, advanced)]
  }
}

function renamedEntry({ seq, at, event }: Pick<EntryLine, "seq" | "at" | "event">, names: Renaming) {
  return { seq, at, event: renamedEvent(decodeEntry({ seq, at, event }).event, names) }
}

/** Whether the copy was judged like the original, except for names, state digests and cut lines. */
export function agrees(original: Verdict, copy: Verdict, names: Renaming): boolean {
  const labelled = (label: string) => {
    const at = label.lastIndexOf("#")
    return `${names.label(label.slice(0, at))}${label.slice(at)}`
  }
  const cut = (one: SegmentSummary) => ({ ...one, end: one.end === "until" ? "crash" : one.end, tornChars: 0 })
  const moves = original.moves.map((one) => ({
    ...one,
    upstream: names.label(one.upstream),
    members: one.members.map(labelled),
    moves: one.moves.map((move) => ({ ...move, candidate: labelled(move.candidate) }))
  }))
  const expected: Verdict = {
    ...original,
    segments: original.segments.map(cut) as Verdict["segments"],
    moves,
    state: copy.state
  }
  return JSON.stringify(expected) === JSON.stringify(copy)
}
