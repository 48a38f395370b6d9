/** Why a client could not be served, from what was tried for it. */
import type { Attempt, AttemptOutcome } from "../../../core/model/Event.ts"
import type { FailureReason } from "../../../ingress/Handshake.ts"

const REASONS: Readonly<Partial<Record<AttemptOutcome, FailureReason>>> = {
  denied: "notAllowed",
  unresolved: "resolveFailed",
  refused: "refused",
  reset: "refused",
  timeout: "timedOut",
  cancelled: "timedOut",
  unreachable: "unreachable",
  certificate: "unreachable"
}

/** What answers come first to mind: an address that refuses says more than one that only was not reached. */
const ORDER: ReadonlyArray<FailureReason> = ["refused", "timedOut", "unreachable", "notAllowed", "resolveFailed"]

/** `tried` is absent where nothing was dialled, for want of routes or of room. */
export function failureOf(tried: ReadonlyArray<Attempt> | undefined): FailureReason {
  const reasons = new Set((tried ?? []).map(({ outcome }) => REASONS[outcome]))
  return ORDER.find((reason) => reasons.has(reason)) ?? "proxyError"
}
