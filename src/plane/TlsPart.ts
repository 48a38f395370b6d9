/**
 * The part of a dial plan that one attempt of a TLS stage may dial.
 *
 * Stages `cover` and `real` dial the candidates of the plan. Where it begins with the system's addresses, because no candidate can serve
 * yet or with `enabled: false`, they dial the whole plan, as `connect` does. Stage `system` dials the system's addresses alone, whether they
 * are candidates or not.
 */
import type { CandidateId, Endpoint } from "../core/model/Candidate.ts"
import type { TlsStage } from "../core/model/Event.ts"
import type { DialPlan, Member } from "../core/model/Routes.ts"
import { Avoid } from "./Avoid.ts"

/** Addresses that gave no TLS connection. */
export class FailedTls {
  readonly candidates = new Set<CandidateId>()
  readonly hosts = new Set<string>()

  add(candidate: Endpoint, host: string): void {
    this.hosts.add(host)
    if (candidate !== "system") this.candidates.add(candidate)
  }

  has(candidate: Endpoint, host: string): boolean {
    return candidate === "system" ? this.hosts.has(host) : this.candidates.has(candidate)
  }
}

export class TlsPart extends Avoid {
  readonly #stage: TlsStage

  constructor(stage: TlsStage, failed: FailedTls) {
    super((candidate, host) => failed.has(candidate, host))
    this.#stage = stage
  }

  override admitsMember(member: Member): boolean {
    return this.#stage !== "system" && super.admitsMember(member)
  }

  override plan(plan: DialPlan): DialPlan {
    const isWhole = this.#stage !== "system" && plan.attempts[0]?.candidate === "system"
    const attempts = plan.attempts.filter(({ candidate }) => (candidate === "system") === (this.#stage === "system"))
    return super.plan(isWhole ? plan : { ...plan, attempts })
  }
}
