/** Clients of three kinds, and for each of them one of the control group that arrives at the same moment and asks the same. */
import * as Effect from "effect/Effect"
import type { Answered, Connect } from "../../adapters/soak/client.ts"
import { ask } from "../../adapters/soak/client.ts"
import type { Cancel } from "../../plane/ports/Transport.ts"
import type { GroupName } from "./world.ts"

/** How a client comes in. */
export interface Way {
  readonly name: "tcp" | "proxy" | "program"
  readonly group: GroupName
  /** Share of the arrivals. */
  readonly share: number
  /** What its clients may ask for: the names, or the upstream itself. */
  readonly targets: ReadonlyArray<string>
  readonly fairlead: (target: string) => Connect
  readonly control: (target: string) => Connect
}

export interface Load {
  readonly perSecond: number
  readonly patienceMs: number
  readonly ways: ReadonlyArray<Way>
  readonly nowMs: () => number
  readonly draw: () => number
  readonly ended: (side: "fairlead" | "control", way: Way, target: string, arrivedMs: number, answered: Answered) => void
}

const SMALL_BYTES = 512
const LARGE_BYTES = 65_536
/** Share of the messages that are large. */
const LARGE_SHARE = 0.1

/** Sends clients until it is interrupted. Gives an effect that waits for the last one. */
export const load = Effect.fnUntraced(function* ({ perSecond, patienceMs, ways, nowMs, draw, ended }: Load) {
  const underWay = new Set<Cancel>()
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const cancel of underWay) cancel()
    })
  )
  let clients = 0
  const size = () => 1 + Math.floor(draw() * (draw() < LARGE_SHARE ? LARGE_BYTES : SMALL_BYTES))
  const arrive = (turn: number) => {
    const way = chosen(ways, draw())
    const target = way.targets[Math.floor(draw() * way.targets.length)] as string
    const sizes = { upBytes: size(), downBytes: size() }
    // The two take turns to be the first.
    for (const side of turn % 2 === 0 ? ["fairlead", "control"] as const : ["control", "fairlead"] as const) {
      const arrivedMs = nowMs()
      let isOver = false
      let cancel: Cancel = () => {}
      const done = (answered: Answered) => {
        isOver = true
        underWay.delete(cancel)
        ended(side, way, target, arrivedMs, answered)
      }
      cancel = ask(way[side](target), { client: ++clients, ...sizes, patienceMs }, done)
      if (!isOver) underWay.add(cancel)
    }
  }
  const arrivals = Effect.gen(function* () {
    let dueMs = nowMs()
    for (let turn = 0;; turn++) {
      dueMs += 1000 / perSecond * (0.5 + draw())
      yield* Effect.sleep(Math.max(0, dueMs - nowMs()))
      arrive(turn)
    }
  })
  const settled = Effect.gen(function* () {
    while (underWay.size > 0) yield* Effect.sleep(20)
  })
  return { arrivals, settled }
})

function chosen(ways: ReadonlyArray<Way>, drawn: number): Way {
  let left = drawn
  for (const way of ways) {
    left -= way.share
    if (left < 0) return way
  }
  return ways[0] as Way
}
