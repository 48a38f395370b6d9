/** A headless Chromium for the tests of one file, and pages that note all that goes wrong in them. */
import { createRequire } from "node:module"
import { readFileSync } from "node:fs"
import type { Browser, Page } from "puppeteer-core"
import { launch } from "puppeteer-core"
import { fileOf } from "./peers/tools.ts"

export const CHROMIUM = ["chromium", "chromium-browser", "google-chrome"] as const

/** Starts it. `--no-sandbox`: tests may run as root. */
export const startBrowser = (): Promise<Browser> =>
  launch({
    executablePath: fileOf(...CHROMIUM) as string,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking", "--no-first-run"]
  })

export interface PageOptions {
  readonly width?: number
  readonly dark?: boolean
  readonly port: number
}

export interface Opened {
  readonly page: Page
  /** Errors of scripts, what the policy blocked, and requests that left the port. */
  readonly wrong: ReadonlyArray<string>
  /** Requests that the server did not answer, or with an error. A page that is signed out has some. */
  readonly failed: ReadonlyArray<string>
}

/** Opens the dashboard of a port in a session of its own, runs `use`, and closes it. */
export async function onDashboard<A>(
  browser: Browser,
  { port, width = 1440, dark = false }: PageOptions,
  use: (opened: Opened) => Promise<A>
): Promise<A> {
  const context = await browser.createBrowserContext()
  const page = await context.newPage()
  const wrong: Array<string> = []
  const failed: Array<string> = []
  page.on("pageerror", (cause) => void wrong.push(String(cause)))
  page.on("console", (message) => {
    if (message.type() !== "error") return
    // The browser itself reports answers that are errors.
    if (message.text().startsWith("Failed to load resource")) failed.push(message.text())
    else wrong.push(message.text())
  })
  page.on("request", (request) => {
    const { host, protocol } = new URL(request.url())
    if (protocol !== "data:" && host !== `127.0.0.1:${port}`) wrong.push(`a request to ${host}`)
  })
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }])
  await page.setViewport({ width, height: 900, isMobile: width < 600 })
  await page.goto(`http://127.0.0.1:${port}/`)
  try {
    return await use({ page, wrong, failed })
  } catch (cause) {
    const shown = await page.evaluate(() => `${document.visibilityState}: ${document.body.innerText.slice(0, 500)}`)
    throw new Error(`${String(cause)}\nThe page was ${shown}\n${[...failed, ...wrong].join("\n")}`, { cause })
  } finally {
    await context.close()
  }
}

const axe = () => readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

/** What axe finds serious or critical, each with the first element that has it. */
export async function barriers(page: Page): Promise<ReadonlyArray<string>> {
  await page.evaluate(axe())
  return await page.evaluate(async () => {
    const { violations } = await (globalThis as any).axe.run(document)
    return violations.filter(({ impact }: any) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }: any) => `${id}: ${nodes[0].html.slice(0, 200)} ${nodes[0].failureSummary}`)
  })
}
