/**
 * Affinity: one client's connections go to one member, as long as the set stays.
 *
 * Rendezvous hashing (Thaler and Ravishankar 1998): each member has a weight that follows from the client's address and its own, and
 * the heaviest serves. When a member leaves, only its clients move; when one comes, only those that it wins. The weights rest on
 * addresses, not on ids, so they are the same after a restart and in another process.
 */
import { hash } from "./math/hash.ts"
import type { Member } from "./model/Routes.ts"

const SPREAD = 0x1_0000_0000

/** The member that a client belongs to; undefined: there is none. */
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

/** Whether a member that ramps up takes part for this client: who came back is taken up by one client after the other, and by each once. */
export function isReadyFor(member: Member, client: string): boolean {
  return member.slowStartWeight >= 1 || hash(`${client} ${addressOf(member)}`).low / SPREAD < member.slowStartWeight
}

function weightOf(member: Member, client: string): number {
  return hash(`${client} ${addressOf(member)}`).high
}

/** A member's plan begins with itself. */
function addressOf({ candidate, plan }: Member): string {
  const own = plan.attempts[0]
  return own === undefined ? String(candidate) : `${own.host} ${own.port}`
}
