/**
 * Facts: what happened, for people and programs. An observer makes them, so they come from the same entries as the record. A
 * reader that falls behind loses the oldest facts, and sees a jump of `seq`.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import type { State } from "../../core/model/State.ts"
import type { Folded } from "../Observer.ts"
import type { Addresses } from "../privacy.ts"
import { FactBudget } from "./FactBudget.ts"
import type { Fields, Tell } from "./PublicFact.ts"
import { tellDecision } from "./factBodies.ts"
import type { FactBody, FactKind, PublicFact } from "./PublicFact.ts"

export interface FactsOptions {
  /** Facts of each kind. Further ones are counted, and the next fact that passes reports their number. */
  readonly perSecond: number
  /** The last facts, for readers that come back. Readers may fall behind by as many. */
  readonly kept: number
  readonly addresses: Addresses
}

export class Facts extends Context.Service<Facts, {
  /** Facts from now on, without end. */
  readonly stream: Stream.Stream<PublicFact>
  /** The stored facts after `seq` and all that follow; all stored facts if `seq` was not used yet. */
  readonly streamAfter: (seq: number) => Stream.Stream<PublicFact>
  /** Number of the last fact; 0 before the first. */
  readonly latestUnsafe: () => number
  /** Reports what the core does not know. */
  readonly tell: <K extends FactKind>(kind: K, fields: Fields<K>) => Effect.Effect<void>
  /** Facts that the rate limit suppressed since start, by kind. Kinds that lost none are absent. */
  readonly droppedUnsafe: () => ReadonlyMap<FactKind, number>
  /** Makes the facts of an entry. */
  readonly seeUnsafe: Folded
}>()("fairlead/shell/facts/Facts") {
  static readonly layer = (options: FactsOptions): Layer.Layer<Facts> => Layer.effect(Facts, make(options))
  static readonly observer: Effect.Effect<ReadonlyArray<Folded>, never, Facts> = Effect.map(
    Facts,
    (facts) => [facts.seeUnsafe]
  )
}

const make = Effect.fnUntraced(function* ({ perSecond, kept, addresses }: FactsOptions) {
  const pubsub = yield* PubSub.sliding<PublicFact>(kept)
  const budget = new FactBudget(perSecond)
  /** Fact n is at (n - 1) modulo `kept`. */
  const ring: Array<PublicFact> = []
  let seq = 0
  let restarts = -1

  const publish = (kind: FactKind, entry: number, atMs: number, build: () => object) => {
    const suppressed = budget.take(kind, atMs)
    if (suppressed === undefined) return
    const stamped = { v: 1 as const, kind, seq: ++seq, entry, at: new Date(atMs).toISOString() }
    const dropped = suppressed === 0 ? {} : { dropped: suppressed }
    const fact = { ...stamped, ...(build() as FactBody), ...dropped } as PublicFact
    ring[(seq - 1) % kept] = fact
    // If a reader has fallen behind, `publishUnsafe` would drop this fact instead of the oldest.
    Effect.runSync(PubSub.publish(pubsub, fact))
  }

  const seeUnsafe: Folded = (entry, decisions, state) => {
    const tell: Tell = (kind, build) => publish(kind, entry.seq, wallMs(state), build)
    // The first `Started` is a start. Every other one follows a failure of the core.
    if (entry.event._tag === "Started" && ++restarts > 0) {
      tell("CoreRestarted", () => ({ upstream: null, restarts }))
    }
    for (const decision of decisions) tellDecision(state, decision, addresses, tell)
  }

  const keptAfter = (after: number) => {
    const found: Array<PublicFact> = []
    for (let i = Math.max(after, seq - kept); i < seq; i++) found.push(ring[i % kept] as PublicFact)
    return found
  }

  const streamAfter = (after: number) =>
    Stream.unwrap(Effect.gen(function* () {
      const subscription = yield* PubSub.subscribe(pubsub)
      const missed = keptAfter(after > seq ? 0 : after)
      // Facts that were published between the subscription and this line are in both.
      const known = seq
      const fresh = Stream.filter(Stream.fromSubscription(subscription), (fact) => fact.seq > known)
      return Stream.concat(Stream.fromIterable(missed), fresh)
    }))

  return Facts.of({
    stream: Stream.fromPubSub(pubsub),
    streamAfter,
    latestUnsafe: () => seq,
    tell: (kind, fields) => Effect.map(Clock.currentTimeMillis, (atMs) => publish(kind, -1, atMs, () => fields)),
    droppedUnsafe: () => budget.dropped,
    seeUnsafe
  })
})

/** The moment of the last entry. */
function wallMs({ wall, at }: State): number {
  return Math.floor(wall.ms + (at - wall.atUs) / 1000)
}
