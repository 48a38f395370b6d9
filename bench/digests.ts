/**
 * One record of 100,000 entries on each runtime, by the bundle of `fairlead/edge`: whether the verdicts are equal, and how long a replay takes
 * with the start of the runtime. A runtime that is missing has no row.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { busyRecord } from "../test/edge/busyRecord.ts"
import type { Prepared } from "../test/edge/runtimes.ts"
import { prepare } from "../test/edge/runtimes.ts"
import { binaryOf } from "../test/support/command.ts"
import { nodeOf } from "../test/support/nodes.ts"
import { fileOf } from "../test/support/peers/tools.ts"
import { noWorkerd } from "../test/support/workerd.ts"
import { options, print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const ENTRIES = 100_000
const { rounds, json } = options(3)

function contendersOf({ byProgram, byWorkerd, byChromium }: Prepared) {
  const nodes = ["22.19.0", "24.9.0"].flatMap((version) => {
    const node = nodeOf(version)
    return "why" in node ? [] : [[`node ${version}`, () => byProgram(node.binary)] as const]
  })
  const chromium = fileOf("chromium", "chromium-browser", "google-chrome")
  return [
    ["node", () => byProgram(binaryOf("node"))] as const,
    ...nodes,
    ["deno", () => byProgram(binaryOf("deno"), ["run", "--allow-read"])] as const,
    ...(noWorkerd ? [] : [["workerd", byWorkerd] as const]),
    ...(chromium === undefined ? [] : [["chromium", () => byChromium(chromium)] as const])
  ]
}

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-digests-"))
try {
  const text = busyRecord(ENTRIES)
  const verdicts = new Map<string, string>()
  const timed = (name: string, replay: () => Promise<string>) => async () => {
    const beganMs = performance.now()
    verdicts.set(name, await replay())
    return { seconds: (performance.now() - beganMs) / 1000 }
  }
  const contenders = contendersOf(await prepare(text, directory))
  const { results } = await interleaved(
    rounds,
    Object.fromEntries(contenders.map(([name, replay]) => [name, timed(name, replay)]))
  )
  const { outcome, state } = JSON.parse(verdicts.get("node") ?? "{}")
  if (outcome !== "verified") throw new Error(`the record is ${outcome}`)
  print({
    bench: "digests",
    about: `${ENTRIES} entries, ${(text.length / 1e6).toFixed(0)} MB; the digest of the last state is ${state}`,
    rounds,
    results,
    aims: [{ what: "different verdicts", figure: new Set(verdicts.values()).size, atMost: 1 }]
  }, json)
} finally {
  fs.rmSync(directory, { recursive: true, force: true })
}
