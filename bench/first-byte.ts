/**
 * Time to the first byte of a new connection when the best of three addresses is 20 ms away (the others 60 and 40): through
 * Fairlead, and through HAProxy and nginx that were given only the best; beside a request on a connection to the best that
 * is already open. Clients one by one, and five a second.
 */
import process from "node:process"
import { Lab, PORT, whyNot } from "./lab/Lab.ts"
import { quantile, served, shareOn } from "./lab/measure.ts"
import { rivals } from "./lab/rivals.ts"
import { aligned, options, runtime, short } from "./support/report.ts"

const BEST = "198.18.0.11"
const DISTANCES = { [BEST]: 20, "198.18.0.12": 60, "198.18.0.13": 40 }
const LISTEN = 1234
const RIVAL_LISTEN = 1235
const PACES = [{ name: "one by one", rate: 0, count: 100 }, { name: "5 a second", rate: 5, count: 100 }]

const yaml = (lab: Lab, setSize: number) => `
listeners: [{ name: web, listen: "127.0.0.1:${LISTEN}", upstream: web }]
upstreams: { web: { port: ${PORT}, candidates: [${Object.keys(DISTANCES).map((host) => `"${host}"`).join(", ")}] } }
selector: { activeSetSize: ${setSize} }
eventLog: { path: ${lab.scratch}/log }
history: { path: none }
admin: { listen: "off" }
`

interface Row {
  readonly through: string
  readonly pace: string
  readonly p50: Array<number>
  readonly p99: Array<number>
  readonly onBest: Array<number>
}

const missing = whyNot()
if (missing !== undefined) {
  console.error(`first-byte: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const { rounds, json } = options(3)
const rows = new Map<string, Row>()

function note(through: string, pace: string, seen: Awaited<ReturnType<Lab["clients"]>>): void {
  const key = `${through} ${pace}`
  const row = rows.get(key) ?? { through, pace, p50: [], p99: [], onBest: [] }
  rows.set(key, row)
  row.p50.push(quantile(served(seen), 0.5))
  row.p99.push(quantile(served(seen), 0.99))
  row.onBest.push(shareOn(seen, BEST))
}

const lab = await Lab.open(DISTANCES)
try {
  for (let round = 0; round < rounds; round++) {
    for (const { name, rate, count } of PACES) {
      note("open connection", name, await lab.clients("direct", BEST, PORT, rate, count))
      for (const size of [1, 3]) {
        const service = await lab.fairlead(yaml(lab, size))
        note(`fairlead, set of ${size}`, name, await lab.clients("loop", "127.0.0.1", LISTEN, rate, count))
        await lab.stop(service)
      }
      for (const rival of rivals()) {
        const child = lab.near(rival.command(lab.scratch, RIVAL_LISTEN, `${BEST}:${PORT}`))
        await new Promise((resolve) => setTimeout(resolve, 1_000))
        note(rival.name, name, await lab.clients("loop", "127.0.0.1", RIVAL_LISTEN, rate, count))
        await lab.stop(child)
      }
    }
  }
} finally {
  await lab.close()
}

const middle = (values: ReadonlyArray<number>) => quantile(values, 0.5)
const spread = (values: ReadonlyArray<number>) => `${short(Math.min(...values))}-${short(Math.max(...values))}`
const report = [...rows.values()].map((row) => {
  const reference = rows.get(`open connection ${row.pace}`) as Row
  return {
    through: row.through,
    pace: row.pace,
    p50Ms: middle(row.p50),
    p50SpreadMs: spread(row.p50),
    p50Ratio: middle(row.p50) / middle(reference.p50),
    p99Ms: middle(row.p99),
    p99Ratio: middle(row.p99) / middle(reference.p99),
    onBest: middle(row.onBest)
  }
})
if (json) console.log(JSON.stringify({ runtime: runtime(), rounds, report }))
else {
  console.log(
    `first byte on ${runtime()}, ${rounds} rounds; best address ${
      DISTANCES[BEST]
    } ms away; ratios to a request on an open connection\n`
  )
  const cells = report.map((row) => [
    row.through,
    row.pace,
    `${short(row.p50Ms)} (${row.p50SpreadMs})`,
    row.p50Ratio.toFixed(3),
    short(row.p99Ms),
    row.p99Ratio.toFixed(3),
    `${(row.onBest * 100).toFixed(0)} %`
  ])
  console.log(aligned([["through", "pace", "p50 ms (spread)", "ratio", "p99 ms", "ratio", "on best"], ...cells]))
}
