/**
 * Three faults from the field, measured as users met them, with default settings: an upstream that serves one connection at a time,
 * a DNS question that is never answered, and candidates that are dark while the next rung of the ladder is well.
 * `--scene serial|names|rungs` for one of them, `--rounds N`.
 */
import process from "node:process"
import { parseArgs } from "node:util"
import { names } from "./lab/fieldNames.ts"
import { rungs } from "./lab/fieldRungs.ts"
import { serial } from "./lab/fieldSerial.ts"
import { whyNot } from "./lab/Lab.ts"
import { whyNoResolver } from "./lab/names.ts"
import type { Report } from "./support/report.ts"
import { print, runtime } from "./support/report.ts"

const SCENES = { serial, names, rungs }

const { values } = parseArgs({
  options: { rounds: { type: "string" }, json: { type: "boolean" }, scene: { type: "string" } }
})
const missing = whyNot() ?? whyNoResolver()
if (missing !== undefined) {
  console.error(`field: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const rounds = Number(values.rounds ?? 3)
const scenes = Object.entries(SCENES).filter(([name]) => values.scene === undefined || values.scene === name)
if (scenes.length === 0) throw new Error(`there is no scene ${values.scene}; there are ${Object.keys(SCENES).join(", ")}`)

const reports: Array<Report> = []
for (const [, scene] of scenes) {
  const report = await scene(rounds)
  reports.push(report)
  if (values.json !== true) {
    print(report, false)
    console.log()
  }
}
if (values.json === true) console.log(JSON.stringify({ runtime: runtime(), reports }))
process.exit(0)
