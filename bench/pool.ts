/**
 * The IP pool against what a client would have without it, in a lab with distance, TLS servers and a resolver: connect and
 * TLS beside the system's first answer, the first use of a name, the last resort when all candidates are dead or the pool is off,
 * the first clients after a restart, and a hijacker. `--scene NAME` for one of them.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { makeCertificates } from "./lab/certificates.ts"
import { whyNot } from "./lab/Lab.ts"
import { whyNoNames } from "./lab/names.ts"
import { better, firstUse, restart } from "./lab/poolSpeed.ts"
import { hijacker, lastResort } from "./lab/poolTrouble.ts"
import type { Report } from "./support/report.ts"
import { print, runtime } from "./support/report.ts"

const SCENES = { better, "first-use": firstUse, "last-resort": lastResort, restart, hijacker }

const missing = whyNot() ?? whyNoNames()
if (missing !== undefined) {
  console.error(`pool: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const { values } = parseArgs({
  options: { rounds: { type: "string" }, json: { type: "boolean" }, scene: { type: "string" } }
})
const rounds = Number(values.rounds ?? 3)
const scenes = Object.entries(SCENES).filter(([name]) => values.scene === undefined || values.scene === name)
if (scenes.length === 0) throw new Error(`there is no scene ${values.scene}; there are ${Object.keys(SCENES).join(", ")}`)

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-pool-"))
const reports: Array<Report> = []
try {
  makeCertificates(directory)
  for (const [, scene] of scenes) {
    const report = await scene({ rounds, directory })
    reports.push(report)
    if (values.json !== true) {
      print(report, false)
      console.log()
    }
  }
} finally {
  fs.rmSync(directory, { recursive: true, force: true })
}
if (values.json === true) console.log(JSON.stringify({ runtime: runtime(), reports }))
