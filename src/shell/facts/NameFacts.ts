/**
 * Facts about names without addresses. The first failure is reported at once. After that each upstream has one report in
 * `tellAgainMs`, with the number of failures since. All on-demand hosts share one label, and the recovery of one of them is
 * not reported.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Engine } from "../Engine.ts"
import type { NameNews } from "../NameTroubles.ts"
import { Facts } from "./Facts.ts"

interface Told {
  readonly atUs: number
  /** Failures since the last report. */
  suppressed: number
  /** A failure was reported, and its end was not. */
  isOpen: boolean
}

export const layer = (tellAgainMs: number): Layer.Layer<never, never, Engine | Facts> =>
  Layer.effectDiscard(Effect.gen(function* () {
    const engine = yield* Engine
    const facts = yield* Facts
    const run = Effect.runSyncWith(yield* Effect.context<never>())
    const told = new Map<string, Told>()

    const failed = ({ label, trouble }: NameNews, reason: string) => {
      const nowUs = engine.nowUs()
      const last = told.get(label)
      if (last !== undefined && nowUs - last.atUs < tellAgainMs * 1000) {
        last.suppressed++
        return
      }
      told.set(label, { atUs: nowUs, suppressed: 0, isOpen: true })
      const forMs = Math.round((trouble.lastUs - trouble.sinceUs) / 1000)
      run(facts.tell("NameUnresolved", { upstream: label, reason, times: (last?.suppressed ?? 0) + 1, forMs }))
    }

    const ended = ({ label, isConfigured, trouble }: NameNews) => {
      const last = told.get(label)
      if (last?.isOpen !== true || !isConfigured) return
      last.isOpen = false
      run(facts.tell("NameResolved", { upstream: label, afterMs: Math.round((engine.nowUs() - trouble.sinceUs) / 1000) }))
    }

    engine.names.watch((news) => news.reason === null ? ended(news) : failed(news, news.reason))
  }))
