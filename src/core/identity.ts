/** What a plan says about proofs of identity. The rule is in reducers/identity.ts. */
import type { ResolveLimits } from "./model/Routes.ts"

/** Whether an address that the resolver gave is known to belong to another server. */
export function isAvoided(limits: ResolveLimits | undefined, host: string): boolean {
  return limits?.avoid?.includes(host) === true
}
