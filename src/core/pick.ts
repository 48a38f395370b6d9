/**
 * Pick: one client's choice, from the routes and the shell's own counts. Pure and without allocation, as it stands between
 * accept and first byte.
 *
 * Expected time to first byte of a member: its cost when a warm socket waits, its cost and one more round trip when it must
 * be dialled. Members within max(tolerance, tolerancePercent of the lowest expectation) of the lowest share the clients:
 * the one with the fewest connections takes the next (least connections; ties: lower expectation, then the earlier member).
 * The others wait. Without a member there is no choice: the last resort serves.
 */
import type { CandidateId } from "./model/Candidate.ts"
import type { ChoiceReason } from "./model/Event.ts"
import type { Member, UpstreamRoutes } from "./model/Routes.ts"

/** The shell's counts for one candidate. */
export type Count = (candidate: CandidateId) => number

/** The chosen member; undefined when the upstream has none. */
export function pick(routes: UpstreamRoutes, connections: Count, warm: Count): Member | undefined {
  let lowestMs = -1
  for (const member of routes.members) {
    const expectedMs = expectation(member, warm)
    if (lowestMs < 0 || expectedMs < lowestMs) lowestMs = expectedMs
  }
  const limitMs = lowestMs + tolerance(routes, lowestMs)
  let chosen: Member | undefined
  let chosenCount = 0
  for (const member of routes.members) {
    const expectedMs = expectation(member, warm)
    if (expectedMs > limitMs) continue
    const count = connections(member.candidate)
    const better = chosen === undefined || count < chosenCount
      || (count === chosenCount && expectedMs < expectation(chosen, warm))
    if (better) {
      chosen = member
      chosenCount = count
    }
  }
  return chosen
}

/** Why `chosen` was chosen, for the record: computed after the client is on its way. */
export function reasonOf(routes: UpstreamRoutes, chosen: CandidateId): ChoiceReason {
  if (chosen < 0) return "unranked"
  if (routes.members.length === 1) return "only"
  const member = routes.members.find((one) => one.candidate === chosen)
  return member !== undefined && routes.members.every((one) => member.dialMs <= one.dialMs) ? "cheapest" : "balanced"
}

/**
 * Whether a choice was admissible in these routes, whatever the shell's counts were then: a member may be picked when some
 * state of the warm shelf puts it within the tolerance, that is, when its best expectation is within that of the lowest
 * worst expectation. No member may be passed over for the last resort while there are members.
 */
export function isAdmissible(routes: UpstreamRoutes, chosen: CandidateId): boolean {
  if (chosen < 0) return routes.members.length === 0
  const member = routes.members.find((one) => one.candidate === chosen)
  if (member === undefined) return false
  let lowestMs = member.dialMs
  for (const one of routes.members) if (one.dialMs < lowestMs) lowestMs = one.dialMs
  return member.warmMs <= lowestMs + tolerance(routes, lowestMs)
}

function expectation(member: Member, warm: Count): number {
  return warm(member.candidate) > 0 ? member.warmMs : member.dialMs
}

function tolerance(routes: UpstreamRoutes, lowestMs: number): number {
  const share = (routes.tolerancePercent / 100) * lowestMs
  return share > routes.toleranceMs ? share : routes.toleranceMs
}
