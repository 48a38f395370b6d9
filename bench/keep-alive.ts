/**
 * Idle HTTPS connections that a server ends after 1, 5 and 15 s without a word, 40 ms away, under clients that send a request
 * every 0.5 to 20 s: the failures of Fairlead's dispatcher after learning, beside those of plain undici, and the tails.
 * And what a request costs that needs a new connection, in round trips, without and with warm TLS. `--short`: a minute in all.
 */
import * as path from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { DOMAIN, makeCertificates } from "./lab/certificates.ts"
import type { Seen, Wanted } from "./lab/keepAliveClients.ts"
import { Lab, PORT, whyNot } from "./lab/Lab.ts"
import { quantile } from "./lab/measure.ts"
import { aligned, runtime, short } from "./support/report.ts"
import * as fs from "node:fs"
import * as os from "node:os"

const RTT_MS = 40
const ORIGINS: Wanted["origins"] = [
  { name: "one", address: "198.18.0.11", closeAfterMs: 1_000 },
  { name: "five", address: "198.18.0.12", closeAfterMs: 5_000 },
  { name: "fifteen", address: "198.18.0.13", closeAfterMs: 15_000 },
  { name: "never", address: "198.18.0.14", closeAfterMs: 0 }
]

const missing = whyNot()
if (missing !== undefined) {
  console.error(`keep-alive: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const isShort = process.argv.includes("--short")
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-keep-alive-"))
makeCertificates(directory)
const wanted: Wanted = {
  ca: path.join(directory, "ca.pem"),
  domain: DOMAIN,
  port: PORT,
  origins: ORIGINS,
  learnMs: isShort ? 20_000 : 40_000,
  measureMs: isShort ? 20_000 : 240_000,
  clients: isShort ? 10 : 30,
  pauseMs: [500, 20_000]
}
const distances = Object.fromEntries(ORIGINS.map(({ address }) => [address, RTT_MS]))
const times = JSON.stringify(ORIGINS.map(({ closeAfterMs }) => closeAfterMs))
const lab = await Lab.open(distances, ["idleUpstream.ts", String(PORT), directory, times])
let seen: Seen
try {
  const script = path.join(path.dirname(fileURLToPath(import.meta.url)), "lab/keepAliveClients.ts")
  seen = await lab.document<Seen>(script, [JSON.stringify(wanted)])
} finally {
  await lab.close()
  fs.rmSync(directory, { recursive: true, force: true })
}

if (process.argv.includes("--json")) console.log(JSON.stringify({ runtime: runtime(), ...seen }))
else {
  console.log(`keep-alive on ${runtime()}, servers ${RTT_MS} ms away\n`)
  const idle = seen.idle.map(({ contender, closeAfterMs, requests, failures, failuresLearning, tookMs }) => [
    contender,
    `${closeAfterMs / 1000} s`,
    String(requests),
    String(failures),
    String(failuresLearning),
    short(quantile(tookMs, 0.5)),
    short(quantile(tookMs, 0.99)),
    short(Math.max(...tookMs))
  ])
  console.log(aligned([
    ["client", "server ends idle after", "requests", "failed", "failed while learning", "p50 ms", "p99 ms", "most ms"],
    ...idle
  ]))
  console.log(`\nlearned limits: ${Object.entries(seen.limitsMs).map(([name, ms]) => `${name} ${ms} ms`).join(", ")}\n`)
  const kept = quantile(seen.fresh["kept"] ?? [], 0.5)
  const fresh = Object.entries(seen.fresh).map(([setup, took]) => {
    const p50 = quantile(took, 0.5)
    return [setup, setup === "kept" ? "open connection" : "new connection", short(p50), (p50 / kept).toFixed(3)]
  })
  console.log(aligned([["client", "request on", "p50 ms", "round trips"], ...fresh]))
  const failed = seen.idle.filter(({ contender }) => contender === "fairlead").reduce((sum, one) => sum + one.failures, 0)
  const warm = quantile(seen.fresh["fairlead, warm TLS"] ?? [], 0.5) / kept
  console.log(`\nfailed requests after learning: ${failed} (aim: 0) ${failed === 0 ? "met" : "MISSED"}`)
  console.log(`warm TLS in round trips: ${warm.toFixed(3)} (aim: at most 1.15) ${warm <= 1.15 ? "met" : "MISSED"}`)
}
