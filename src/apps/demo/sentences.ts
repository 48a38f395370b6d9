/** Facts of the core in words. Facts of one kind that come together make one sentence. */
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
  "parked-reset": "warm sockets were reset together"
}

const MOVES: Readonly<Record<string, string>> = {
  cheaper: "cheaper by more than the margin",
  costlier: "costlier by more than the margin",
  failing: "it fails",
  shut: "shut out",
  filled: "for a free place",
  expired: "no sample for too long",
  score: "its score is too low"
}

/** Sentences without a subject. The subject of each is Fairlead. */
export function sentences(facts: ReadonlyArray<Fact>, label: Label): ReadonlyArray<string> {
  const groups = new Map<string, { readonly say: (names: string) => string; readonly names: Array<string> }>()
  const say = (key: string, name: string, sentence: (names: string) => string) => {
    const group = groups.get(key) ?? { say: sentence, names: [] }
    groups.set(key, group)
    if (!group.names.includes(name)) group.names.push(name)
  }
  for (const fact of facts) {
    switch (fact._tag) {
      case "Suspected":
        say(`${fact._tag} ${fact.reason}`, label(fact.candidate), (names) => `suspects ${names}: ${SUSPICIONS[fact.reason]}`)
        break
      case "Cleared":
        say(fact._tag, label(fact.candidate), (names) => `trusts ${names} again`)
        break
      case "BreakerOpened":
        say(`${fact._tag} ${fact.reason}`, label(fact.candidate), (names) => opened(fact, names))
        break
      case "BreakerClosed":
        say(
          fact._tag,
          label(fact.candidate),
          (names) => `lets ${names} in again, with few clients at first: its trial went well`
        )
        break
      case "SelectionMoved":
        say(`${fact._tag} ${fact.members.join()}`, "", () => moved(fact, label))
        break
      default:
        break
    }
  }
  return [...groups.values()].map((group) => group.say(group.names.join(", ")))
}

function opened({ reason, forMs }: BreakerOpened, names: string): string {
  return `shuts ${names} out for ${(forMs / 1000).toFixed(1)} s: ${reason}`
}

function moved({ members, moves }: SelectionMoved, label: Label): string {
  const reasons = moves.map(({ candidate, into, reason, costMs }) => {
    const cost = costMs < 0 ? "" : ` (${costMs.toFixed(0)} ms)`
    return `${label(candidate)}${cost} ${into ? "in" : "out"}, ${MOVES[reason] ?? reason}`
  })
  return `serves from ${members.map(label).join(" ") || "no address"}: ${reasons.join("; ")}`
}

/** The member that gets the next client: the cheapest one that is not ramping up; undefined: there are no members. */
export function firstChoice(routes: Routes): Member | undefined {
  const members = routes.upstreams[0]?.members ?? []
  const full = members.filter(({ slowStartWeight }) => slowStartWeight >= 1)
  return (full.length > 0 ? full : members).reduce<Member | undefined>(
    (best, member) => best === undefined || member.warmMs < best.warmMs ? member : best,
    undefined
  )
}

/** Why new clients go to another candidate: the fault of the one before, or its higher cost. */
export function whyMoved(state: State, before: CandidateId, now: Member, label: Label): string {
  const old = find(state, before)
  if (old === undefined) return `${label(before)} left`
  if (old.breaker.state !== "closed") return `${label(before)} is shut out`
  if (isSuspect(old)) return `${label(before)} is suspect`
  if (old.costMs < 0) return `${label(before)} is unmeasured`
  return `it costs ${now.warmMs.toFixed(0)} ms, ${label(before)} ${old.costMs.toFixed(0)} ms`
}
