/** When a configuration comes into force, the first handshake that it can need is rehearsed, so that no client waits for it. */
import * as Effect from "effect/Effect"
import { rehearse } from "../adapters/node/rehearse.ts"
import { nowUs } from "../adapters/node/clock.ts"
import type { Config } from "../core/model/Config.ts"
import type { ListenerOptions } from "../plane/Listener.ts"

/** `names`: whether clients can ask for hosts that no configuration names. */
export const rehearsal = Effect.fnUntraced(function* (core: Config, names: boolean) {
  const authorities = authoritiesIn(core, names)
  if (authorities.length === 0) return
  const beganUs = nowUs()
  const helloBytes = yield* rehearse(authorities)
  const details = { authorities: authorities.length, helloBytes, tookMs: Math.round((nowUs() - beganUs) / 1000) }
  yield* Effect.annotateLogs(Effect.logDebug("ready to ask for certificates"), details)
})

/** Whether clients of some listener name their own hosts. */
export const namesByClients = (listeners: ReadonlyArray<ListenerOptions>): boolean =>
  listeners.some(({ target }) => target === undefined)

/** The digests of authorities that proofs may use; empty: no candidate has to prove anything. */
export function authoritiesIn({ upstreams, onDemand }: Config, names: boolean): ReadonlyArray<string> {
  const digests = upstreams.flatMap(({ identity }) => identity === null ? [] : [identity.ca])
  if (names && onDemand.enabled && onDemand.mode !== "tcp") digests.push("")
  return [...new Set(digests)]
}
