/**
 * A local outage of a minute, by a black hole for everything and by an interface that is down: whether
 * scores and breakers are as before, and how soon clients are served after it.
 */
import process from "node:process"
import { parseArgs } from "node:util"
import { whyNot } from "./lab/Lab.ts"
import { differ, localOutages, moved } from "./lab/localOutage.ts"
import { aligned, runtime, short } from "./support/report.ts"

const missing = whyNot()
if (missing !== undefined) {
  console.error(`local-outage: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const { values } = parseArgs({ options: { seconds: { type: "string" }, json: { type: "boolean" } } })
const seconds = Number(values.seconds ?? 60)
const outcomes = await localOutages(["dark", "interface"], seconds)

if (values.json === true) console.log(JSON.stringify({ runtime: runtime(), seconds, outcomes }))
else {
  console.log(`own network away for ${seconds} s on ${runtime()}\n`)
  const rows = outcomes.map((one) => [
    one.loss,
    one.reason ?? "unnoticed",
    `${differ(one.before, one.during).length} / ${differ(one.before, one.after).length}`,
    short(moved(one.before, one.during)),
    short(moved(one.before, one.after)),
    one.states.join(" "),
    `${one.failed} of ${one.clients}`,
    short(one.slowestMs),
    short(one.servedAfterMs)
  ])
  const head = [
    "loss",
    "seen by",
    "judged otherwise in it / after",
    "cost moved in it ms",
    "by new samples ms",
    "states",
    "failed",
    "slowest ms",
    "all served after ms"
  ]
  console.log(aligned([head, ...rows]))
}
