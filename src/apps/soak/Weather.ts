/** What really happened to the network, so that a client's failure can be judged. */
import type { Outcome } from "../../adapters/soak/client.ts"
import type { Excuse } from "./Tally.ts"
import type { GroupName } from "./world.ts"

/** Time in which a fault may be found out by the clients that meet it. */
export const DETECTION_MS = 1_000
/** A session that is older than this when a fault begins is not one of the short sessions of the soak. */
const IN_FLIGHT_MS = 300

interface Span {
  readonly fromMs: number
  readonly untilMs: number
}

/** Times of one kind. Old ones are forgotten, because clients do not live that long. */
class Spans {
  #spans: ReadonlyArray<Span> = []

  begin(atMs: number): void {
    this.#spans = [...this.#spans.slice(-7), { fromMs: atMs, untilMs: Number.POSITIVE_INFINITY }]
  }

  end(atMs: number): void {
    const last = this.#spans.at(-1)
    if (last !== undefined) this.#spans = [...this.#spans.slice(0, -1), { ...last, untilMs: atMs }]
  }

  overlaps(fromMs: number, untilMs: number): boolean {
    return this.#spans.some((span) => span.fromMs <= untilMs && fromMs < span.untilMs)
  }
}

export class Weather {
  readonly #down: Record<GroupName, Spans> = { web: new Spans(), names: new Spans(), crowd: new Spans() }
  /** Each onset of a fault lasts for a moment. */
  readonly #onsets: Record<GroupName, Spans> = { web: new Spans(), names: new Spans(), crowd: new Spans() }
  /** Faults behind a good handshake: nothing but a client can find them out, for each target by itself. */
  readonly #hidden: Record<GroupName, Spans> = { web: new Spans(), names: new Spans(), crowd: new Spans() }
  /** When the first client of each target met the present hidden fault. */
  readonly #met: Record<GroupName, Map<string, number>> = { web: new Map(), names: new Map(), crowd: new Map() }
  /** Fairlead has no say: it is switched off, or no name is resolved. */
  readonly #withoutPool = new Spans()

  struck(group: GroupName, atMs: number): void {
    this.#onsets[group].begin(atMs)
    this.#onsets[group].end(atMs + 1)
  }

  hidden(group: GroupName, isSo: boolean, atMs: number): void {
    if (!isSo) return this.#hidden[group].end(atMs)
    this.#hidden[group].begin(atMs)
    this.#met[group].clear()
  }

  allDown(group: GroupName, isDown: boolean, atMs: number): void {
    if (isDown) this.#down[group].begin(atMs)
    else this.#down[group].end(atMs)
  }

  withoutPool(isSo: boolean, atMs: number): void {
    if (isSo) this.#withoutPool.begin(atMs)
    else this.#withoutPool.end(atMs)
  }

  wasWithoutPool(arrivedMs: number): boolean {
    return this.#withoutPool.overlaps(arrivedMs, arrivedMs)
  }

  /** `target`: what judges addresses by itself, such as a name of one service. */
  excuse(group: GroupName, target: string, arrivedMs: number, endedMs: number, outcome: Outcome): Excuse {
    if (outcome === "served") return "none"
    if (this.#down[group].overlaps(arrivedMs, endedMs)) return "none-could"
    const untilMs = Math.min(endedMs, arrivedMs + IN_FLIGHT_MS)
    if (this.#onsets[group].overlaps(arrivedMs - DETECTION_MS, untilMs)) return "caught"
    if (!this.#hidden[group].overlaps(arrivedMs, arrivedMs)) return "none"
    const metMs = this.#met[group].get(target) ?? arrivedMs
    this.#met[group].set(target, metMs)
    return arrivedMs <= metMs + DETECTION_MS ? "caught" : "none"
  }
}
