/**
 * Replay: the fold over a record. It runs the same `advance` that ran live, and compares:
 * - for each entry, the digest of today's decisions with the recorded one;
 * - at state digests and footers, the whole state;
 * - for each client, whether its choice was admissible in the routes it used, and whether its attempts followed their plan.
 *
 * It never chooses again, and stops at the first problem.
 *
 * Feed it the segments in order: `segment(n)` before the lines of a file, `line(text)` for each whole line, `segmentEnd(torn,
 * intact)` after them, and `verdict()` at the end. Between two segments of a run the state must be the one in the next header,
 * unless that header names a break.
 */
import type { Advance } from "../core/advance.ts"
import { advance as liveAdvance } from "../core/advance.ts"
import * as Candidates from "../core/candidates.ts"
import { stateDigest } from "../core/digest.ts"
import type { Digest } from "../core/math/hash.ts"
import { toHex } from "../core/math/hash.ts"
import type { Candidate } from "../core/model/Candidate.ts"
import type { Decision } from "../core/model/Decision.ts"
import type { ClientAccepted, Entry } from "../core/model/Event.ts"
import type { Routes } from "../core/model/Routes.ts"
import type { State } from "../core/model/State.ts"
import type { Upstream } from "../core/model/Upstream.ts"
import { FORMAT_VERSION, MODEL_VERSION } from "../core/model/version.ts"
import { isAdmissible } from "../core/pick.ts"
import { restore } from "../core/restore.ts"
import * as Upstreams from "../core/upstreams.ts"
import { decodeEntry } from "../core/schema/Event.ts"
import { unlink } from "./codec.ts"
import { followsPlan } from "./followsPlan.ts"
import { SCHEMA_HASH } from "./schemaHash.ts"
import type { EntryLine, Header, Line, Previous } from "./Segment.ts"
import type { GapSummary, MoveSummary, Outcome, Problem, SegmentSummary, Verdict } from "./Verdict.ts"
import { unpacked } from "./sparse.ts"
import { chainStart } from "./write.ts"

/** Versions of the routes that are kept to judge choices. */
const ROUTES_KEPT = 4096

export interface Options {
  /** The last entry to replay. */
  readonly until?: number
  readonly advance?: Advance
  /** Called with each entry after it was folded. */
  readonly onEntry?: (entry: Entry, state: State, decisions: ReadonlyArray<Decision>) => void
}

interface Opened {
  readonly header: Header
  readonly upstreams: Array<Upstream>
  readonly candidates: Array<Candidate | null>
  linesLeft: number
  state: State | undefined
  entries: number
  end: SegmentSummary["end"]
}

export class Replay {
  readonly #advance: Advance
  readonly #options: Options
  readonly #segments: Array<SegmentSummary> = []
  readonly #gaps: Array<GapSummary> = []
  readonly #moves: Array<MoveSummary> = []
  readonly #routes = new Map<number, Routes>()
  #segment = 0
  #chain: Digest = chainStart(0)
  #opened: Opened | undefined
  #last: { readonly run: string; readonly previous: Previous; readonly state: State } | undefined
  #outcome: Outcome = "verified"
  #problem: Problem | null = null
  #reachedUntil = false
  #entries = 0
  #decisions = 0
  #checked = 0
  #unjudged = 0

  constructor(options: Options = {}) {
    this.#options = options
    this.#advance = options.advance ?? liveAdvance
  }

  /** true: further lines would change nothing. A problem was found, or `until` was reached. */
  get done(): boolean {
    return this.#problem !== null || this.#reachedUntil
  }

  segment(segment: number): void {
    this.#segment = segment
    this.#chain = chainStart(segment)
    this.#opened = undefined
  }

  line(text: string): void {
    if (this.done) return
    const read = unlink(this.#chain, text)
    if (read === undefined) {
      return this.#fail("altered", `${this.#where()} was changed, or lines before it are missing or moved`)
    }
    this.#chain = read.chain
    if (this.#opened === undefined) return this.#open(read.line)
    if (this.#opened.linesLeft > 0) return this.#fill(this.#opened, read.line)
    this.#advanceLine(this.#opened, read.line)
  }

  /** `torn`: characters after the last newline. `intact`: the file could be read to its end. */
  segmentEnd(torn: number, intact: boolean): void {
    const opened = this.#opened
    if (this.done && !this.#reachedUntil) return
    if (!intact) return this.#fail("altered", "the compressed segment cannot be read to its end")
    if (opened === undefined || opened.state === undefined) {
      this.#segments.push({ segment: this.#segment, run: "", firstSeq: -1, entries: 0, end: "crash", tornChars: torn })
      return
    }
    const { seq } = opened.state
    const run = opened.header.run
    const firstSeq = opened.header.head.seq + 1
    if (this.#reachedUntil) opened.end = "until"
    this.#segments.push({ segment: this.#segment, run, firstSeq, entries: opened.entries, end: opened.end, tornChars: torn })
    this.#last = { run, previous: { segment: this.#segment, seq, chain: toHex(this.#chain) }, state: opened.state }
  }

  verdict(): Verdict {
    const state = this.#opened?.state ?? this.#last?.state
    return {
      outcome: this.#outcome,
      problem: this.#problem,
      model: MODEL_VERSION,
      entries: this.#entries,
      decisions: this.#decisions,
      choices: { checked: this.#checked, unjudged: this.#unjudged },
      segments: this.#segments,
      gaps: this.#gaps,
      moves: this.#moves,
      state: state === undefined ? "" : toHex(stateDigest(state))
    }
  }

  #where(): string {
    const { state, entries } = this.#opened ?? {}
    if (state === undefined) return `the opening of segment ${this.#segment}`
    return `entry ${state.seq + 1} (line of entry ${(entries ?? 0) + 1} in segment ${this.#segment})`
  }

  #fail(outcome: Outcome, what: string, seq?: number): void {
    this.#outcome = outcome
    const next = this.#opened?.state === undefined ? (this.#last?.previous.seq ?? -1) : this.#opened.state.seq + 1
    this.#problem = { segment: this.#segment, seq: seq ?? next, what }
  }

  #open(line: Line): void {
    if (!("kind" in line) || line.kind !== "header") return this.#fail("altered", "the segment does not begin with a header")
    if (line.format !== FORMAT_VERSION || line.model !== MODEL_VERSION || line.schema !== SCHEMA_HASH) {
      const made = `format ${line.format}, model ${line.model}`
      return this.#fail("incompatible", `made by ${made}; this is format ${FORMAT_VERSION}, model ${MODEL_VERSION}`)
    }
    this.#opened = {
      header: line,
      upstreams: [],
      candidates: [],
      linesLeft: line.upstreamLines + line.candidateLines,
      state: undefined,
      entries: 0,
      end: "crash"
    }
    if (this.#opened.linesLeft === 0) this.#begin(this.#opened)
  }

  #fill(opened: Opened, line: Line): void {
    if (!("kind" in line) || (line.kind !== "upstreams" && line.kind !== "candidates")) {
      return this.#fail("altered", "the opening of the segment is incomplete")
    }
    if (line.kind === "upstreams") opened.upstreams.push(...line.items)
    else opened.candidates.push(...line.items)
    if (--opened.linesLeft === 0) this.#begin(opened)
  }

  /** The opening is complete: compares it with the end of the segment before. */
  #begin(opened: Opened): void {
    const { header, upstreams, candidates } = opened
    const last = this.#last
    const state = restore(unpacked(header.config), { ...header.head, upstreams, candidates })
    const follows = last !== undefined && last.run === header.run
    if (header.after !== null) this.#gap(header, follows ? last.previous.seq : -1)
    else if (follows) {
      if (!continues(header.previous, last.previous)) {
        return this.#fail("altered", `entries after ${last.previous.seq} are missing before segment ${header.segment}`)
      } else if (toHex(stateDigest(last.state)) !== toHex(stateDigest(state))) {
        return this.#fail("diverged", `the state that segment ${header.segment} starts from is another one`)
      }
      const before = this.#segments.pop()
      if (before !== undefined) this.#segments.push({ ...before, end: "continued" })
    }
    if (last?.run !== header.run || header.after !== null) this.#routes.clear()
    opened.state = state
    this.#routes.set(state.routes.version, state.routes)
  }

  #gap(header: Header, afterSeq: number): void {
    if (header.after === null || header.after === "core-restarted") return
    this.#gaps.push({ run: header.run, afterSeq, beforeSeq: header.head.seq + 1, reason: header.after })
  }

  #advanceLine(opened: Opened, line: Line): void {
    if (!("kind" in line)) return this.#entry(opened, line)
    const state = opened.state as State
    if (line.kind === "footer") {
      opened.end = "closed"
      if (line.state !== toHex(stateDigest(state))) this.#fail("diverged", "the last state is another one", state.seq)
    } else if (line.kind === "gap") opened.end = "gap"
    else this.#fail("altered", `a ${line.kind} line stands among the entries`)
  }

  #entry(opened: Opened, line: EntryLine): void {
    const before = opened.state as State
    if (this.#options.until !== undefined && line.seq > this.#options.until) {
      this.#reachedUntil = true
      return
    }
    const { seq, at, event, decided = "", state: stateText } = line
    let entry: Entry
    try {
      entry = decodeEntry({ seq, at, event })
    } catch (cause) {
      return this.#fail("altered", `entry ${line.seq} is no event of this model: ${String(cause)}`)
    }
    if (entry.seq !== before.seq + 1) return this.#fail("altered", `entry ${entry.seq} follows entry ${before.seq}`)
    const { state, decisions, digest } = this.#advance(before, entry)
    opened.state = state
    opened.entries++
    this.#entries++
    this.#decisions += decisions.length
    this.#collect(opened.header.run, entry, state, decisions)
    if ((digest === null ? "" : toHex(digest)) !== decided) {
      return this.#fail("diverged", `entry ${entry.seq} (${entry.event._tag}) decides otherwise now`, entry.seq)
    }
    if (stateText !== undefined && stateText !== toHex(stateDigest(state))) {
      return this.#fail("diverged", `the state after entry ${entry.seq} is another one`, entry.seq)
    }
    if (entry.event._tag === "ClientAccepted") this.#judge(entry.event, entry.seq)
    this.#options.onEntry?.(entry, state, decisions)
  }

  #judge(event: ClientAccepted, seq: number): void {
    const routes = this.#routes.get(event.routes)?.upstreams[event.upstream]
    if (routes === undefined) {
      this.#unjudged++
      return
    }
    this.#checked++
    if (!isAdmissible(routes, event.chosen)) {
      this.#fail("diverged", `the choice of session ${event.session} was not admissible in routes ${event.routes}`, seq)
    } else if (!followsPlan(routes, event)) {
      this.#fail("diverged", `session ${event.session} did not follow its dial plan in routes ${event.routes}`, seq)
    }
  }

  #collect(run: string, { seq }: Entry, state: State, decisions: ReadonlyArray<Decision>): void {
    if (!this.#routes.has(state.routes.version)) {
      this.#routes.set(state.routes.version, state.routes)
      if (this.#routes.size > ROUTES_KEPT) this.#routes.delete(this.#routes.keys().next().value as number)
    }
    for (const decision of decisions) {
      if (decision._tag !== "SelectionMoved") continue
      this.#moves.push({
        run,
        seq,
        upstream: Upstreams.labelOf(state, decision.upstream),
        members: decision.members.map((id) => Candidates.labelOf(state, id)),
        moves: decision.moves.map(({ candidate, ...move }) => ({ candidate: Candidates.labelOf(state, candidate), ...move }))
      })
    }
  }
}

function continues(claimed: Previous | null, actual: Previous): boolean {
  return claimed !== null && claimed.segment === actual.segment && claimed.seq === actual.seq
    && claimed.chain === actual.chain
}
