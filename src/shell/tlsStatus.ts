/** The stages of an upstream's TLS chain, as `/status` shows them. */
import { asksByRules } from "../core/tlsChain.ts"
import type { State } from "../core/model/State.ts"
import type { Upstream } from "../core/model/Upstream.ts"
import * as Stages from "../core/upstream/tlsStages.ts"
import * as Upstreams from "../core/upstreams.ts"
import type { TlsStageCounts } from "./TlsStageCounts.ts"
import { NEVER_ASKED } from "./TlsStageCounts.ts"
import { wallTime } from "./wallTime.ts"

/** In the order of the chain; none: there are no pins and no cover name, and no program has asked for TLS by the chain. */
export function tlsStagesOf(state: State, upstream: Upstream, counts: TlsStageCounts["Service"] | undefined) {
  const { tls } = Upstreams.configOf(state, upstream.id)
  const counted = counts?.of(state, upstream.id)
  if (!asksByRules(tls) && (counted?.size ?? 0) === 0) return []
  return [...new Set(tls.chain)].map((stage) => {
    const breaker = Stages.breakerOf(upstream, stage)
    const { served, failed, unpinned, last } = counted?.get(stage) ?? NEVER_ASKED
    return {
      stage,
      on: !Stages.isOff(breaker),
      /** One connection tries the stage from then on. */
      offUntil: wallTime(state, breaker.trialDueUs),
      served,
      failed,
      lastFailure: last === undefined ? null : { reason: last.reason, at: wallTime(state, last.atUs) },
      unpinned
    }
  })
}
