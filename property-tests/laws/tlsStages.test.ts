/** Laws of TLS stages: one stage of a chain is always on, a stage that serves is on, and what is off was off for a reason. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { stateDigest } from "../../src/core/digest.ts"
import { faults } from "../../src/core/invariants.ts"
import type { TlsAttempt, TlsOutcome, TlsStage } from "../../src/core/model/Event.ts"
import type { State } from "../../src/core/model/State.ts"
import { step } from "../../src/core/step.ts"
import { resultsOf, stagesOf } from "../../src/core/tlsChain.ts"
import { breakerOf, isOff } from "../../src/core/upstream/tlsStages.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import { CoreAlone } from "../../src/sim/CoreAlone.ts"
import { reloads } from "../arbitraries/config.ts"
import { law, met } from "../check.ts"

const stage = fc.constantFrom<TlsStage>("cover", "real", "system")
const outcome = fc.constantFrom<TlsOutcome>(
  ...[
    "served",
    "served",
    "unreached",
    "certificate",
    "pin",
    "handshake",
    "handshake",
    "timeout",
    "timeout",
    "cancelled"
  ] as const
)
const candidate = fc.constantFrom<TlsAttempt["candidate"]>("none", "system", 0, 1, 2 ** 20, 2 ** 20 + 1)
const attempt: fc.Arbitrary<TlsAttempt> = fc.record({ stage, candidate, outcome, tookUs: fc.nat(3_000_000) })
const moves = fc.array(
  fc.record({
    gapUs: fc.oneof(fc.constant(0), fc.nat(2_000_000), fc.nat(400_000_000)),
    reload: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    upstream: fc.constantFrom(0, 0, 0, 1),
    tried: fc.array(attempt, { maxLength: 4 })
  }),
  { minLength: 10, maxLength: 30 }
)

/** Some of the stages, in some order, for each upstream and reload. */
const chains = fc.array(fc.shuffledSubarray<TlsStage>(["cover", "real", "system"], { minLength: 1 }), {
  minLength: 5,
  maxLength: 5
})
const chained = fc.tuple(reloads, chains).map(([configs, chains]) =>
  configs.map((config, i) => ({
    ...config,
    upstreams: config.upstreams.map((one, j) => ({
      ...one,
      tls: { ...one.tls, chain: chains[(i + j) % chains.length]! }
    }))
  }))
)

const offIn = (state: State) =>
  Upstreams.all(state).flatMap((upstream) => upstream.tlsStages.filter(isOff).map((one) => `${upstream.id} ${one.stage}`))

describe("a stage of a program's TLS", () => {
  law(
    "is never the last one that goes off, and goes off and on only as attempts tell",
    fc.property(chained, moves, (configs, all) => {
      const run = new CoreAlone(configs[0]!, 1)
      run.post({ _tag: "Started", worker: 0, wallMs: 0 })
      let reloaded = 0
      for (const { gapUs, reload, upstream, tried } of all) {
        run.pass(gapUs, true)
        const before = run.state
        const wasOff = offIn(before)
        if (reload) {
          run.post({ _tag: "ConfigChanged", worker: 0, config: configs[++reloaded % configs.length]! })
          const kept = offIn(run.state).filter((one) => !wasOff.includes(one))
          expect(kept).toEqual([])
          if (wasOff.some((one) => !offIn(run.state).includes(one))) met("a reload turned a stage on")
        } else {
          run.post({ _tag: "TlsTried", worker: 0, upstream, tried, tookUs: 1 })
          const now = offIn(run.state)
          const { at, seq } = run.state
          const whole = step(
            before,
            { seq, at, event: { _tag: "TlsTried", worker: 0, upstream, tried, tookUs: 1 } },
            () => true
          )
          expect(stateDigest(whole.state)).toEqual(stateDigest(run.state))
          const results = resultsOf(tried)
          for (const stage of new Set(results.map((one) => one.stage))) {
            const name = `${upstream} ${stage}`
            const ofStage = results.filter((one) => one.stage === stage)
            if (now.includes(name) && !wasOff.includes(name)) {
              met("a stage went off")
              expect(ofStage.some(({ failure }) => failure !== undefined)).toBe(true)
            }
            if (wasOff.includes(name) && !now.includes(name)) {
              met("a stage went on")
              expect(ofStage.some(({ isServed }) => isServed)).toBe(true)
            }
          }
        }
        for (const one of Upstreams.all(run.state)) {
          const { tls: { chain }, breaker } = Upstreams.configOf(run.state, one.id)
          expect(stagesOf(run.state, one.id, run.atUs).some(({ isTrial }) => !isTrial)).toBe(true)
          for (const { stage, consecutive } of one.tlsStages) {
            expect(chain).toContain(stage)
            // The largest threshold of all configurations.
            expect(consecutive).toBeLessThanOrEqual(5)
          }
          for (const name of chain) expect(isOff(breakerOf(one, name)) && !breaker.enabled).toBe(false)
        }
      }
      expect(faults(run.state)).toEqual([])
    }),
    { share: 0.2, floors: { "a stage went off": 20, "a stage went on": 5, "a reload turned a stage on": 7 } }
  )
})
