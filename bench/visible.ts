/**
 * How long after the best of three addresses died each place that an operator looks at shows it: the real service under its default
 * settings, with a client every 20 ms. `span`: in the hands of an OTLP receiver. The dashboard needs Chromium. The breaker opens after
 * five failures in a row. No client is sent to a suspect, so these are probes, and most of them come a second apart.
 */
import type { Browser } from "puppeteer-core"
import { CHROMIUM, startBrowser } from "../test/support/browser.ts"
import { inScratch } from "../test/support/command.ts"
import { outageSeen, PLACES } from "../test/support/outageSeen.ts"
import { fileOf } from "../test/support/peers/tools.ts"
import { options, print } from "./support/report.ts"
import type { Summaries } from "./support/rounds.ts"
import { summaryOf } from "./support/rounds.ts"

/** What the product promises. */
const MOST_MS = 2_000
const BREAKER = "explain, the breaker"
const { rounds, json } = options(5)
const hasBrowser = fileOf(...CHROMIUM) !== undefined
const places = PLACES.filter((place) => place !== "dashboard" || hasBrowser)

const browser: Browser | undefined = hasBrowser ? await startBrowser() : undefined
try {
  const samples = new Map<string, Array<number>>([...places, BREAKER].map((what) => [what, []]))
  for (let round = 0; round < rounds; round++) {
    const { seen } = await inScratch((directory) => outageSeen(directory, browser))
    for (const [place, ms] of [...seen.afterMs, [BREAKER, seen.breakerMs] as const]) samples.get(place)?.push(ms)
  }
  const results: Summaries = Object.fromEntries(
    [...samples].map(([place, all]) => [place, { "visible after ms": summaryOf(all) }])
  )
  print({
    bench: "visible",
    about: `an outage of the best of three addresses${hasBrowser ? "" : "; without the dashboard, as there is no Chromium"}`,
    rounds,
    results,
    aims: places.map((place) => ({
      what: `${place}: greatest, in ms`,
      figure: results[place]?.["visible after ms"]?.greatest ?? NaN,
      atMost: MOST_MS
    }))
  }, json)
} finally {
  await browser?.close()
}
