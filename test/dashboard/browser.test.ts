/** The dashboard in a headless Chromium, on the admin port of a live service. */
import * as Effect from "effect/Effect"
import * as net from "node:net"
import type { Browser, Page } from "puppeteer-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as format from "../../src/dashboard/format.ts"
import type { Status } from "../../src/shell/status.ts"
import type { Admin, AdminSetting } from "../support/admin.ts"
import { request, withAdmin } from "../support/admin.ts"
import { barriers, CHROMIUM, onDashboard, startBrowser } from "../support/browser.ts"
import { addresses, configWith } from "../support/config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { lacksTool } from "../support/peers/tools.ts"
import type { Server } from "../support/servers.ts"
import { named } from "../support/servers.ts"

const TIMEOUT_MS = 60_000
const TOKEN = "correct-horse-battery"

const local = (servers: ReadonlyArray<Server>) => servers.map(({ port }) => ({ host: "127.0.0.1", port }))
const nowhere = [{ candidates: [{ host: "127.0.0.1", port: 1 }], pool: { mode: "off" as const } }]

/** Runs `use` on a service with these upstreams. */
const serving = <A>(
  upstreams: ReadonlyArray<UpstreamChanges>,
  use: (admin: Admin) => Promise<A>,
  setting: AdminSetting = {},
  intervalMs = 300
): Promise<A> => {
  const config = configWith(upstreams.map((one) => ({ ...one, probing: { intervalMs } })))
  return Effect.runPromise(withAdmin(config, setting, use))
}

/** The texts of the elements that a selector finds. */
const texts = (page: Page, selector: string): Promise<ReadonlyArray<string>> =>
  page.$$eval(selector, (found) => found.map((one) => (one.textContent ?? "").trim()))

const has = (page: Page, text: string) =>
  page.waitForFunction((text) => document.body.textContent?.includes(text), { timeout: 30_000 }, text)

/** The figures of a candidate's row, by name. */
const rowOf = (page: Page, id: string) =>
  page.$eval(`[data-candidate="${id}"]`, (row) =>
    Object.fromEntries(
      [...row.querySelectorAll("[data-value]")].map((
        one
      ) => [one.getAttribute("data-value"), (one.textContent ?? "").trim()])
    ))

async function statusOf(port: number): Promise<Status> {
  return JSON.parse((await request(port, "/status")).body) as Status
}

describe.skipIf(lacksTool("chromium", "chromium", ...CHROMIUM))("the dashboard in Chromium", () => {
  let browser: Browser
  let servers: ReadonlyArray<Server>
  beforeAll(async () => {
    browser = await startBrowser()
    servers = await Promise.all(["a", "b", "c", "d"].map((name) => named(name)))
  }, TIMEOUT_MS)
  afterAll(async () => {
    await browser?.close()
    await Promise.all((servers ?? []).map((one) => one.stop()))
  })

  it(
    "shows the figures of /status, and names with markup as text",
    () =>
      serving(
        [{ candidates: local(servers) }, { ...nowhere[0], name: "<img src=x onerror=alert(1)>" }],
        async ({ port, engine }) => {
          const [{ listen }] = (await statusOf(port)).listeners as [Status["listeners"][number]]
          const client = net.connect(Number(listen.split(":").at(-1)), "127.0.0.1").on("error", () => {})
          await onDashboard(browser, { port }, async ({ page, wrong, failed }) => {
            await page.locator('[data-upstream="web"] .opener').click()
            await page.waitForSelector('[data-candidate="web#4"]')
            const differences = async () => {
              const { upstreams: [web], listeners: [listener] } = await statusOf(port)
              if (web === undefined) return ["no upstream"]
              const found: Array<string> = []
              const same = (what: string, shown: unknown, told: string) => {
                if (shown !== told) found.push(`${what}: ${shown}, and /status says ${told}`)
              }
              for (const { id, latencyMs, score, successRate, warm, connections, breaker } of web.candidates) {
                const row = await rowOf(page, id)
                same(`${id} latency`, row["latency"], format.millis(latencyMs))
                same(`${id} score`, row["score"], format.points(score))
                same(`${id} success`, row["success"], format.percent(successRate))
                same(`${id} warm`, row["warm"], format.count(warm))
                same(`${id} sessions`, row["sessions"], format.count(connections))
                same(`${id} breaker`, row["breaker"], `breaker ${breaker}`)
              }
              const [clients, hits, warm] = await Promise.all(
                ["clients", "hits", "warm"].map(async (name) => (await texts(page, `[data-figure=${name}] b`))[0])
              )
              same("clients", clients, format.count(listener?.connections ?? -1))
              const { hits: taken, misses } = web.pool
              same("hits", hits, format.percent((taken ?? 0) / ((taken ?? 0) + (misses ?? 0))))
              same("warm", warm, format.count(web.pool.warm))
              return found
            }
            // The page looks once a second, and /status is read at another moment. So they agree between two changes.
            let found = await differences()
            for (let i = 0; i < 100 && found.length > 0; i++) found = await differences()
            assert.deepStrictEqual(found, [])
            assert.strictEqual((await statusOf(port)).listeners[0]?.connections, 1)
            assert.include(await texts(page, ".opener"), "<img src=x onerror=alert(1)>")
            assert.strictEqual(await page.$("img"), null)
            assert.strictEqual(engine.restartsUnsafe(), 0)
            assert.deepStrictEqual([...wrong, ...failed], [])
          })
          client.destroy()
        }
      ),
    TIMEOUT_MS
  )

  it("shows an outage of a candidate as a condition and on the time line, and why the set moved", async () => {
    const failing = await named("e")
    await serving(
      [{ candidates: local([failing, ...servers.slice(0, 1)]) }],
      ({ port }) =>
        onDashboard(browser, { port }, async ({ page, wrong }) => {
          await page.waitForSelector('[data-candidate="web#1"]')
          await page.waitForFunction(() => document.querySelectorAll("tr.member").length === 2)
          await failing.stop()
          await page.waitForFunction(() =>
            /suspect|breaker open/.test(document.querySelector('[data-candidate="web#1"]')?.textContent ?? "")
          )
          await page.waitForSelector('[data-candidate="web#1"]:not(.member)')
          await has(page, "web#1 is shut out")
          await page.waitForSelector('[data-upstream="web"].warn')
          await page.waitForFunction(() => /− web#1/.test(document.querySelector(".detail .facts")?.textContent ?? ""))
          assert.deepStrictEqual(wrong, [])
        })
    )
  }, TIMEOUT_MS)

  it(
    "trades the token for a cookie that no script can read, and ends that session again",
    () =>
      serving(nowhere, ({ port }) =>
        onDashboard(browser, { port }, async ({ page, wrong }) => {
          await page.waitForSelector("#token")
          assert.deepStrictEqual(await barriers(page), [])
          await page.type("#token", "wrong")
          await page.keyboard.press("Enter")
          await has(page, "This is not the token")
          await page.type("#token", TOKEN)
          await page.keyboard.press("Enter")
          await page.waitForSelector(".upstream")
          const [cookie] = await page.browserContext().cookies()
          assert.deepInclude(cookie, { httpOnly: true, sameSite: "Strict", path: "/" })
          assert.notInclude(cookie?.value ?? TOKEN, TOKEN)
          assert.strictEqual(await page.evaluate(() => document.cookie), "")
          await page.reload()
          await page.waitForSelector(".upstream")
          await page.locator("::-p-text(Sign out)").click()
          await page.waitForSelector("#token")
          await page.reload()
          await page.waitForSelector("#token")
          assert.deepStrictEqual(wrong, [])
        }), { token: TOKEN }),
    TIMEOUT_MS
  )

  it(
    "gives the orders of an operator, by keyboard too, shows what they led to, and explains",
    () =>
      serving(nowhere, ({ port, asked }) =>
        onDashboard(browser, { port }, async ({ page, wrong }) => {
          await page.waitForSelector("[data-link=live]")
          await page.focus("[role=switch]")
          await page.keyboard.press("Space")
          await page.waitForSelector("dialog[open]")
          await page.keyboard.press("Escape")
          await page.waitForFunction("document.querySelector('dialog') === null")
          assert.deepStrictEqual(asked, [])
          await page.keyboard.press("Space")
          await page.waitForSelector("dialog[open]")
          await page.locator("dialog .danger").click()
          await has(page, "every client goes to the last resort")
          await page.locator("::-p-text(Measure web anew)").click()
          await has(page, "Measuring web anew")
          await page.locator("::-p-text(Reload file)").click()
          await has(page, "was read anew")
          await page.locator("::-p-text(Reload file)").click()
          await has(page, "at least one listener is needed")
          assert.deepStrictEqual(asked, ["enabled false", "refresh web", "reload", "reload"])
          await page.locator("::-p-text(Explain)").click()
          await page.waitForSelector("[data-explained]")
          const { candidates: [one] } = JSON.parse((await request(port, "/explain?upstream=web")).body)
          assert.include((await texts(page, "[data-explained]"))[0], `${one.id}${one.why}`)
          await page.keyboard.press("/")
          assert.strictEqual(await page.evaluate(() => document.activeElement?.getAttribute("type")), "search")
          assert.deepStrictEqual(wrong, [])
        })),
    TIMEOUT_MS
  )

  it("says that the service does not answer, and goes on by itself when it is back", async () => {
    const context: { port?: number } = {}
    const page = await (await browser.createBrowserContext()).newPage()
    await serving(nowhere, async ({ port }) => {
      context.port = port
      await page.goto(`http://127.0.0.1:${port}/`)
      await page.waitForSelector("[data-link=live]")
    })
    await page.waitForSelector("[data-link=away]")
    await has(page, "The service does not answer")
    await serving(nowhere, async () => {
      await page.waitForSelector("[data-link=live]", { timeout: 30_000 })
      await page.waitForSelector(".columns:not(.stale)")
    }, { listen: { host: "127.0.0.1", port: context.port ?? 0 } })
    await page.browserContext().close()
  }, TIMEOUT_MS)

  it(
    "runs no script but its own, and is framed by no page",
    () =>
      serving(nowhere, ({ port }) =>
        onDashboard(browser, { port }, async ({ page, wrong }) => {
          await page.waitForSelector(".upstream")
          const ran = await page.evaluate(async () => {
            const script = document.createElement("script")
            script.textContent = "globalThis.intruded = true"
            document.body.append(script)
            document.body.insertAdjacentHTML("beforeend", '<button id="b" onclick="globalThis.intruded = true">b</button>')
            ;(document.getElementById("b") as HTMLElement).click()
            const sent = await fetch("http://127.0.0.2:9/").then(() => "sent", () => "blocked")
            return [(globalThis as any).intruded, sent]
          })
          assert.deepStrictEqual(ran, [null, "blocked"])
          assert.isAtLeast(wrong.filter((one) => one.includes("Content Security Policy")).length, 2)
        })),
    TIMEOUT_MS
  )

  for (const dark of [false, true]) {
    it(
      `has no serious barrier in ${dark ? "dark" : "light"} colours`,
      () =>
        serving(
          [{ candidates: local(servers) }, { ...nowhere[0], name: "down" }],
          ({ port }) =>
            onDashboard(browser, { port, dark }, async ({ page, wrong }) => {
              await page.locator('[data-upstream="web"] .opener').click()
              await page.waitForSelector(".detail .u-legend")
              assert.deepStrictEqual(await barriers(page), [])
              assert.deepStrictEqual(wrong, [])
            })
        ),
      TIMEOUT_MS
    )
  }

  it("stays usable with 200 upstreams and 500 candidates, at the width of a phone too", () => {
    const few = Array.from(
      { length: 199 },
      (_, i) => ({ name: `svc-${i + 1}`, candidates: addresses(3), pool: { mode: "off" as const } })
    )
    const many = { name: "many", candidates: addresses(500), pool: { mode: "off" as const } }
    return serving(
      [many, ...few],
      ({ port }) =>
        onDashboard(browser, { port, width: 375 }, async ({ page, wrong }) => {
          await page.waitForSelector(".upstream")
          const rows = await texts(page, ".opener")
          assert.isAtMost(rows.length, 50)
          assert.include((await texts(page, "#upstreams"))[0], "200")
          await page.type(".bar input[type=search]", "many")
          await page.waitForFunction(() => document.querySelectorAll(".upstream").length === 1)
          await page.locator(".opener").click()
          await page.waitForSelector("[data-candidate]")
          assert.isAtMost((await texts(page, "[data-candidate]")).length, 25)
          const sideways = () =>
            page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
          assert.strictEqual(await sideways(), 0)
          await page.locator("::-p-text(Show all 500)").click()
          await page.waitForSelector('[data-candidate="many#500"]')
          assert.strictEqual((await texts(page, "[data-candidate]")).length, 500)
          await page.type('[aria-label="Filter candidates of many"]', "many#77")
          await page.waitForFunction(() => document.querySelectorAll("[data-candidate]").length === 1)
          assert.strictEqual(await sideways(), 0)
          assert.deepStrictEqual(wrong, [])
        }),
      {},
      60_000
    )
  }, TIMEOUT_MS)
})
