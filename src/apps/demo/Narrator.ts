/** Narrator: turns what happens into a story, from the facts and the published routes alone. */
import { labelOf } from "../../core/candidates.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { Fact } from "../../core/model/Decision.ts"
import type { Member } from "../../core/model/Routes.ts"
import type { Engine } from "../../shell/Engine.ts"
import type { StoryLine } from "./Frame.ts"
import { firstChoice, sentences, whyMoved } from "./sentences.ts"

/** A record that goes wrong for ten minutes must not fill the memory. */
const MOST_LINES = 2_000

/** A first choice that lasts less than this is not spoken of. */
const STANDS_MS = 100
/** The same sentence is told again only after this long without it. */
const AGAIN_MS = 3_000

interface Considered {
  readonly candidate: CandidateId
  readonly atMs: number
  readonly text: string
}

export class Narrator {
  readonly #nowMs: () => number
  readonly #tell: (line: StoryLine) => void
  readonly story: Array<StoryLine> = []
  /** How often the first choice changed. */
  switches = 0
  /** How often the active set changed. */
  moves = 0
  #facts: Array<Fact> = []
  #choice: CandidateId = -1
  #version = -1
  #next: Considered | undefined
  readonly #toldAtMs = new Map<string, number>()
  #sceneAtMs = 0

  /** `tell` gets each line as it comes. */
  constructor(nowMs: () => number, tell: (line: StoryLine) => void) {
    this.#nowMs = nowMs
    this.#tell = tell
  }

  scene(text: string): void {
    this.#sceneAtMs = this.#nowMs()
    this.#add("world", text)
  }

  fact(fact: Fact): void {
    if (fact._tag === "SelectionMoved") this.moves++
    this.#facts.push(fact)
  }

  /** Tells the facts that have come together since the last time, but not the same again and again. */
  flush(engine: Engine["Service"]): void {
    const facts = this.#facts
    this.#facts = []
    for (const sentence of sentences(facts, (id) => labelOf(engine.stateUnsafe(), id))) {
      const toldAtMs = this.#toldAtMs.get(sentence)
      this.#toldAtMs.set(sentence, this.#nowMs())
      if (toldAtMs === undefined || this.#nowMs() - toldAtMs > AGAIN_MS) this.#add("fairlead", sentence)
    }
    for (const [sentence, atMs] of this.#toldAtMs) if (this.#nowMs() - atMs > AGAIN_MS) this.#toldAtMs.delete(sentence)
  }

  /** Looks at the routes; a first choice that is another one, and stays it for a moment, is told. */
  look(engine: Engine["Service"]): void {
    const routes = engine.routesUnsafe()
    if (routes.version !== this.#version) {
      this.#version = routes.version
      this.#next = this.#considered(engine, firstChoice(routes))
    }
    const next = this.#next
    if (next === undefined || this.#nowMs() - next.atMs < STANDS_MS) return
    this.#next = undefined
    if (this.#choice >= 0) this.switches++
    this.#choice = next.candidate
    this.#add("fairlead", next.text)
  }

  /** What would be told if it stands; what is being considered already keeps its moment and its reason. */
  #considered(engine: Engine["Service"], now: Member | undefined): Considered | undefined {
    if (now === undefined || now.candidate === this.#choice) return undefined
    if (this.#next?.candidate === now.candidate) return this.#next
    const label = (id: CandidateId) => labelOf(engine.stateUnsafe(), id)
    const after = `${((this.#nowMs() - this.#sceneAtMs) / 1000).toFixed(1)} s`
    const text = this.#choice < 0
      ? `sends clients to ${label(now.candidate)}, the nearest of those that answered`
      : `sends new clients to ${label(now.candidate)} after ${after}: ${
        whyMoved(engine.stateUnsafe(), this.#choice, now, label)
      }`
    return { candidate: now.candidate, atMs: this.#nowMs(), text }
  }

  #add(who: StoryLine["who"], text: string): void {
    const line = { atMs: this.#nowMs(), who, text }
    if (this.story.length < MOST_LINES) this.story.push(line)
    this.#tell(line)
  }
}
