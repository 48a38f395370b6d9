/** `fairlead replay --config`: text, JSON, a report, and what it says when it cannot compare. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { command, other } from "../support/command.ts"
import { inProcess } from "../support/inProcess.ts"
import { noisyRecord, writeSegments } from "../support/noisyRecord.ts"

const settings = (hold: string) => `
listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
upstreams:
  web:
    port: 443
    candidates: ["198.18.0.1", "198.18.0.2", "198.18.0.3", "198.18.0.4"]
    probing: { interval: 1s }
    selector: { activeSetSize: 1, switching: { margin: 5ms, marginPercent: 5, hold: ${hold}, confirmations: 1 } }
sources: { builtin: false }
`

describe("fairlead replay --config", () => {
  let scratch = ""
  let log = ""
  const fileOf = (name: string, text: string) => {
    const file = path.join(scratch, name)
    fs.writeFileSync(file, text)
    return file
  }
  beforeAll(() => {
    scratch = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-what-if-"))
    log = writeSegments(path.join(scratch, "log"), noisyRecord(200))
  })
  afterAll(() => fs.rmSync(scratch, { recursive: true, force: true }))

  it("compares both runs as text and as JSON with the same bytes on both runtimes", async () => {
    const file = fileOf("other.yaml", settings("0s"))
    const text = await inProcess(["replay", log, "--config", file])
    assert.strictEqual(text.code, 0, text.stderr)
    assert.include(text.stdout, "upstreams.web.selector.switching.holdMs: 30000 -> 0")
    assert.match(text.stdout, /the decisions part at entry \d+, 2026-/)
    assert.match(text.stdout, /switches back within a minute +\d+ +\d+\n/)
    const here = await inProcess(["replay", log, "--config", file, "--json"])
    const there = await command(["replay", log, "--config", file, "--json"], { runtime: other })
    assert.strictEqual(there.code, 0, there.stderr)
    assert.strictEqual(here.stdout, there.stdout)
    const document = JSON.parse(here.stdout)
    assert.deepInclude(document, { v: 1, notes: [] })
    assert.isAbove(document.other.switches, 2 * document.recorded.switches)
    assert.notInclude(here.stdout, scratch)
  })

  it("writes a report of one file, without a script and without requests, for its owner alone", async () => {
    const html = path.join(scratch, "report.html")
    const { code, stderr } = await inProcess([
      "replay",
      log,
      "--config",
      fileOf("other.yaml", settings("0s")),
      "--html",
      html
    ])
    assert.strictEqual(code, 0, stderr)
    const text = fs.readFileSync(html, "utf8")
    assert.strictEqual(fs.statSync(html).mode & 0o777, 0o600)
    assert.include(text, "default-src 'none'")
    assert.notMatch(text, /<script|https?:|url\(|<link|<img/)
    assert.strictEqual(text.match(/<svg /g)?.length, 1)
    assert.match(text, /class="curve best" d="M[\d.]+ [\d.]+L/)
    assert.notMatch(text, /NaN|undefined|Infinity/)
  })

  it("has nothing to tell under the same settings", async () => {
    const { code, stdout } = await inProcess(["replay", log, "--config", fileOf("same.yaml", settings("30s"))])
    assert.strictEqual(code, 0)
    assert.include(stdout, "every decision is the same")
  })

  it("exits with 2 for what it cannot use, and with the verdict's code for a record that does not verify", async () => {
    const same = fileOf("same.yaml", settings("30s"))
    const wrong = await inProcess(["replay", log, "--config", fileOf("wrong.yaml", settings("many"))])
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, "hold: expected a duration")
    assert.strictEqual((await inProcess(["replay", log, "--html", path.join(scratch, "x.html")])).code, 2)
    const both = await inProcess(["replay", log, "--config", same, "--redact", path.join(scratch, "copy")])
    assert.strictEqual(both.code, 2)
    const nowhere = path.join(scratch, "nowhere", "x.html")
    assert.include((await inProcess(["replay", log, "--config", same, "--html", nowhere])).stderr, "cannot write")
    const [segment = ""] = fs.readdirSync(log)
    const altered = path.join(scratch, "altered")
    writeSegments(altered, [
      fs.readFileSync(path.join(log, segment), "utf8").replace('"_tag":"Started"', '"_tag":"Ticked" ')
    ])
    const { code, stdout } = await inProcess(["replay", altered, "--config", same])
    assert.strictEqual(code, 3)
    assert.include(stdout, "altered")
  })
})
