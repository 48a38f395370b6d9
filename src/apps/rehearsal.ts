/** The handshakes that a configuration can bring about are rehearsed when it takes force, before a client waits for the first one. */
import * as Effect from "effect/Effect"
import { rehearse } from "../adapters/node/rehearse.ts"
import { nowUs } from "../adapters/node/clock.ts"
import type { Config } from "../core/model/Config.ts"

/** `names`: whether names can be asked for that nobody configured. */
export const rehearsal = Effect.fnUntraced(function* (core: Config, names: boolean) {
  const authorities = authoritiesIn(core, names)
  if (authorities.length === 0) return
  const beganUs = nowUs()
  const helloBytes = yield* rehearse(authorities)
  const details = { authorities: authorities.length, helloBytes, tookMs: Math.round((nowUs() - beganUs) / 1000) }
  yield* Effect.annotateLogs(Effect.logDebug("ready to ask for certificates"), details)
})

/** The digests that candidates may be asked under; empty: nobody is asked for anything. */
export function authoritiesIn({ upstreams, onDemand }: Config, names: boolean): ReadonlyArray<string> {
  const asked = upstreams.flatMap(({ identity }) => identity === null ? [] : [identity.ca])
  if (names && onDemand.enabled && onDemand.mode !== "tcp") asked.push("")
  return [...new Set(asked)]
}
