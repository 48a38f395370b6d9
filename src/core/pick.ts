/**
 * Pick: one client's choice, from the routes and the shell's own counts. It is pure, and runs between accept and first byte.
 *
 * The expected time to first byte of a member is its cost if it has a warm socket, and its cost plus one round trip if it
 * must be dialled. Members within max(tolerance, tolerancePercent of the lowest expectation) of the lowest share the
 * clients, by policy. The others get none.
 *
 * - leastConnections: the member with the fewest connections (ties: the lower expectation, then the earlier member).
 * - powerOfTwo: of two members drawn at random the one with fewer connections (Mitzenmacher 2001).
 * - roundRobin: one after the other.
 * - random: any.
 *
 * With `affinity: client` it is the client's own member among them (affinity.ts). In that case warm sockets do not count
 * towards the expectation. Otherwise the connections of one client would change members with every warm socket that is
 * taken.
 *
 * A member that ramps up takes part only in a share of the draws, its slow-start weight, as long as another member is left.
 * Without a member there is no choice: the last resort serves.
 */
import { isReadyFor, ownerOf } from "./affinity.ts"
import type { CandidateId } from "./model/Candidate.ts"
import type { ChoiceReason } from "./model/Event.ts"
import type { Member, UpstreamRoutes } from "./model/Routes.ts"

/** The shell's count for one candidate. */
export type Count = (candidate: CandidateId) => number

/** The shell's chance: a uniform draw in [0, 1), and a number that grows by one with each call. */
export interface Chance {
  readonly draw: () => number
  readonly turn: () => number
}

const noAddress = (): string => ""
const NO_CHANCE: Chance = { draw: () => 0, turn: () => 0 }

/**
 * The chosen member; undefined: the upstream has none. `client` returns the client's address, and is called only with
 * affinity.
 */
export function pick(
  routes: UpstreamRoutes,
  connections: Count,
  warm: Count,
  chance: Chance = NO_CHANCE,
  client: () => string = noAddress
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

/** The client's own member among those with a cost within the tolerance. */
function own(routes: UpstreamRoutes, client: string): Member | undefined {
  const ready = routes.members.filter((member) => isReadyFor(member, client))
  const present = ready.length > 0 ? ready : routes.members
  const lowestMs = present.reduce((least, { warmMs }) => warmMs < least ? warmMs : least, Number.POSITIVE_INFINITY)
  const limitMs = lowestMs + tolerance(routes, lowestMs)
  return ownerOf(present.filter(({ warmMs }) => warmMs <= limitMs), client)
}

/** Members that ramp up take part by draw. If every member takes part anyway, it is the very same list. */
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

/** Why `chosen` was chosen, for the record. It is computed after the client is on its way. */
export function reasonOf(routes: UpstreamRoutes, chosen: CandidateId | "none"): ChoiceReason {
  if (chosen === "none") return "unranked"
  if (routes.members.length === 1) return "only"
  const member = routes.members.find((one) => one.candidate === chosen)
  return member !== undefined && routes.members.every((one) => member.dialMs <= one.dialMs) ? "cheapest" : "balanced"
}

/**
 * Whether a choice was admissible in these routes, whatever the shell's counts and draws were.
 *
 * - A member may be picked if some state of the warm pools puts it within the tolerance. So its best expectation must be
 *   within the tolerance of the lowest worst expectation, of all members or of those that take part without a draw.
 * - The last resort may not serve while there are members.
 */
export function isAdmissible(routes: UpstreamRoutes, chosen: CandidateId | "none"): boolean {
  if (chosen === "none") return routes.members.length === 0
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
