/** Selection as contract 3.2 tells it, over everybody and from plain lists. */
import * as Vector from "../../src/core/data/Vector.ts"
import type { Candidate, CandidateId } from "../../src/core/model/Candidate.ts"
import type { UpstreamConfig } from "../../src/core/model/Config.ts"
import type { State } from "../../src/core/model/State.ts"

const MOST_CHALLENGES = 8

export const candidatesOf = (state: State, upstream: number): ReadonlyArray<Candidate> =>
  Vector.toArray(state.candidates).filter((one): one is Candidate => one !== null && one.upstream === upstream)

export const isSuspect = ({ suspicion }: Candidate) => suspicion.pending || suspicion.session
const cheapestFirst = (a: Candidate, b: Candidate) => a.costMs - b.costMs || a.id - b.id

/** A member with any of these goes at once. */
export function mayStay({ sources, costMs, breaker }: Candidate): boolean {
  return sources.length > 0 && costMs >= 0 && breaker.state === "closed"
}

export function isBelowMinScore({ costMs }: Candidate, { scoring, selector }: UpstreamConfig): boolean {
  return (100 * scoring.referenceMs) / (scoring.referenceMs + costMs) < selector.minScore
}

export function mayEnter(candidate: Candidate, config: UpstreamConfig): boolean {
  return mayStay(candidate) && !isSuspect(candidate) && !isBelowMinScore(candidate, config)
}

interface Streak {
  readonly byOutlook: number
  readonly byCost: number
  readonly entryAtUs: number
}

export class SelectorModel {
  members: ReadonlyArray<CandidateId> = []
  #sinceUs = new Map<CandidateId, number>()
  #streaks = new Map<CandidateId, Streak>()
  readonly #config: UpstreamConfig
  readonly #upstream: number

  constructor(config: UpstreamConfig, upstream: number) {
    this.#config = config
    this.#upstream = upstream
  }

  evaluate(state: State): void {
    const { activeSetSize, switching } = this.#config.selector
    const all = candidatesOf(state, this.#upstream)
    const set = all.filter((one) => this.members.includes(one.id) && mayStay(one))
    const entrants = all.filter((one) => !set.includes(one) && mayEnter(one, this.#config)).sort(cheapestFirst)
    const enter = (candidate: Candidate) => {
      set.push(candidate)
      this.#sinceUs.set(candidate.id, state.at)
    }
    while (set.length < activeSetSize && entrants.length > 0) enter(entrants.shift()!)
    const worst = () => set.toSorted((a, b) => b.costMs - a.costMs || b.id - a.id)[0]
    const cheaper = set.length < activeSetSize ? [] : entrants.filter(({ costMs }) => costMs < worst()!.costMs)
    const streaks = new Map<CandidateId, Streak>()
    const ready = cheaper.slice(0, MOST_CHALLENGES).filter((challenger) => {
      const streak = this.#streak(challenger, worst()!)
      streaks.set(challenger.id, streak)
      return this.#isReady(challenger, worst()!, streak)
    })
    ready.sort((a, b) => a.outlookMs - b.outlookMs || cheapestFirst(a, b))
    let swaps = 0
    for (const challenger of ready) {
      const member = worst()!
      if (swaps >= switching.swapsPerEvaluation || !this.#mayGo(member, state.at)) break
      if (swaps > 0 && !this.#isReady(challenger, member, this.#streak(challenger, member))) continue
      swaps++
      set.splice(set.indexOf(member), 1)
      enter(challenger)
    }
    this.#streaks = swaps > 0 ? new Map() : streaks
    this.members = set.sort(cheapestFirst).map(({ id }) => id)
  }

  #margin(priceMs: number): number {
    const { marginMs, marginPercent } = this.#config.selector.switching
    return Math.max(marginMs, (marginPercent / 100) * priceMs)
  }

  #streak(challenger: Candidate, member: Candidate): Streak {
    const none: Streak = { byOutlook: 0, byCost: 0, entryAtUs: -1 }
    // Who was ahead by neither had no streak to go on with.
    const known = this.#streaks.get(challenger.id)
    const streak = known === undefined || known.byCost + known.byOutlook === 0 ? none : known
    const more = challenger.lastEntryAtUs > streak.entryAtUs ? 1 : 0
    const ahead = (gapMs: number, priceMs: number, before: number) => gapMs > this.#margin(priceMs) ? before + more : 0
    return {
      byOutlook: ahead(member.outlookMs - challenger.outlookMs, challenger.outlookMs, streak.byOutlook),
      byCost: ahead(member.costMs - challenger.costMs, challenger.costMs, streak.byCost),
      entryAtUs: challenger.lastEntryAtUs
    }
  }

  #isReady(challenger: Candidate, member: Candidate, { byOutlook, byCost }: Streak): boolean {
    const { confirmations, standing } = this.#config.selector.switching
    return byOutlook >= confirmations || byCost >= standing
      || member.outlookMs - challenger.outlookMs > 2 * this.#margin(challenger.outlookMs)
      || member.costMs - challenger.costMs > 2 * this.#margin(challenger.costMs)
  }

  #mayGo(member: Candidate, atUs: number): boolean {
    const heldUs = atUs - (this.#sinceUs.get(member.id) ?? atUs)
    return heldUs >= this.#config.selector.switching.holdMs * 1000 || isSuspect(member)
      || isBelowMinScore(member, this.#config)
  }
}
