/** What a plan says of proofs of identity; the rule stands in reducers/identity.ts. */
import type { ResolveLimits } from "./model/Routes.ts"

/** Whether an address that a resolver gave is known to belong to another server. */
export function isAvoided(limits: ResolveLimits | undefined, host: string): boolean {
  return limits?.avoid?.includes(host) === true
}
