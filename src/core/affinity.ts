/**
 * Affinity: all connections of one client go to one member, as long as the set stays.
 *
 * The rule is rendezvous hashing (Thaler and Ravishankar 1998). Each member has a weight, computed from the client's address
 * and the member's address. The heaviest member serves. When a member leaves, only its clients move. When a member joins,
 * only the clients that it wins move. Weights depend on addresses, not on ids, so they are the same after a restart and in
 * every worker.
 */
import { hash } from "./math/hash.ts"
import type { Member } from "./model/Routes.ts"

const SPREAD = 0x1_0000_0000

/** The member that serves this client; undefined: there is no member. */
export function ownerOf(members: ReadonlyArray<Member>, client: string): Member | undefined {
  let owner: Member | undefined
  let most = -1
  for (const member of members) {
    const weight = weightOf(member, client)
    if (weight <= most) continue
    most = weight
    owner = member
  }
  return owner
}

/**
 * Whether a member that ramps up takes part for this client. Clients come back to it one after the other, and each of them
 * moves once.
 */
export function isReadyFor(member: Member, client: string): boolean {
  return member.slowStartWeight >= 1 || hash(`${client} ${addressOf(member)}`).low / SPREAD < member.slowStartWeight
}

function weightOf(member: Member, client: string): number {
  return hash(`${client} ${addressOf(member)}`).high
}

/** The plan of a member begins with the member. */
function addressOf({ candidate, plan }: Member): string {
  const own = plan.attempts[0]
  return own === undefined ? String(candidate) : `${own.host} ${own.port}`
}
