/**
 * One record gives the same verdict, with the same digests, on every runtime: 10,000 entries, and 100,000 with `FAIRLEAD_DEEP=1`.
 * A part is skipped with a reason where its runtime is missing.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { unable } from "../support/able.ts"
import { binaryOf } from "../support/command.ts"
import { nodeOf } from "../support/nodes.ts"
import { fileOf, lacksTool } from "../support/peers/tools.ts"
import { replayed } from "../support/segments.ts"
import { noWorkerd } from "../support/workerd.ts"
import { busyRecord } from "./busyRecord.ts"
import type { Prepared } from "./runtimes.ts"
import { prepare } from "./runtimes.ts"

const ENTRIES = process.env["FAIRLEAD_DEEP"] === "1" ? 100_000 : 10_000
const TIMEOUT_MS = 600_000
const BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
const noBrowser = lacksTool("chromium", "chromium", ...BROWSERS)

describe(`a record of ${ENTRIES} entries`, () => {
  const text = busyRecord(ENTRIES)
  const here = replayed([text])
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-digests-"))
  let prepared: Prepared
  beforeAll(async () => void (prepared = await prepare(text, directory)), TIMEOUT_MS)
  afterAll(() => fs.rmSync(directory, { recursive: true }))

  const same = async (verdict: Promise<string>) => assert.deepStrictEqual(JSON.parse(await verdict), here)

  it("verifies here, and has decisions, moves and choices in it", () => {
    assert.deepInclude(here, { outcome: "verified", entries: ENTRIES })
    assert.match(here.state, /^[0-9a-f]{16}$/)
    assert.isAbove(here.decisions, ENTRIES / 10)
    assert.isAbove(here.moves.length, 0)
    assert.isAbove(here.choices.checked, ENTRIES / 10)
  })

  for (const version of ["22.19.0", "24.9.0"]) {
    it(`gives the same verdict on Node ${version}`, (context) => {
      const node = nodeOf(version)
      if ("why" in node) return unable(context, "npm", node.why)
      return same(prepared.byProgram(node.binary))
    }, TIMEOUT_MS)
  }

  it("gives the same verdict on Deno", () => same(prepared.byProgram(binaryOf("deno"), ["run", "--allow-read"])), TIMEOUT_MS)

  it.skipIf(noWorkerd)("gives the same verdict in workerd", () => same(prepared.byWorkerd()), TIMEOUT_MS)

  it.skipIf(noBrowser)(
    "gives the same verdict in headless Chromium",
    () => same(prepared.byChromium(fileOf(...BROWSERS) as string)),
    TIMEOUT_MS
  )
})
