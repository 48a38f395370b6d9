/** One DNS question that is never answered, beside one that is answered at once. */
import * as Effect from "effect/Effect"
import type { Manner } from "../../test/support/dnsServer.ts"
import { dnsServer } from "../../test/support/dnsServer.ts"
import { serve } from "../../test/support/servers.ts"
import type { Served } from "../support/client.ts"
import { client } from "../support/client.ts"
import type { Aim, Report } from "../support/report.ts"
import { figuresOf, serving } from "./fieldService.ts"
import { Noted, pause } from "./poolLab.ts"

const NAMES = 20
const LAST_RESORT = "last.test"
const SERVER = "127.0.0.2"
const EVERY_MS = 100
const TIMEOUT_MS = 10_000
const MOST_MS = 100
const A_AT_ONCE = { afterMs: { A: 1 } } as const

const SILENCES: Readonly<Record<string, ReadonlyArray<Manner>>> = {
  "AAAA never": [{ ...A_AT_ONCE, mute: ["AAAA"] }],
  "second server mute": [A_AT_ONCE, { mute: ["A", "AAAA"] }]
}

/** The first client of each of many names, one after the other, and as many clients of an upstream on its last resort. */
export async function names(rounds: number): Promise<Report> {
  const noted = new Noted()
  for (let round = 0; round < rounds; round++) {
    for (const [silence, manners] of Object.entries(SILENCES)) {
      const { first, last, direct } = await Effect.runPromise(Effect.scoped(under(manners)))
      noted.note(`${silence}, first of a name`, figuresOf(first))
      noted.note(`${silence}, last resort`, figuresOf(last))
      noted.note("direct", figuresOf(direct))
    }
  }
  const aims = Object.keys(noted.results()).filter((what) => what !== "direct").flatMap((what): ReadonlyArray<Aim> => {
    const { median: figure, spread } = noted.of(what, "max ms")
    return [
      { what: `${what}: failed, worst round`, figure: noted.of(what, "failed").greatest, atMost: 0 },
      { what: `${what}: slowest ms`, figure, spread, atMost: MOST_MS }
    ]
  })
  const about = `A is answered in 1 ms; ${NAMES} names found on first use, ${NAMES} clients of a bypassed upstream, defaults`
  return { bench: "field: a silent DNS question", about, rounds, results: noted.results(), aims }
}

const under = (manners: ReadonlyArray<Manner>) =>
  Effect.gen(function* () {
    const found = Array.from({ length: NAMES }, (_, i) => `n${i}.test`)
    const known = Object.fromEntries([...found, LAST_RESORT].map((name) => [name, [SERVER]]))
    const resolvers = yield* Effect.forEach(manners, (manner) => dnsServer(known, manner))
    const { port } = yield* Effect.acquireRelease(
      Effect.promise(() => serve((socket) => void socket.once("data", () => socket.end("!")), 0, SERVER)),
      (server) => Effect.promise(() => server.stop())
    )
    const upstreams = [
      ...found.map((name, i) => `  n${i}: { host: ${name}, port: ${port}, preheat: false }`),
      `  last: { host: ${LAST_RESORT}, port: ${port}, bypass: true }`
    ]
    const body = [
      "listeners:",
      ...[...found.map((_, i) => `n${i}`), "last"].map((name) =>
        `  - { name: ${name}, listen: "127.0.0.1:0", upstream: ${name} }`
      ),
      "upstreams:",
      ...upstreams,
      `dns: { servers: [${resolvers.map((one) => `"127.0.0.1:${one.port}"`).join(", ")}] }`
    ]
    return yield* Effect.promise(() =>
      serving(body.join("\n"), async ({ portOf }) => ({
        first: await inTurn(found.map((_, i) => portOf(`n${i}`))),
        last: await inTurn(found.map(() => portOf("last"))),
        // What the machine itself adds to a client's time.
        direct: await inTurn(found.map(() => port), SERVER)
      }))
    )
  })

async function inTurn(ports: ReadonlyArray<number>, host?: string): Promise<ReadonlyArray<Served>> {
  const seen: Array<Served> = []
  for (const port of ports) {
    seen.push(await client(port, "?", TIMEOUT_MS, host))
    await pause(EVERY_MS)
  }
  return seen
}
