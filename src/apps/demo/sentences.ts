/** Facts of the core in words, those that came together as one sentence. */
import { find, isSuspect } from "../../core/candidates.ts"
import type { CandidateId } from "../../core/model/Candidate.ts"
import type { BreakerOpened, Fact, SelectionMoved, SuspicionReason } from "../../core/model/Decision.ts"
import type { Member, Routes } from "../../core/model/Routes.ts"
import type { State } from "../../core/model/State.ts"

type Label = (id: CandidateId) => string

const SUSPICIONS: Readonly<Record<SuspicionReason, string>> = {
  pending: "a handshake is overdue",
  silent: "clients wait for an answer",
  reset: "a session was reset",
  unanswered: "sessions end without an answer",
  "parked-reset": "waiting sockets were reset together"
}

const MOVES: Readonly<Record<string, string>> = {
  cheaper: "cheaper by more than the margin",
  costlier: "costlier by more than the margin",
  failing: "it fails",
  shut: "shut out",
  filled: "for a free place",
  expired: "not heard of for too long",
  score: "its score is too low"
}

/** Sentences without a subject: it is Fairlead that does all this. */
export function sentences(facts: ReadonlyArray<Fact>, label: Label): ReadonlyArray<string> {
  const groups = new Map<string, { readonly say: (who: string) => string; readonly who: Array<string> }>()
  const say = (key: string, who: string, sentence: (who: string) => string) => {
    const group = groups.get(key) ?? { say: sentence, who: [] }
    groups.set(key, group)
    if (!group.who.includes(who)) group.who.push(who)
  }
  for (const fact of facts) {
    switch (fact._tag) {
      case "Suspected":
        say(`${fact._tag} ${fact.reason}`, label(fact.candidate), (who) => `suspects ${who}: ${SUSPICIONS[fact.reason]}`)
        break
      case "Cleared":
        say(fact._tag, label(fact.candidate), (who) => `trusts ${who} again`)
        break
      case "BreakerOpened":
        say(`${fact._tag} ${fact.reason}`, label(fact.candidate), (who) => opened(fact, who))
        break
      case "BreakerClosed":
        say(
          fact._tag,
          label(fact.candidate),
          (who) => `lets ${who} in again, with few clients at first: its trial went well`
        )
        break
      case "SelectionMoved":
        say(`${fact._tag} ${fact.members.join()}`, "", () => moved(fact, label))
        break
      default:
        break
    }
  }
  return [...groups.values()].map((group) => group.say(group.who.join(", ")))
}

function opened({ reason, forMs }: BreakerOpened, who: string): string {
  return `shuts ${who} out for ${(forMs / 1000).toFixed(1)} s: ${reason}`
}

function moved({ members, moves }: SelectionMoved, label: Label): string {
  const reasons = moves.map(({ candidate, into, reason, costMs }) => {
    const cost = costMs < 0 ? "" : ` (${costMs.toFixed(0)} ms)`
    return `${label(candidate)}${cost} ${into ? "in" : "out"}, ${MOVES[reason] ?? reason}`
  })
  return `serves from ${members.map(label).join(" ") || "nobody"}: ${reasons.join("; ")}`
}

/** Who gets the next client: the cheapest of those that take their full share; undefined when nobody serves. */
export function firstChoice(routes: Routes): Member | undefined {
  const members = routes.upstreams[0]?.members ?? []
  const full = members.filter(({ slowStartWeight }) => slowStartWeight >= 1)
  return (full.length > 0 ? full : members).reduce<Member | undefined>(
    (best, member) => best === undefined || member.warmMs < best.warmMs ? member : best,
    undefined
  )
}

/** Why clients went elsewhere: what is the matter with the one before, or that it costs more. */
export function whyMoved(state: State, before: CandidateId, now: Member, label: Label): string {
  const old = find(state, before)
  if (old === undefined) return `${label(before)} left`
  if (old.breaker.state !== "closed") return `${label(before)} is shut out`
  if (isSuspect(old)) return `${label(before)} is suspect`
  if (old.costMs < 0) return `${label(before)} is unmeasured`
  return `it costs ${now.warmMs.toFixed(0)} ms, ${label(before)} ${old.costMs.toFixed(0)} ms`
}
