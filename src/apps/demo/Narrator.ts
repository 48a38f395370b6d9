/** The narrator: it turns facts and published routes into a story, and reads nothing else. */
import { labelOf } from "../../core/candidates.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { Fact } from "../../core/model/Decision.ts"
import type { Member } from "../../core/model/Routes.ts"
import type { Engine } from "../../shell/Engine.ts"
import type { StoryLine } from "./Frame.ts"
import { firstChoice, sentences, whyMoved } from "./sentences.ts"

/** A record that goes wrong for ten minutes must not fill the memory. */
const MOST_LINES = 2_000

/** A first choice that lasts for less than this is not mentioned. */
const STANDS_MS = 100
/** A sentence is repeated only after this long without it. */
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
  /** Changes of the first choice. */
  switches = 0
  /** Changes of the active set. */
  moves = 0
  #facts: Array<Fact> = []
  #choice: CandidateId = -1
  #version = -1
  #next: Considered | undefined
  readonly #lastToldMs = new Map<string, number>()
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

  /** Tells the facts since the last call, without repeating the same sentence again and again. */
  flush(engine: Engine["Service"]): void {
    const facts = this.#facts
    this.#facts = []
    for (const sentence of sentences(facts, (id) => labelOf(engine.stateUnsafe(), id))) {
      const lastMs = this.#lastToldMs.get(sentence)
      this.#lastToldMs.set(sentence, this.#nowMs())
      if (lastMs === undefined || this.#nowMs() - lastMs > AGAIN_MS) this.#add("fairlead", sentence)
    }
    for (const [sentence, atMs] of this.#lastToldMs) if (this.#nowMs() - atMs > AGAIN_MS) this.#lastToldMs.delete(sentence)
  }

  /** Reads the routes. A new first choice that stays for a moment is told. */
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

  /** What would be told if it stays. A choice that is being considered keeps its moment and its reason. */
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
