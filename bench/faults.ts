/**
 * Faults against the real service: `fairlead run` as a process, three addresses 20, 45 and 70 ms away, 20 clients a second with
 * requests and answers of up to 48 KiB that carry digests, and one fault after the other. For each fault: whether it was noticed and
 * how soon, how its clients fared, and how soon they were on the best address again. All settings are defaults but for the interval
 * of probes (1 s), and for what a fault needs (faults/services.ts).
 *
 * `--only PATTERN` chooses faults by name, `--list` names them. Exit code 1: a fault did not go as expected, or fewer than
 * 99.9 % of all clients that could be served were.
 */
import * as path from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import type { Fault } from "./faults/Fault.ts"
import { OF_ADDRESSES } from "./faults/ofAddresses.ts"
import { OF_NAMES } from "./faults/ofNames.ts"
import { OF_SERVICE } from "./faults/ofService.ts"
import type { Row } from "./faults/perform.ts"
import { performAll } from "./faults/perform.ts"
import { bundled, HOSTS, NAME, RTT_MS, whyNot } from "./faults/services.ts"
import { Stage } from "./faults/Stage.ts"
import { LEGEND, notesOf, tableOf, totalOf } from "./faults/table.ts"
import { Lab, PORT, whyNot as whyNoLab } from "./lab/Lab.ts"
import type { Names } from "./lab/names.ts"
import { openResolver, whyNoResolver } from "./lab/names.ts"
import { runtime } from "./support/report.ts"

const LEAST_SHARE = 0.999

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, list: { type: "boolean" }, json: { type: "boolean" } }
})
const said = (text: string) => console.error(`faults: ${text}`)
const strict = process.env["REQUIRE_RIVALS"] === "1"
const only = new RegExp(values.only)
const chosen = [...OF_ADDRESSES, ...OF_NAMES, ...OF_SERVICE].filter(({ name }) => only.test(name))
if (chosen.length === 0) throw new Error("no fault has such a name; --list shows all")
if (values.list === true) {
  for (const { name } of chosen) console.log(name)
  process.exit(0)
}
const missing = whyNoLab()
if (missing !== undefined) {
  said(`${missing}; no figures`)
  process.exit(strict ? 1 : 0)
}
const noNames = whyNoResolver()
const can = ({ name, kind }: Fault) => {
  const why = kind === "named" ? noNames : whyNot(kind)
  if (why !== undefined) said(`"${name}" is left out: ${why}`)
  return why === undefined
}
const faults = chosen.filter(can)
if (strict && faults.length < chosen.length) process.exit(1)

const rows: Array<Row> = []
const lab = await Lab.open(RTT_MS, ["../faults/origins.ts", String(PORT)])
let names: Names | undefined
const close = async () => {
  names?.close()
  await lab.close()
}
// What runs in the lab would go on without this process.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void close().finally(() => process.exit(1)))
try {
  names = noNames === undefined ? await openResolver(lab, { [NAME]: HOSTS }) : undefined
  const stage = await Stage.open(lab, bundled(path.join(lab.scratch, "command")), names)
  for (const kind of new Set(faults.map((fault) => fault.kind))) {
    const own = await performAll(stage, faults.filter((fault) => fault.kind === kind), said)
    rows.push(...own)
    for (const { fault, wrong } of own) said(`${fault.name}: ${wrong.length === 0 ? "as expected" : wrong.join("; ")}`)
  }
} finally {
  await close()
}

const total = totalOf(rows)
if (values.json === true) {
  const faults = rows.map(({ fault: { name, expected, noticed, over }, ...row }) => ({
    name,
    expected,
    noticed: noticed.says,
    over: over?.says ?? null,
    ...row,
    counts: { ...row.counts, firstByte: undefined }
  }))
  console.log(JSON.stringify({ runtime: runtime(), rttMs: RTT_MS, faults, total }))
} else {
  const table = tableOf(rows)
  console.log(
    `faults against the real service on ${runtime()}\n\n${table}\n\n${table.includes("TOO BUSY") ? `${LEGEND}\n\n` : ""}${
      notesOf(rows)
    }\n`
  )
  console.log(
    `of the clients that could be served ${(total.share * 100).toFixed(2)} % were (${total.failed} of ${
      total.served + total.failed
    } failed),`
  )
  console.log(
    `caught ${total.caught}, cut midway ${total.cut}, none could serve ${total.noneCould}, altered ${total.corrupted}`
  )
}
const isGood = rows.every(({ wrong }) => wrong.length === 0) && total.corrupted === 0 && total.share >= LEAST_SHARE
process.exit(isGood ? 0 : 1)
