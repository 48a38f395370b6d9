/**
 * A long list of which few addresses live, with default settings: 1,024 addresses, two of them at 60 and 20 ms, all others dark.
 * From listening on: when the first client is served, when one is served by the best, when /readyz says 200, and how many clients that
 * came meanwhile failed. `--places A,B` names where in the list they stand (several pairs with a blank between), `--runtime node|deno`
 * what the service runs on.
 */
import process from "node:process"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import type { FirstServed } from "./lab/firstServed.ts"
import type { RuntimeName } from "./lab/Lab.ts"
import { Lab, PORT, whyNot } from "./lab/Lab.ts"
import { aligned, runtime, short } from "./support/report.ts"

const LONG = 1_024
const LISTEN = 1234
const ADMIN = 9099
const WORSE_MS = 60
const BEST_MS = 20
/** As it was complained of; where a search from the end and probes from the head meet last; the best last in the list, and where only probes reach it. */
const PLACES = "576,960 105,106 0,1023 0,900"
const hostAt = (place: number) => `198.18.${1 + Math.floor(place / 250)}.${1 + (place % 250)}`

const missing = whyNot()
if (missing !== undefined) {
  console.error(`long-list: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "30" },
    places: { type: "string", default: PLACES },
    runtime: { type: "string", default: "node" },
    json: { type: "boolean", default: false }
  }
})

const yaml = (lab: Lab) => `
listeners: [{ name: web, listen: "127.0.0.1:${LISTEN}", upstream: web }]
upstreams: { web: { port: ${PORT}, candidates: [${Array.from({ length: LONG }, (_, i) => hostAt(i)).join(", ")}] } }
eventLog: { path: ${lab.scratch}/log }
history: { path: none }
admin: { listen: "127.0.0.1:${ADMIN}" }
`

async function round(worse: number, best: number) {
  const lab = await Lab.open({ [hostAt(worse)]: WORSE_MS, [hostAt(best)]: BEST_MS })
  try {
    const service = await lab.fairlead(yaml(lab), 0, values.runtime as RuntimeName)
    const script = fileURLToPath(new URL("lab/firstServed.ts", import.meta.url))
    const seen = await lab.document<FirstServed>(script, [LISTEN, ADMIN, values.seconds].map(String))
    await lab.stop(service)
    const well = seen.clients.filter(({ failure }) => failure === "")
    const end = (by: string) =>
      Math.min(...well.filter((one) => by === "" || one.by === by).map((one) => one.startedMs + one.firstByteMs))
    return {
      places: `${worse}, ${best}`,
      firstServedMs: end(""),
      bestMs: end(hostAt(best)),
      readyMs: seen.readyMs ?? Number.POSITIVE_INFINITY,
      clients: seen.clients.length,
      failed: seen.clients.length - well.length,
      slowestMs: Math.max(...well.map(({ firstByteMs }) => firstByteMs))
    }
  } finally {
    await lab.close()
  }
}

const results = []
for (let i = 0; i < Number(values.rounds); i++) {
  for (const pair of values.places.split(" ")) {
    const [worse = 0, best = 1] = pair.split(",").map(Number)
    results.push(await round(worse, best))
  }
}
if (values.json) console.log(JSON.stringify({ runtime: values.runtime, results }))
else {
  console.log(`${LONG} addresses, two alive, defaults: service on ${values.runtime}, clients on ${runtime()}\n`)
  const head = ["places", "", "first served ms", "by the best ms", "ready ms", "failed", "slowest served ms"]
  const rows = results.map((one) => [
    one.places,
    "",
    short(one.firstServedMs),
    short(one.bestMs),
    short(one.readyMs),
    `${one.failed} of ${one.clients}`,
    short(one.slowestMs)
  ])
  console.log(aligned([head, ...rows]))
}
