/**
 * Identity: whether a candidate has proven the upstream's name with its certificate.
 *
 * This file alone writes it. reducers/identity.ts decides when a proof is wanted and what it means.
 */
import type { Candidate, Proof } from "../model/Candidate.ts"
import type { Identity } from "../model/Config.ts"

/** The proof of a new candidate, according to what its upstream wants. */
export function unproven(identity: Identity | null): Proof {
  return { state: identity === null ? "unchecked" : "unknown", atUs: -1, dueUs: -1 }
}

/** Whether it has proven its identity, or no proof is wanted. Then it may be in the set, serve, and have warm sockets. */
export function isVouched({ identity }: Candidate): boolean {
  return identity.state === "verified" || identity.state === "unchecked"
}

/** Whether the next probe also demands its certificate. */
export function isCheckDue({ identity }: Candidate, atUs: number): boolean {
  return identity.state !== "unchecked" && atUs >= identity.dueUs
}

/** It has proven its identity; the next proof is due at `dueUs`. */
export function verified(candidate: Candidate, atUs: number, dueUs: number): Candidate {
  return { ...candidate, identity: { state: "verified", atUs, dueUs } }
}

/** Another server answers at its address. */
export function failed(candidate: Candidate, atUs: number): Candidate {
  return { ...candidate, identity: { state: "failed", atUs, dueUs: -1 } }
}

/** Nothing is known about its identity any more. */
export function forgotten(candidate: Candidate): Candidate {
  const { identity } = candidate
  return { ...candidate, identity: identity.state === "unchecked" ? identity : { state: "unknown", atUs: -1, dueUs: -1 } }
}

/** Another proof is wanted. What began before `atUs` does not count as a proof. */
export function wanted(candidate: Candidate, identity: Identity | null, atUs: number): Candidate {
  return { ...candidate, identity: { ...unproven(identity), dueUs: atUs } }
}

/** Its identity is as it was at a checkpoint. */
export function restored(candidate: Candidate, identity: Proof): Candidate {
  return { ...candidate, identity }
}
