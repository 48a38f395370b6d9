/** An outage on the real service: every place that an operator looks at shows it, and the record says why. */
import type { Browser } from "puppeteer-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { CHROMIUM, startBrowser } from "../support/browser.ts"
import { inScratch } from "../support/command.ts"
import { inProcess } from "../support/inProcess.ts"
import type { Explained } from "../support/outageSeen.ts"
import { explainedIn, outageSeen, PLACES } from "../support/outageSeen.ts"
import { lacksTool } from "../support/peers/tools.ts"

const TIMEOUT_MS = 180_000

describe("an outage of the best of three addresses", () => {
  const isBlind = lacksTool("chromium", "chromium", ...CHROMIUM)
  let browser: Browser | undefined
  beforeAll(async () => {
    if (!isBlind) browser = await startBrowser()
  }, TIMEOUT_MS)
  afterAll(() => browser?.close())

  it(
    "shows on the dashboard, in /status, as a fact, a metric and a span, and explain names the breaker and its entry",
    () =>
      inScratch(async (directory) => {
        let live: Explained | undefined
        const { seen, code, stderr } = await outageSeen(directory, browser, async ({ candidate, file }) => {
          const { stdout, code, stderr } = await inProcess(["explain", "web", "--config", file, "--json"])
          assert.strictEqual(code, 0, stderr)
          live = explainedIn(stdout, candidate)
        })
        assert.strictEqual(code, 0, stderr)
        assert.sameMembers([...seen.afterMs.keys()], PLACES.filter((place) => place !== "dashboard" || !isBlind))
        assert.deepStrictEqual(seen.wrong, [])
        const opened = live?.rests.find(({ kind }) => kind === "breaker")
        assert.strictEqual(live?.rule, "shut")
        assert.match(opened?.what ?? "", /^opened: /)
        // The record names the same entry.
        const at = async (seq: number) => {
          const { stdout, code, stderr } = await inProcess(["explain", "web", "--log", seen.log, "--at", `${seq}`, "--json"])
          assert.strictEqual(code, 0, stderr)
          return explainedIn(stdout, seen.candidate)
        }
        const seq = opened?.seq ?? -1
        const then = await at(seq)
        assert.strictEqual(then?.rule, "shut")
        assert.deepStrictEqual(then?.rests.find(({ kind }) => kind === "breaker"), opened)
        // A trial may have failed meanwhile, and opened the breaker again. Entry by entry the record leads back to when it was closed.
        let before = await at(seq - 1)
        for (let tries = 0; before?.rule === "shut" && tries < 20; tries++) {
          before = await at((before.rests.find(({ kind }) => kind === "breaker")?.seq ?? 0) - 1)
        }
        assert.include(["member", "suspect"], before?.rule)
      }),
    TIMEOUT_MS
  )
})
