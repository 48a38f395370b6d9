/** A name is resolved again and again, as long as its upstream is on and the machine is awake. */
import { mayResolve } from "../../../src/core/invariants.ts"
import * as Upstreams from "../../../src/core/upstreams.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"

const RETRY_US = 5_000_000

export const names: MakeChecker = ({ met, truth }): Checker => {
  /** The last query of each name, and the longest time since then for which it had failed: the next one may wait for as long. */
  let asked = new Map<string, { readonly atUs: number; readonly failingUs: number }>()
  let lookedUs = 0
  return {
    began: () => void ([asked, lookedUs] = [new Map(), 0]),
    decided: (_process, decision, { entry: { at } }) => {
      if (decision._tag === "Resolve") asked.set(decision.host, { atUs: at, failingUs: 0 })
    },
    settled: ({ state, nowUs, epochUs }) => {
      if (nowUs - lookedUs < RETRY_US) return
      lookedUs = nowUs
      for (const upstream of Upstreams.all(state)) {
        const { host, dns } = Upstreams.configOf(state, upstream.id)
        if (!Upstreams.isPreheated(state, upstream.id) || !mayResolve(state, upstream.id)) {
          asked.delete(host)
          continue
        }
        const last = asked.get(host)
        const { atUs } = last ?? { atUs: nowUs }
        const { unresolvedSinceUs } = upstream
        const failingUs = Math.max(last?.failingUs ?? 0, unresolvedSinceUs < 0 ? 0 : nowUs - unresolvedSinceUs)
        asked.set(host, { atUs, failingUs })
        if (last === undefined) continue
        met("a name was resolved in time")
        const toMs = (us: number) => (epochUs + us) / 1000
        const awakeUs = nowUs - atUs - truth.asleepMs(toMs(atUs), toMs(nowUs)) * 1000
        const mostUs = Math.max(dns.refreshMs * 1000, failingUs) + dns.timeoutMs * 1000 + 2 * RETRY_US
        mustHold(awakeUs <= mostUs, () => `${host} was not resolved for ${awakeUs / 1e6} s`)
      }
    }
  }
}
