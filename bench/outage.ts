/**
 * The best of three addresses (20, 40 and 60 ms away) fails under open-loop clients, 20 a second, for 12 s of a run of 60:
 * it goes dark, refuses, stalls after accept, or resets after the first client bytes. How many clients notice, when the last
 * of them came, and how soon the best is used again. All settings are defaults except how often addresses are probed;
 * `--old`: also the breaker's and the stall's settings up to version 0.1, which alone made the return quick.
 */
import process from "node:process"
import { parseArgs } from "node:util"
import { Lab, PORT, whyNot } from "./lab/Lab.ts"
import { quantile, served, shareOn } from "./lab/measure.ts"
import { aligned, runtime, short } from "./support/report.ts"

const BEST = "198.18.0.11"
const SECOND = "198.18.0.13"
const DISTANCES = { [BEST]: 20, "198.18.0.12": 60, [SECOND]: 40 }
const LISTEN = 1234
const RATE = 20
const RUN_S = 60
const OUTAGE_AT_S = 15
const OUTAGE_S = 12
/** A client that waits longer than this has noticed. */
const NOTICED_MS = 1_500

const FAULTS = ["dark", "refuse", "stall", "reset"] as const
type Fault = (typeof FAULTS)[number]

const OLD = `breaker: { cooldown: 5s, timeoutCooldown: 5s, ramp: 5s }
session: { stall: 1s }`

const yaml = (lab: Lab, more: string) => `
listeners: [{ name: web, listen: "127.0.0.1:${LISTEN}", upstream: web }]
upstreams: { web: { port: ${PORT}, candidates: [${Object.keys(DISTANCES).map((host) => `"${host}"`).join(", ")}] } }
probing: { interval: 1s }
${more}
eventLog: { path: ${lab.scratch}/log }
history: { path: none }
admin: { listen: "off" }
`

interface Outcome {
  readonly fault: Fault
  readonly noticed: number
  /** After the outage began; -1 when none noticed. */
  readonly lastNoticedMs: number
  /** After the outage ended; -1: not in this run. */
  readonly usedAgainMs: number
  readonly onBestBefore: number
  readonly p50BeforeMs: number
  readonly p50DuringMs: number
}

const missing = whyNot()
if (missing !== undefined) {
  console.error(`outage: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const { values } = parseArgs({
  options: { rounds: { type: "string" }, json: { type: "boolean" }, fault: { type: "string" }, old: { type: "boolean" } }
})
const rounds = Number(values.rounds ?? 3)
const settings = values.old === true ? "old settings" : "default settings, probing each second"
const faults = FAULTS.filter((fault) => values.fault === undefined || fault === values.fault)

async function run(fault: Fault): Promise<Outcome> {
  const lab = await Lab.open(DISTANCES)
  try {
    const service = await lab.fairlead(yaml(lab, values.old === true ? OLD : ""))
    const clients = lab.clients("loop", "127.0.0.1", LISTEN, RATE, RATE * RUN_S)
    // Clients start some 100 ms after their process: what matters is counted from the outage on, in their own clock.
    await pause(OUTAGE_AT_S * 1000)
    await (fault === "dark" ? lab.way(BEST, "dark") : lab.server(BEST, fault))
    await pause(OUTAGE_S * 1000)
    await (fault === "dark" ? lab.way(BEST, "light") : lab.server(BEST, "ok"))
    const seen = await clients
    await lab.stop(service)
    return outcome(fault, seen.toSorted((a, b) => a.startedMs - b.startedMs))
  } finally {
    await lab.close()
  }
}

function outcome(fault: Fault, seen: Awaited<ReturnType<Lab["clients"]>>): Outcome {
  const isHit = ({ failure, firstByteMs }: (typeof seen)[number]) => failure !== "" || firstByteMs > NOTICED_MS
  // The outage begins, in the clients' clock, when the best stops answering; at the latest with the first hit.
  const lastGood = seen.filter(({ by, startedMs }) => by === BEST && startedMs < (OUTAGE_AT_S + 1) * 1000).at(-1)
  const beganMs = lastGood?.startedMs ?? OUTAGE_AT_S * 1000
  const endedMs = beganMs + OUTAGE_S * 1000
  const hits = seen.filter(isHit)
  const again = seen.find(({ by, startedMs }) => by === BEST && startedMs > beganMs + 1)
  const before = seen.filter(({ startedMs }) => startedMs < beganMs - 1_000)
  const during = seen.filter(({ startedMs }) => startedMs > beganMs + 1_000 && startedMs < endedMs)
  return {
    fault,
    noticed: hits.length,
    lastNoticedMs: hits.length === 0 ? -1 : Math.max(...hits.map(({ startedMs }) => startedMs - beganMs)),
    usedAgainMs: again === undefined ? -1 : again.startedMs - endedMs,
    onBestBefore: shareOn(before, BEST),
    p50BeforeMs: quantile(served(before), 0.5),
    p50DuringMs: quantile(served(during), 0.5)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const outcomes: Array<Outcome> = []
for (let round = 0; round < rounds; round++) for (const fault of faults) outcomes.push(await run(fault))

if (values.json === true) console.log(JSON.stringify({ runtime: runtime(), rounds, settings, outcomes }))
else {
  console.log(`outage of the best address on ${runtime()}: ${RATE} clients a second, away for ${OUTAGE_S} s, ${settings}\n`)
  const rows = outcomes.map((one) => [
    one.fault,
    String(one.noticed),
    short(one.lastNoticedMs),
    one.usedAgainMs === -1 ? "never" : short(one.usedAgainMs / 1000),
    `${(one.onBestBefore * 100).toFixed(0)} %`,
    short(one.p50BeforeMs),
    short(one.p50DuringMs)
  ])
  const head = ["fault", "noticed", "last ms", "again after s", "on best before", "p50 before", "p50 during"]
  console.log(aligned([head, ...rows]))
}
