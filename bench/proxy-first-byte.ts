/**
 * Time to the first byte of an HTTPS request through CONNECT, to a name whose address is 20 ms away: through Fairlead's proxy port once the name
 * is warm, and through tinyproxy and squid, in the same run. Clients one by one, and five a second.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { makeCertificates } from "./lab/certificates.ts"
import { Lab, PORT, whyNot } from "./lab/Lab.ts"
import { quantile } from "./lab/measure.ts"
import { openNames, whyNoNames } from "./lab/names.ts"
import type { ProxyClients, ProxySeen } from "./lab/proxyClients.ts"
import { proxyRivals } from "./lab/proxyRivals.ts"
import { aligned, options, runtime, short } from "./support/report.ts"

const HOST = "198.18.0.11"
const NAME = "web.pool.test"
const RTT_MS = 20
const LISTEN = 8118
const RIVAL_LISTEN = 8119
const PACES = [{ name: "one by one", rate: 0, count: 60 }, { name: "5 a second", rate: 5, count: 60 }]
/** Clients that come first, so that the name is warm, and the rivals have it in their caches. */
const WARMING = { rate: 5, count: 10 }

const missing = whyNot() ?? whyNoNames()
if (missing !== undefined) {
  console.error(`proxy-first-byte: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const { rounds, json } = options(3)

interface Row {
  readonly through: string
  readonly pace: string
  readonly tunnel: Array<number>
  readonly p50: Array<number>
  readonly p99: Array<number>
  failures: number
}
const rows = new Map<string, Row>()

const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-lab-"))
makeCertificates(directory)
const lab = await Lab.open({ [HOST]: RTT_MS }, ["tlsUpstream.ts", String(PORT), directory])

const clients = (proxyPort: number, pace: { readonly rate: number; readonly count: number }) =>
  lab.proxyClients(
    {
      proxyPort,
      name: NAME,
      port: PORT,
      caFile: path.join(directory, "ca.pem"),
      timeoutMs: 5_000,
      ...pace
    } satisfies ProxyClients
  )

async function measure(through: string, port: number): Promise<void> {
  await listens(through, port)
  await clients(port, WARMING)
  for (const { name, ...pace } of PACES) {
    note(through, name, await clients(port, pace))
  }
}

/** Waits until a client is served, at most for half a minute or so. */
async function listens(through: string, port: number): Promise<void> {
  for (let tries = 0; tries < 60; tries++) {
    const [first] = await clients(port, { rate: 0, count: 1 })
    if (first?.failure === "") return
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  throw new Error(`${through} serves no client`)
}

function note(through: string, pace: string, seen: ReadonlyArray<ProxySeen>): void {
  const key = `${through} ${pace}`
  const row = rows.get(key) ?? { through, pace, tunnel: [], p50: [], p99: [], failures: 0 }
  rows.set(key, row)
  const served = seen.filter(({ failure }) => failure === "")
  row.failures += seen.length - served.length
  row.tunnel.push(quantile(served.map(({ tunnelMs }) => tunnelMs), 0.5))
  row.p50.push(quantile(served.map(({ firstByteMs }) => firstByteMs), 0.5))
  row.p99.push(quantile(served.map(({ firstByteMs }) => firstByteMs), 0.99))
}

try {
  const close = await openNames(lab, { [NAME]: [HOST] })
  try {
    for (let round = 0; round < rounds; round++) {
      const service = await lab.fairlead(`
listeners: [{ name: local, protocol: proxy, listen: "127.0.0.1:${LISTEN}", allow: ["*:*"] }]
eventLog: { path: ${lab.scratch}/log }
history: { path: none }
admin: { listen: "off" }
`)
      await measure("fairlead", LISTEN)
      await lab.stop(service)
      for (const rival of proxyRivals()) {
        const child = lab.near(rival.command(lab.scratch, RIVAL_LISTEN, PORT))
        child.stdout?.resume()
        child.stderr?.resume()
        await new Promise((resolve) => setTimeout(resolve, 2_000))
        await measure(rival.name, RIVAL_LISTEN)
        await lab.stop(child)
      }
    }
  } finally {
    close()
  }
} finally {
  await lab.close()
  fs.rmSync(directory, { recursive: true })
}

const middle = (values: ReadonlyArray<number>) => quantile(values, 0.5)
const report = [...rows.values()].map((row) => {
  const own = rows.get(`fairlead ${row.pace}`) as Row
  return {
    through: row.through,
    pace: row.pace,
    tunnelMs: middle(row.tunnel),
    p50Ms: middle(row.p50),
    p99Ms: middle(row.p99),
    failures: row.failures,
    /** How many round trips a client of Fairlead is earlier. */
    savedRoundTrips: (middle(row.p50) - middle(own.p50)) / RTT_MS
  }
})
if (json) console.log(JSON.stringify({ runtime: runtime(), rounds, report }))
else {
  console.log(`first byte of HTTPS through CONNECT on ${runtime()}, ${rounds} rounds; the address is ${RTT_MS} ms away\n`)
  const cells = report.map(({ through, pace, tunnelMs, p50Ms, p99Ms, failures, savedRoundTrips }) => [
    through,
    pace,
    short(tunnelMs),
    short(p50Ms),
    short(p99Ms),
    String(failures),
    through === "fairlead" ? "" : savedRoundTrips.toFixed(2)
  ])
  const head = [
    "through",
    "pace",
    "tunnel p50 ms",
    "first byte p50 ms",
    "p99 ms",
    "failed",
    "round trips that Fairlead saves"
  ]
  console.log(aligned([head, ...cells]))
}
