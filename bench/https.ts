/**
 * A new HTTPS request, from its start to the end of a short answer, where a site has addresses at 60, 20 and 40 ms and the
 * system's resolver names them in the worst order: through the dispatcher, with and without warm sockets, beside undici alone.
 */
import process from "node:process"
import { whyNot } from "./lab/Lab.ts"
import { quantile } from "./lab/measure.ts"
import { whyNoNames } from "./lab/names.ts"
import { nameOf, Noted } from "./lab/poolLab.ts"
import type { Way, WebClients, WebSeen } from "./lab/webClients.ts"
import { inWebLab } from "./lab/webLab.ts"
import { options, print } from "./support/report.ts"

const DISTANCES = { "198.18.0.11": 60, "198.18.0.12": 20, "198.18.0.13": 40 }
/** Without Fairlead a client takes the worst: on Node the first of the answer, on Deno the last. */
const ANSWER = "Deno" in globalThis ? Object.keys(DISTANCES).toReversed() : Object.keys(DISTANCES)
const [WORST, BEST] = ["198.18.0.11", "198.18.0.12"] as const
const WAYS: ReadonlyArray<Way> = ["undici", "fairlead", "fairlead, no warm sockets"]
const COUNT = 40

const missing = whyNot() ?? whyNoNames()
if (missing !== undefined) {
  console.error(`https: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const { rounds, json } = options(3)
const noted = new Noted()
await inWebLab(DISTANCES, { web: ANSWER }, async ({ lab, caFile }) => {
  const wanted: WebClients = {
    kind: "new",
    ways: WAYS,
    hosts: [nameOf("web")],
    caFile,
    count: COUNT,
    workers: 1,
    lastMs: 0,
    timeoutMs: 5_000,
    failing: [],
    settleMs: 3_000
  }
  for (let round = 0; round < rounds; round++) {
    const seen = await lab.document<Array<WebSeen>>("bench/lab/webClients.ts", [JSON.stringify(wanted)])
    const p50 = (way: Way) => quantile(served(seen, way).map(({ tookMs }) => tookMs), 0.5)
    for (const way of WAYS) {
      const own = served(seen, way)
      noted.note(way, {
        "p50 ms": p50(way),
        "p99 ms": quantile(own.map(({ tookMs }) => tookMs), 0.99),
        "failed": COUNT - own.length,
        "on the best, share": on(own, BEST),
        "on the worst, share": on(own, WORST)
      })
      if (way !== "undici") noted.note(`${way} / undici`, { "p50": p50(way) / p50("undici") })
    }
  }
})
const aims = WAYS.slice(1).map((way) => {
  const { median: figure, spread } = noted.of(`${way} / undici`, "p50")
  return { what: `${way}: p50 of a new HTTPS request, of undici's`, figure, spread, atMost: 0.5 }
})
const about = `${COUNT} requests each way a round, in turn, each on a new connection; round trips of 60, 20, 40 ms`
print({ bench: "https", about, rounds, results: noted.results(), aims }, json)

function served(seen: ReadonlyArray<WebSeen>, way: Way): ReadonlyArray<WebSeen> {
  return seen.filter((one) => one.way === way && one.failure === "")
}

function on(seen: ReadonlyArray<WebSeen>, host: string): number {
  return seen.filter(({ by }) => by === host).length / COUNT
}
