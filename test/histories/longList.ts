/** Long lists of which hardly any address lives: short tries, and searches for clients that wait. */
import { addresses, configWith } from "../support/config.ts"
import type { World } from "./script.ts"
import { COLD, noise } from "./script.ts"

const many = addresses(150).map(({ host }) => host)

export const longList: World = {
  name: "longList",
  config: configWith([
    { ...COLD, name: "web", candidates: addresses(100) },
    { ...COLD, name: "api", candidates: addresses(150).slice(100), preheat: false },
    { ...COLD, name: "dead", candidates: addresses(20) }
  ], { maxParallel: 8, ratePerSecond: 40 }),
  cuts: [],
  play(toy) {
    const below = noise(92)
    for (const host of many) toy.set(host, below(8) === 0 ? "refused" : "timeout")
    toy.start().run(20).asks("", 0, 0).asks("", 0, 2).run(900)
    toy.set(many[40]!, 700).set(many[55]!, 30).set(many[120]!, 25)
    toy.run(1_500).client(500).run(2_000).asks("", 0, 1).run(3_000).client(500, 1).run(12_000)
    toy.asks("", 0, 2).run(300).post({ _tag: "WorkerLost", worker: 0 }).run(6_000)
    toy.set(many[11]!, 40).asks("", 0, 2).run(8_000).client(1_000, 2).run(5_000)
  }
}
