/** Gauges, and counters of other parts: read at each scrape. */
import * as Candidates from "../../core/candidates.ts"
import * as Ordered from "../../core/data/Ordered.ts"
import * as Vector from "../../core/data/Vector.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { TlsStage } from "../../core/model/Event.ts"
import type { State } from "../../core/model/State.ts"
import type { Upstream } from "../../core/model/Upstream.ts"
import { scoreOf } from "../../core/candidate/cost.ts"
import * as Stages from "../../core/upstream/tlsStages.ts"
import * as Upstreams from "../../core/upstreams.ts"
import type { ListenerStatus } from "../../plane/ports/ListenerStatus.ts"
import * as catalogue from "./catalogue.ts"
import type { EntryMeters } from "./EntryMeters.ts"
import type { Meters, Update } from "./Meters.ts"
import type { UpstreamMeters } from "./UpstreamMeters.ts"

/** Candidates of the ranking after the members that have a series of their own. */
const NEXT = 5

export interface Sources {
  readonly stateUnsafe: () => State
  readonly listenersUnsafe: () => ReadonlyArray<ListenerStatus>
  readonly gapsUnsafe: () => number
  /** Failures of the history file, by kind. */
  readonly troublesUnsafe: () => ReadonlyMap<string, number>
  /** DNS queries that failed, by upstream and reason. */
  readonly unresolvedUnsafe: () => ReadonlyMap<string, ReadonlyMap<string, number>>
  /** Spans that were dropped, and entries that could not be counted. */
  readonly droppedUnsafe: () => number
  /** In ms. */
  readonly lagUnsafe: () => number
}

interface Shown {
  readonly upstream: string
  readonly candidate: string
}

/** All hosts on demand share one series. */
interface Sums {
  shut: number
  warm: number
  /** Breakers of stages of TLS that are off. Where a stage never failed there is no number. */
  readonly off: Map<TlsStage, number>
}

export class ScrapedMeters {
  readonly #meters: Meters
  readonly #entries: EntryMeters
  readonly #lag: Update
  readonly #gaps: Update
  readonly #dropped: Update
  readonly #outage: Update
  readonly #autoDisabled: Update
  #shown = new Map<string, Shown>()
  #listening = new Set<string>()
  /** Stages of TLS that have failed. */
  readonly #staged = new Map<UpstreamMeters, ReadonlySet<TlsStage>>()
  #gapsSeen = 0
  readonly #troublesSeen = new Map<string, number>()
  readonly #unresolvedSeen = new Map<string, number>()
  #droppedSeen = 0

  constructor(meters: Meters, entries: EntryMeters) {
    this.#meters = meters
    this.#entries = entries
    this.#lag = meters.of(catalogue.lag, {})
    this.#gaps = meters.of(catalogue.gaps, {})
    this.#dropped = meters.of(catalogue.dropped, {})
    this.#outage = meters.of(catalogue.outage, {})
    this.#autoDisabled = meters.of(catalogue.autoDisabled, {})
  }

  read(
    { stateUnsafe, listenersUnsafe, gapsUnsafe, troublesUnsafe, unresolvedUnsafe, droppedUnsafe, lagUnsafe }: Sources
  ): void {
    const gaps = gapsUnsafe()
    this.#gaps(gaps - this.#gapsSeen)
    this.#gapsSeen = gaps
    for (const [what, times] of troublesUnsafe()) {
      this.#meters.of(catalogue.history, { what })(times - (this.#troublesSeen.get(what) ?? 0))
      this.#troublesSeen.set(what, times)
    }
    this.#unresolved(unresolvedUnsafe())
    const dropped = droppedUnsafe()
    this.#dropped(dropped - this.#droppedSeen)
    this.#droppedSeen = dropped
    this.#lag(lagUnsafe() / 1_000)
    this.#listeners(listenersUnsafe())
    const state = stateUnsafe()
    this.#outage(state.outage.sinceUs < 0 ? 0 : 1)
    this.#autoDisabled(state.autoDisable.untilUs < 0 ? 0 : 1)
    const shown = new Map<string, Shown>()
    const sums = new Map<UpstreamMeters, Sums>()
    for (const upstream of Vector.toArray(state.upstreams)) this.#upstream(state, upstream, shown, sums)
    for (const [meters, { shut, warm, off }] of sums) {
      meters.breakers(shut)
      meters.warm(warm)
      if (off.size > 0) this.#staged.set(meters, new Set([...this.#staged.get(meters) ?? [], ...off.keys()]))
    }
    for (const [meters, stages] of this.#staged) {
      // A breaker that is forgotten, as after a reload, is not off.
      for (const stage of stages) meters.tlsStageOff(stage)(sums.get(meters)?.off.get(stage) ?? 0)
    }
    for (const [key, labels] of this.#shown) if (!shown.has(key)) this.#meters.remove(catalogue.score, labels)
    this.#shown = shown
  }

  #unresolved(counts: ReadonlyMap<string, ReadonlyMap<string, number>>): void {
    for (const [upstream, reasons] of counts) {
      for (const [reason, times] of reasons) {
        const key = `${upstream} ${reason}`
        this.#meters.of(catalogue.unresolved, { upstream, reason })(times - (this.#unresolvedSeen.get(key) ?? 0))
        this.#unresolvedSeen.set(key, times)
      }
    }
  }

  #listeners(listeners: ReadonlyArray<ListenerStatus>): void {
    const listening = new Set(listeners.map(({ name }) => name))
    for (const name of this.#listening) if (!listening.has(name)) this.#meters.remove(catalogue.active, { listener: name })
    this.#listening = listening
    for (const one of listeners) this.#listener(one)
  }

  #listener({ name, connections, refused, turnedAway }: ListenerStatus): void {
    const listener = this.#entries.listener(name)
    this.#meters.of(catalogue.active, { listener: name })(connections)
    for (const [result, count = 0] of Object.entries({ ...turnedAway, refused })) {
      const seen = listener.seen.get(result) ?? 0
      if (count === seen) continue
      // The count of a listener that was bound anew starts from 0.
      listener.connections(result)(count > seen ? count - seen : count)
      listener.seen.set(result, count)
    }
  }

  #upstream(state: State, upstream: Upstream, shown: Map<string, Shown>, sums: Map<UpstreamMeters, Sums>): void {
    const meters = this.#entries.upstream(state, upstream.id)
    const sum = sums.get(meters) ?? { shut: 0, warm: 0, off: new Map() }
    sum.shut += upstream.shut
    for (const id of upstream.warmPools) sum.warm += Candidates.find(state, id)?.warm.ready.length ?? 0
    for (const breaker of upstream.tlsStages) {
      sum.off.set(breaker.stage, (sum.off.get(breaker.stage) ?? 0) + (Stages.isOff(breaker) ? 1 : 0))
    }
    sums.set(meters, sum)
    // A host on demand has too many candidates for a series each.
    if (Upstreams.configOf(state, upstream.id).onDemand) return
    for (const id of bestOf(state, upstream)) {
      const candidate = Candidates.find(state, id)
      const scoring = state.config.upstreams[upstream.id]?.scoring
      if (candidate === undefined || candidate.costMs < 0 || scoring === undefined) continue
      const labels: Shown = { upstream: meters.name, candidate: Candidates.labelOf(state, id) }
      this.#meters.of(catalogue.score, labels)(scoreOf(candidate.costMs, scoring.referenceMs))
      shown.set(labels.candidate, labels)
    }
  }
}

/** The members, and the next candidates of the ranking. */
function bestOf(state: State, { id, members }: Upstream): ReadonlyArray<CandidateId> {
  const found = members.slice()
  Ordered.visit(Vector.get(state.index.rankings, id) ?? null, (_cost, candidate) => {
    if (!members.includes(candidate)) found.push(candidate)
    return found.length < members.length + NEXT
  })
  return found
}
