/** Candidates that have never answered: all breakers open but the last, whose candidate is tried before the fallback. */
import { addresses, configWith } from "../support/config.ts"
import type { World } from "./script.ts"
import { set } from "./script.ts"

export const panic: World = {
  name: "panic",
  config: configWith([
    {
      name: "web",
      candidates: addresses(2),
      fallback: addresses(3).slice(2),
      pool: { mode: "off" },
      breaker: { failureThreshold: 2, cooldownMs: 3_000, maxCooldownMs: 5_000, rampMs: 4_000 }
    },
    { name: "api", candidates: addresses(4).slice(3), pool: { mode: "off" } }
  ]),
  cuts: [],
  play(toy) {
    set(toy, ["refused", "refused", 30, 25])
    toy.start().run(45_000)
    for (let i = 0; i < 8; i++) toy.client(20).run(700)
    // The last one answers; then both do.
    set(toy, ["refused", 15, 30])
    for (let i = 0; i < 4; i++) toy.client(20).run(1_000)
    set(toy, [10, 15, 30])
    toy.run(12_000)
    for (let i = 0; i < 30; i++) toy.client(20).run(1_000)
    set(toy, ["refused", 15, 30])
    for (let i = 0; i < 10; i++) toy.client(20).run(500)
    set(toy, [10, 15, 30])
    toy.run(20_000)
  }
}
