/** How many warm sockets there are, and for how long. */
import type { Row } from "./Row.ts"
import { answering, clients, host, list, row } from "./toy.ts"
import type { Toy } from "./toy.ts"

const ONE = list(1)
const parked = (toy: Toy) => toy.warm(host(1))
const settled = (toy: Toy) => parked(answering(toy, 1).start().run(20_000))
/** Ten clients a second for this many seconds. */
const busy = (toy: Toy, seconds: number) => clients(answering(toy, 1).start().run(2_000), seconds * 10, 100)
/** A session that gets no answer until the candidate's warm sockets are closed. */
function waits(toy: Toy, session: number): void {
  const told = { worker: 0, session, candidate: toy.state.routes.upstreams[0]?.members[0]?.candidate ?? -1 }
  toy.post({ _tag: "SessionSilent", ...told, waitedUs: 100_000 })
  const giveUpMs = toy.atMs + 10_000
  while (parked(toy) > 0 && toy.atMs < giveUpMs) toy.run(1)
  toy.run(5).post({ _tag: "SessionSpoke", ...told }).run(2_000)
}

export const POOLS: ReadonlyArray<Row> = [
  row("pool.mode", ["fixed", "off"], [5, 0], settled, { ...ONE, pool: { size: 5 } }),
  row("pool.size", [3, 6], [3, 6], settled, { ...ONE, pool: { mode: "fixed" } }),
  row("pool.min", [1, 4], "more", settled, ONE),
  row(
    "pool.max",
    [2, 40],
    "more",
    (toy) => Math.max(...[1, 2, 3, 4].map(() => parked(clients(busy(toy, 5), 30, 5).run(500)))),
    ONE
  ),
  row("pool.headroom", [1, 20], "more", (toy) => parked(busy(toy, 30).run(200)), ONE),
  row("pool.maxAge", ["5s", "1m"], "more", (toy) => {
    answering(toy, 1).start().run(1_000)
    return toy.warmDials[0]?.keepForMs
  }, ONE),
  // A burst of that size is not limited.
  row("pool.connectsPerSecond", [1, 50], "more", (toy) => {
    settled(toy)
    return parked(toy.lose(host(1), "closed").run(100).lose(host(1), "closed").run(3_000))
  }, { ...ONE, pool: { mode: "fixed", size: 40 } }),
  row("pool.idleAfter", ["5s", "1h"], "more", (toy) => parked(busy(toy, 20).run(120_000)), ONE),
  // Three sessions in a row are answered only once the warm sockets are closed.
  row("pool.withholdFor", ["10s", "1h"], [2, 0], (toy) => {
    answering(toy, 1).start().run(1_000)
    for (let session = 1_001; session <= 1_003; session++) waits(toy, session)
    return parked(toy.run(30_000))
  }, {
    ...ONE,
    pool: { mode: "fixed", size: 2, maxAge: "1h" },
    probing: { interval: "1h" },
    breaker: { enabled: false }
  }),
  row("pool.total", [2, 100], [2, 12], (toy) => {
    answering(toy, 2).start().run(20_000)
    return toy.warm(host(1)) + toy.warm(host(2))
  }, { pool: { mode: "fixed", size: 6 } })
]
