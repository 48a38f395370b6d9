/**
 * An outage of the best of three addresses, on the real service with its default settings under clients that keep coming; and when
 * each place that an operator looks at shows it. At first its candidate is suspect. The breaker opens when it has failed often enough.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Browser } from "puppeteer-core"
import type { Status } from "../../src/shell/status.ts"
import { openEvents, request } from "./admin.ts"
import { onDashboard } from "./browser.ts"
import { portOf, start } from "./command.ts"
import { freePorts } from "./freePorts.ts"
import { ask, named, until } from "./servers.ts"
import { fakeCollector, seriesOf, spansOf } from "./telemetry.ts"

/** In the order in which they are printed. The dashboard comes only where there is a browser. */
export const PLACES = ["/status", "/events", "/metrics", "span", "explain", "dashboard"] as const
export type Place = typeof PLACES[number]

/** What `explain` says of a candidate. */
export interface Explained {
  readonly id: string
  readonly rule: string
  readonly why: string
  readonly rests: ReadonlyArray<{ readonly kind: string; readonly seq: number; readonly what: string }>
}

export interface Seen {
  /** The candidate that was the best one and fails now, such as `web#2`. */
  readonly candidate: string
  /** From the beginning of the outage until the place shows it, in ms. */
  readonly afterMs: ReadonlyMap<Place, number>
  /** The same until `explain` names the breaker and the entry that opened it. */
  readonly breakerMs: number
  /** The configuration of the service, and its record. */
  readonly file: string
  readonly log: string
  /** What went wrong in the page. */
  readonly wrong: ReadonlyArray<string>
}

/** Facts about an address that fails. */
const TOLD: ReadonlySet<string> = new Set(["Suspected", "IpPoolIpTripped"])
/** The status of a span that failed. */
const FAILED = 2
const CLIENT_EVERY_MS = 20
const LOOK_EVERY_MS = 50
const PATIENCE_MS = 60_000

/** Runs the outage in a directory of its own, and `use` while the address still fails. Then the service stops, and its exit code comes. */
export async function outageSeen(
  directory: string,
  browser: Browser | undefined,
  use: (seen: Seen) => Promise<void> = async () => {}
): Promise<{ readonly seen: Seen; readonly code: number | null; readonly stderr: string }> {
  const servers = await Promise.all(["a", "b", "c"].map((name) => named(name)))
  const collector = await fakeCollector()
  const [admin = 0] = await freePorts(1)
  const log = path.join(directory, "log")
  const file = path.join(directory, "fairlead.yaml")
  fs.writeFileSync(
    file,
    `listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
upstreams: { web: { candidates: [${servers.map(({ port }) => `"127.0.0.1:${port}"`).join(", ")}] } }
eventLog: { path: ${JSON.stringify(log)} }
history: { path: ${JSON.stringify(path.join(directory, "history.json"))} }
admin: { listen: "127.0.0.1:${admin}" }
telemetry: { otlp: { endpoint: "${collector.url}" } }
`
  )
  const running = start(["run", "--config", file])
  let clients: ReturnType<typeof setInterval> | undefined
  try {
    await until("the service listens", () => portOf(running) !== undefined, PATIENCE_MS)
    const port = portOf(running) as number
    clients = setInterval(() => void ask(port).catch(() => {}), CLIENT_EVERY_MS)
    const candidate = await bestOf(admin)
    const events = await openEvents(admin)
    const failing = servers[Number(candidate.split("#")[1]) - 1]
    if (failing === undefined) throw new Error(`${candidate} is none of the three addresses`)
    const watch = async (page: DashboardLook) => {
      const places = looks(admin, candidate, events.facts, collector.bodies, page)
      const beganMs = performance.now()
      void failing.stop()
      const afterMs = new Map<Place, number>()
      await Promise.all(places.map(async ([place, shows]) => {
        await waitFor(`${place} shows the outage of ${candidate}`, shows)
        afterMs.set(place, performance.now() - beganMs)
      }))
      await waitFor(`explain names the breaker of ${candidate}`, async () => {
        const shown = await explained(admin, candidate)
        return shown?.rule === "shut" && shown.rests.some(({ kind }) => kind === "breaker")
      })
      return { candidate, afterMs, breakerMs: performance.now() - beganMs, file, log }
    }
    const watched = browser === undefined
      ? { ...await watch(undefined), wrong: [] }
      : await onDashboard(browser, { port: admin }, async ({ page, wrong }) => {
        await page.waitForSelector(`[data-candidate="${candidate}"].member`, { timeout: PATIENCE_MS })
        const row = `[data-candidate="${candidate}"]`
        const shows = () => page.$eval(row, (one) => /suspect|breaker open/.test(one.textContent ?? ""))
        return { ...await watch(shows), wrong }
      })
    events.stop()
    await use(watched)
    clearInterval(clients)
    running.kill("SIGTERM")
    const { code, stderr } = await running.ended
    return { seen: watched, code, stderr }
  } catch (cause) {
    running.kill("SIGKILL")
    throw new Error(`${String(cause)}\n${running.stderr().slice(-2_000)}`, { cause })
  } finally {
    clearInterval(clients)
    await Promise.all([...servers.map((one) => one.stop()), collector.stop()])
  }
}

type Look = () => boolean | Promise<boolean>
type DashboardLook = Look | undefined

const statusOf = async (port: number): Promise<Status> => JSON.parse((await request(port, "/status")).body) as Status

/** The member with the highest score, once all three are measured and serve. */
async function bestOf(admin: number): Promise<string> {
  let best = ""
  await waitFor("all three addresses serve", async () => {
    const { upstreams: [web] } = await statusOf(admin)
    const members = (web?.candidates ?? []).filter(({ active }) => active)
    best = members.toSorted((a, b) => (b.score ?? 0) - (a.score ?? 0))[0]?.id ?? ""
    return members.length === 3
  })
  return best
}

/** What a document of `explain` says of the candidate. */
export function explainedIn(json: string, id: string): Explained | undefined {
  const { candidates } = JSON.parse(json) as { readonly candidates: ReadonlyArray<Explained> }
  return candidates.find((one) => one.id === id)
}

const explained = async (admin: number, id: string): Promise<Explained | undefined> =>
  explainedIn((await request(admin, "/explain?upstream=web")).body, id)

function looks(
  admin: number,
  id: string,
  facts: () => ReadonlyArray<Readonly<Record<string, unknown>>>,
  bodies: () => ReadonlyArray<string>,
  page: DashboardLook
): ReadonlyArray<readonly [Place, Look]> {
  let read = 0
  const all: ReadonlyArray<readonly [Place, DashboardLook]> = [
    ["/status", async () => {
      const { upstreams: [web] } = await statusOf(admin)
      const shown = web?.candidates.find((one) => one.id === id)
      return shown !== undefined && (shown.suspect || shown.breaker === "open")
    }],
    ["/events", () => facts().some(({ kind, candidate }) => TOLD.has(String(kind)) && candidate === id)],
    // The other two addresses are well.
    [
      "/metrics",
      async () =>
        [...seriesOf((await request(admin, "/metrics")).body)].some(([name, value]) =>
          /^fairlead_(suspected_total|breaker_open)\{/.test(name) && value > 0
        )
    ],
    ["span", () => {
      const fresh = bodies().slice(read)
      read += fresh.length
      return fresh.flatMap((body) => spansOf(JSON.parse(body)))
        .some(({ attributes, status }) => attributes["fairlead.candidate"] === id && status?.code === FAILED)
    }],
    ["explain", async () => ["suspect", "shut"].includes((await explained(admin, id))?.rule ?? "")],
    ["dashboard", page]
  ]
  return all.flatMap(([place, shows]) => shows === undefined ? [] : [[place, shows] as const])
}

async function waitFor(what: string, holds: Look): Promise<void> {
  const giveUp = performance.now() + PATIENCE_MS
  while (!await holds()) {
    if (performance.now() > giveUp) throw new Error(`still not true after ${PATIENCE_MS} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
