/** Small questions about proofs of identity; the rule stands in reducers/identity.ts. */
import type { Candidate, Proof } from "./model/Candidate.ts"
import type { Identity } from "./model/Config.ts"
import type { ResolveLimits } from "./model/Routes.ts"

/** How a candidate begins under what its upstream asks for. */
export function unproven(identity: Identity | null): Proof {
  return { state: identity === null ? "unchecked" : "unknown", atUs: -1, dueUs: -1 }
}

/** Nothing is known of it any more. */
export function forgotten(proof: Proof): Proof {
  return proof.state === "unchecked" ? proof : { state: "unknown", atUs: -1, dueUs: -1 }
}

/** Whether it is who it should be, as far as anybody asks: who may be in the set, serve and have warm sockets. */
export function isVouched({ identity }: Candidate): boolean {
  return identity.state === "verified" || identity.state === "unchecked"
}

/** Whether a probe that goes out now asks for its certificate. */
export function isCheckDue({ identity }: Candidate, atUs: number): boolean {
  return identity.state !== "unchecked" && atUs >= identity.dueUs
}

/** Whether an address that a resolver gave is known to be somebody else's. */
export function isAvoided(limits: ResolveLimits | undefined, host: string): boolean {
  return limits?.avoid?.includes(host) === true
}
