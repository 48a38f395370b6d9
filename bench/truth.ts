/**
 * Whether the record tells the truth: clients come through the lab, five a second, while the best address goes dark and
 * returns; then, for every client, which server served it, warm or dialled, and over which addresses, as derived from the record,
 * is compared with what the client saw, and for every server with how many requests it answered.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import * as zlib from "node:zlib"
import { find } from "../src/core/candidates.ts"
import type { CandidateRef } from "../src/core/model/Candidate.ts"
import type { ClientAccepted, ClientClosed } from "../src/core/model/Event.ts"
import type { State } from "../src/core/model/State.ts"
import { Replay } from "../src/record/replay.ts"
import { segmentOf } from "../src/record/Segment.ts"
import type { Seen } from "./lab/clients.ts"
import { Lab, PORT, whyNot } from "./lab/Lab.ts"
import { runtime } from "./support/report.ts"

const BEST = "198.18.0.11"
const RTT_MS: Readonly<Record<string, number>> = { [BEST]: 20, "198.18.0.12": 60, "198.18.0.13": 40 }
const LISTEN = 1234
const RATE = 5
const CLIENTS = 150
/** The lab's clients hang up after this. */
const PATIENCE_US = 5_000_000

interface Told {
  readonly accepted: ClientAccepted
  readonly closed: ClientClosed | undefined
  readonly host: string
}

/** What the record says of each session, in order of arrival. */
function sessionsOf(directory: string): ReadonlyArray<Told> {
  const accepted: Array<{ readonly event: ClientAccepted; readonly host: string }> = []
  const closed = new Map<number, ClientClosed>()
  const hostOf = (state: State, id: CandidateRef) => find(state, id)?.host ?? ""
  const replay = new Replay({
    onEntry: ({ event }, state) => {
      if (event._tag === "ClientAccepted") accepted.push({ event, host: hostOf(state, event.candidate) })
      if (event._tag === "ClientClosed") closed.set(event.session, event)
    }
  })
  for (const name of fs.readdirSync(directory).sort()) {
    const segment = segmentOf(name)
    if (segment === undefined) continue
    const bytes = fs.readFileSync(path.join(directory, name))
    replay.segment(segment)
    for (const line of String(name.endsWith(".gz") ? zlib.gunzipSync(bytes) : bytes).trimEnd().split("\n")) replay.line(line)
    replay.segmentEnd(0, true)
  }
  const { outcome, problem } = replay.verdict()
  if (outcome !== "verified") throw new Error(`the record does not verify: ${JSON.stringify(problem)}`)
  return accepted.toSorted((a, b) => a.event.session - b.event.session)
    .map(({ event, host }) => ({ accepted: event, closed: closed.get(event.session), host }))
}

/** How what one client saw differs from what the record says; undefined when it does not. */
function differs({ by, failure, firstByteMs }: Seen, { accepted, closed, host }: Told): string | undefined {
  // An answer that came after the client had given up is an answer only to the server.
  const answered = (closed?.firstByteUs ?? -1) >= 0 && (closed?.firstByteUs ?? 0) < PATIENCE_US
  if (failure === "" && by !== host) return `was served by ${by}, the record says ${host}`
  if (failure === "" && !answered) return "got an answer, the record says it did not"
  if (failure !== "" && answered) return `failed (${failure}), the record says it was answered`
  if (accepted.warm === 0 && accepted.tried.at(-1)?.outcome !== "connected" && typeof accepted.candidate === "number") {
    return "was served, but no attempt connected"
  }
  // A dialled first byte takes two round trips, a warm one takes one.
  const roundTrips = firstByteMs / (RTT_MS[host] ?? Number.NaN)
  if (failure === "" && accepted.warm !== 0 && roundTrips > 1.9) return `took ${firstByteMs} ms, the record says warm`
  if (failure === "" && accepted.warm === 0 && roundTrips < 1.9) return `took ${firstByteMs} ms, the record says dialled`
  return undefined
}

const missing = whyNot()
if (missing !== undefined) {
  console.error(`truth: ${missing}; nothing compared`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const { values } = parseArgs({ options: { json: { type: "boolean" } } })
const lab = await Lab.open(RTT_MS)
try {
  const log = path.join(lab.scratch, "log")
  const service = await lab.fairlead(`
listeners: [{ name: web, listen: "127.0.0.1:${LISTEN}", upstream: web }]
upstreams: { web: { port: ${PORT}, candidates: [${Object.keys(RTT_MS).map((host) => `"${host}"`).join(", ")}] } }
probing: { interval: 1s }
breaker: { cooldown: 3s, timeoutCooldown: 3s, ramp: 2s }
eventLog: { path: ${log} }
history: { path: none }
admin: { listen: "off" }
`)
  const clients = lab.clients("loop", "127.0.0.1", LISTEN, RATE, CLIENTS)
  await new Promise((resolve) => setTimeout(resolve, 6_000))
  await lab.way(BEST, "dark")
  await new Promise((resolve) => setTimeout(resolve, 6_000))
  await lab.way(BEST, "light")
  const seen = (await clients).toSorted((a, b) => a.startedMs - b.startedMs)
  const servers = await lab.served()
  await lab.stop(service)
  const told = sessionsOf(log)
  const wrong = seen.flatMap((one, i) => {
    const difference = told[i] === undefined ? "is not in the record" : differs(one, told[i])
    return difference === undefined ? [] : [`client ${i} ${difference}`]
  })
  for (const [host, count] of Object.entries(servers)) {
    const recorded = told.filter((one) => one.host === host && (one.closed?.bytesDown ?? 0) > 0).length
    if (recorded !== count) wrong.push(`${host} answered ${count}, the record says ${recorded}`)
  }
  if (told.length !== seen.length) wrong.push(`${seen.length} clients, ${told.length} sessions in the record`)
  const warm = told.filter(({ accepted }) => accepted.warm !== 0).length
  const summary = { runtime: runtime(), clients: seen.length, warm, servers, wrong }
  if (values.json === true) console.log(JSON.stringify(summary))
  else {
    console.log(`${seen.length} clients (${warm} warm) compared with the record on ${runtime()}: ${wrong.length} differ`)
    for (const line of wrong) console.log(`  ${line}`)
  }
  process.exitCode = wrong.length === 0 ? 0 : 1
} finally {
  await lab.close()
}
