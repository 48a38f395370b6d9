/**
 * Pick: one client's choice, from the routes and the shell's own counts. Pure, as it stands between accept and first byte.
 *
 * Expected time to first byte of a member: its cost when a warm socket waits, its cost and one more round trip when it must
 * be dialled. Members within max(tolerance, tolerancePercent of the lowest expectation) of the lowest share the clients by
 * policy; the others wait.
 *
 * - leastConnections: the one with the fewest connections (ties: lower expectation, then the earlier member).
 * - powerOfTwo: of two drawn at random, the one with fewer connections (Mitzenmacher 2001).
 * - roundRobin: one after the other. random: any.
 *
 * With `affinity: client` it is the client's own member of them (affinity.ts). Who is near then does not depend on warm
 * sockets, or one client's connections would change members with every one that is taken.
 *
 * A member that ramps up takes part only in the share of draws that its routes give it, as long as somebody else is left.
 * Without a member there is no choice: the last resort serves.
 */
import { isReadyFor, ownerOf } from "./affinity.ts"
import type { CandidateId } from "./model/Candidate.ts"
import type { ChoiceReason } from "./model/Event.ts"
import type { Member, UpstreamRoutes } from "./model/Routes.ts"

/** The shell's counts for one candidate. */
export type Count = (candidate: CandidateId) => number

/** The shell's chance: a uniform draw in [0, 1), and a number that grows by one with each call. */
export interface Chance {
  readonly draw: () => number
  readonly turn: () => number
}

const nobody = (): string => ""
const NO_CHANCE: Chance = { draw: () => 0, turn: () => 0 }

/** The chosen member; undefined when the upstream has none. `client` tells the client's address, asked for only with affinity. */
export function pick(
  routes: UpstreamRoutes,
  connections: Count,
  warm: Count,
  chance: Chance = NO_CHANCE,
  client: () => string = nobody
): Member | undefined {
  const { members } = routes
  if (members.length <= 1) return members[0]
  if (routes.affinity === "client") return own(routes, client())
  const present = takingPart(members, chance)
  let lowestMs = -1
  for (const member of present) {
    const expectedMs = expectation(member, warm)
    if (lowestMs < 0 || expectedMs < lowestMs) lowestMs = expectedMs
  }
  const limitMs = lowestMs + tolerance(routes, lowestMs)
  const near = present.filter((member) => expectation(member, warm) <= limitMs)
  return near.length <= 1 ? near[0] : share(routes, near, connections, warm, chance)
}

/** The client's own of those whose cost is within the tolerance. */
function own(routes: UpstreamRoutes, client: string): Member | undefined {
  const ready = routes.members.filter((member) => isReadyFor(member, client))
  const present = ready.length > 0 ? ready : routes.members
  const lowestMs = present.reduce((least, { warmMs }) => warmMs < least ? warmMs : least, Number.POSITIVE_INFINITY)
  const limitMs = lowestMs + tolerance(routes, lowestMs)
  return ownerOf(present.filter(({ warmMs }) => warmMs <= limitMs), client)
}

/** Members that ramp up win a place by draw; the very same list when nobody does. */
function takingPart(members: ReadonlyArray<Member>, chance: Chance): ReadonlyArray<Member> {
  if (members.every((member) => member.slowStartWeight >= 1)) return members
  const present = members.filter((member) => member.slowStartWeight >= 1 || chance.draw() < member.slowStartWeight)
  return present.length > 0 ? present : members
}

function share(
  { policy }: UpstreamRoutes,
  near: ReadonlyArray<Member>,
  connections: Count,
  warm: Count,
  chance: Chance
): Member | undefined {
  const any = () => near[Math.floor(chance.draw() * near.length)]
  switch (policy) {
    case "random":
      return any()
    case "roundRobin":
      return near[chance.turn() % near.length]
    case "powerOfTwo":
      return lesser(any(), any(), connections, warm)
    default:
      return near.reduce<Member | undefined>((best, member) => lesser(best, member, connections, warm), undefined)
  }
}

function lesser(a: Member | undefined, b: Member | undefined, connections: Count, warm: Count): Member | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const difference = connections(b.candidate) - connections(a.candidate)
  if (difference !== 0) return difference < 0 ? b : a
  return expectation(b, warm) < expectation(a, warm) ? b : a
}

/** Why `chosen` was chosen, for the record: computed after the client is on its way. */
export function reasonOf(routes: UpstreamRoutes, chosen: CandidateId): ChoiceReason {
  if (chosen < 0) return "unranked"
  if (routes.members.length === 1) return "only"
  const member = routes.members.find((one) => one.candidate === chosen)
  return member !== undefined && routes.members.every((one) => member.dialMs <= one.dialMs) ? "cheapest" : "balanced"
}

/**
 * Whether a choice was admissible in these routes, whatever the shell's counts and draws were then: a member may be picked
 * when some state of the warm shelf puts it within the tolerance, that is, when its best expectation is within that of the
 * lowest worst expectation, of all members or of those that need no luck to take part. No member may be passed over for the
 * last resort while there are members.
 */
export function isAdmissible(routes: UpstreamRoutes, chosen: CandidateId): boolean {
  if (chosen < 0) return routes.members.length === 0
  const member = routes.members.find((one) => one.candidate === chosen)
  if (member === undefined) return false
  const steady = routes.members.filter((one) => one.slowStartWeight >= 1 || one === member)
  let lowestMs = member.dialMs
  for (const one of steady) if (one.dialMs < lowestMs) lowestMs = one.dialMs
  return member.warmMs <= lowestMs + tolerance(routes, lowestMs)
}

function expectation(member: Member, warm: Count): number {
  return warm(member.candidate) > 0 ? member.warmMs : member.dialMs
}

function tolerance(routes: UpstreamRoutes, lowestMs: number): number {
  const share = (routes.tolerancePercent / 100) * lowestMs
  return share > routes.toleranceMs ? share : routes.toleranceMs
}
