/** Selection as contract 3.2 defines it, over all candidates and from plain lists. */
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { UpstreamConfig } from "../../src/core/model/Config.ts"
import type { State } from "../../src/core/model/State.ts"
import type { Upstream } from "../../src/core/model/Upstream.ts"

const MOST_CHALLENGES = 8

export const candidatesOf = (state: State, upstream: number): ReadonlyArray<Candidate> =>
  Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null && one.upstream === upstream)

export const isSuspect = ({ suspicion }: Candidate) => suspicion.pending || suspicion.session
/** Whether its failures are why another candidate takes its place. */
export const isFailing = (one: Candidate) => one.streak === 0 || isSuspect(one)
const cheapestFirst = (a: Candidate, b: Candidate) => a.costMs - b.costMs || a.id - b.id

/** A member with any of these leaves at once. */
export function mayStay({ sources, costMs, breaker }: Candidate): boolean {
  return sources.length > 0 && costMs >= 0 && breaker.state === "closed"
}

export function isBelowMinScore({ costMs }: Candidate, { scoring, selector }: UpstreamConfig): boolean {
  return (100 * scoring.referenceMs) / (scoring.referenceMs + costMs) < selector.minScore
}

export function mayEnter(candidate: Candidate, config: UpstreamConfig): boolean {
  return mayStay(candidate) && !isSuspect(candidate) && !isBelowMinScore(candidate, config)
}

/** Whether the set stands: the network of a member is down, or all candidates of the order have failed and a member had worked. */
export function isStanding(state: State, { trouble, members }: Upstream): boolean {
  const known = members.map((id) => Candidates.find(state, id)).filter((one) => one !== undefined)
  return known.some(({ host, latency }) =>
    (state.outage.sinceUs >= 0 && !host.startsWith("127."))
    || (trouble !== null && trouble.commonAtUs >= 0 && latency.atUs >= 0)
  )
}

interface Streak {
  readonly byOutlook: number
  readonly byCost: number
  readonly entryAtUs: number
}

/** What a rollback restores. */
interface Kept {
  readonly members: ReadonlyArray<CandidateId>
  readonly sinceUs: ReadonlyMap<CandidateId, number>
  readonly streaks: ReadonlyMap<CandidateId, Streak>
}

export class SelectorModel {
  members: ReadonlyArray<CandidateId> = []
  /** Members that failed and lost their places, the latest last. */
  displaced: ReadonlyArray<CandidateId> = []
  #sinceUs: ReadonlyMap<CandidateId, number> = new Map()
  #streaks: ReadonlyMap<CandidateId, Streak> = new Map()
  /** When an empty set was filled last: its members are provisional for an interval of probing. */
  #filledUs = -Infinity
  #kept: Kept | undefined
  readonly #config: UpstreamConfig
  readonly #upstream: number

  constructor(config: UpstreamConfig, upstream: number) {
    this.#config = config
    this.#upstream = upstream
  }

  /** A trouble begins: remembers the set. */
  keep(): void {
    this.#kept = { members: this.members, sinceUs: this.#sinceUs, streaks: this.#streaks }
  }

  /** Restores the saved set, but for members that may not stay. */
  rollBack(may: (id: CandidateId) => boolean): void {
    const { members, sinceUs, streaks } = this.#kept!
    this.members = members.filter(may)
    this.#sinceUs = sinceUs
    this.#streaks = streaks
  }

  evaluate(state: State): void {
    const { activeSetSize, switching } = this.#config.selector
    const all = candidatesOf(state, this.#upstream)
    const set = all.filter((one) => this.members.includes(one.id) && mayStay(one))
    const failed = this.members.filter((id) => {
      const member = all.find((one) => one.id === id)
      return member !== undefined && member.sources.length > 0 && member.costMs >= 0 && member.breaker.state !== "closed"
    })
    const entrants = all.filter((one) => !set.includes(one) && mayEnter(one, this.#config)).sort(cheapestFirst)
    const sinceUs = new Map(this.#sinceUs)
    const wasEmpty = this.members.length === 0
    const entered = new Set<CandidateId>()
    const enter = (candidate: Candidate) => {
      set.push(candidate)
      entered.add(candidate.id)
      sinceUs.set(candidate.id, state.at)
    }
    while (set.length < activeSetSize && entrants.length > 0) enter(entrants.shift()!)
    this.#sinceUs = sinceUs
    const worst = () => set.toSorted((a, b) => b.costMs - a.costMs || b.id - a.id)[0]
    const cheaper = set.length < activeSetSize ? [] : entrants.filter(({ costMs }) => costMs < worst()!.costMs)
    const streaks = new Map<CandidateId, Streak>()
    const ready = cheaper.slice(0, MOST_CHALLENGES).filter((challenger) => {
      const streak = this.#streak(challenger, worst()!)
      streaks.set(challenger.id, streak)
      return this.#isReady(challenger, worst()!, streak, state.at)
    })
    ready.sort((a, b) => a.forecastMs - b.forecastMs || cheapestFirst(a, b))
    let swaps = 0
    for (const challenger of ready) {
      const member = worst()!
      if (swaps >= switching.swapsPerEvaluation || entered.has(member.id)) break
      if (!this.#isFree(challenger, member, state.at) && !this.#mayGo(member, state.at)) continue
      if (swaps > 0 && !this.#isReady(challenger, member, this.#streak(challenger, member), state.at)) continue
      swaps++
      set.splice(set.indexOf(member), 1)
      if (isFailing(member)) failed.push(member.id)
      enter(challenger)
    }
    this.#streaks = swaps > 0 ? new Map() : streaks
    this.members = set.sort(cheapestFirst).map(({ id }) => id)
    if (wasEmpty && set.length > 0) this.#filledUs = state.at
    const displaced = [...this.displaced.filter((id) => !failed.includes(id)), ...failed]
    this.displaced = displaced.filter((id) => !this.members.includes(id)).slice(-activeSetSize)
  }

  #margin(priceMs: number): number {
    const { marginMs, marginPercent } = this.#config.selector.switching
    return Math.max(marginMs, (marginPercent / 100) * priceMs)
  }

  #streak(challenger: Candidate, member: Candidate): Streak {
    const none: Streak = { byOutlook: 0, byCost: 0, entryAtUs: -1 }
    // A challenger that was ahead by neither had no streak to go on with.
    const known = this.#streaks.get(challenger.id)
    const streak = known === undefined || known.byCost + known.byOutlook === 0 ? none : known
    const more = challenger.windowClosedAtUs > streak.entryAtUs ? 1 : 0
    const ahead = (gapMs: number, priceMs: number, before: number) => gapMs > this.#margin(priceMs) ? before + more : 0
    return {
      byOutlook: ahead(member.forecastMs - challenger.forecastMs, challenger.forecastMs, streak.byOutlook),
      byCost: ahead(member.costMs - challenger.costMs, challenger.costMs, streak.byCost),
      entryAtUs: challenger.windowClosedAtUs
    }
  }

  /** Whether neither margin nor hold keeps it out: it lost its place by failing, or the place went to the first that answered. */
  #isFree(challenger: Candidate, member: Candidate, atUs: number): boolean {
    const isProvisional = this.#sinceUs.get(member.id) === this.#filledUs
      && atUs - this.#filledUs <= this.#config.probing.intervalMs * 1000
    return isProvisional || this.displaced.includes(challenger.id)
  }

  #isReady(challenger: Candidate, member: Candidate, { byOutlook, byCost }: Streak, atUs: number): boolean {
    const { confirmations, standing } = this.#config.selector.switching
    const isCheaper = challenger.forecastMs < member.forecastMs && challenger.costMs < member.costMs
    return (isCheaper && this.#isFree(challenger, member, atUs)) || byOutlook >= confirmations || byCost >= standing
      || member.forecastMs - challenger.forecastMs > 2 * this.#margin(challenger.forecastMs)
      || member.costMs - challenger.costMs > 2 * this.#margin(challenger.costMs)
  }

  #mayGo(member: Candidate, atUs: number): boolean {
    const heldUs = atUs - (this.#sinceUs.get(member.id) ?? atUs)
    return heldUs >= this.#config.selector.switching.holdMs * 1000 || isSuspect(member)
      || isBelowMinScore(member, this.#config)
  }
}
