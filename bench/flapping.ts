/**
 * How often the choice moves when it should not: two addresses that wander within the margin, and three at 20, 40 and 60 ms
 * with 1 % of packets lost under 20 clients a second. And how soon it moves when it should: the best becomes clearly worse.
 */
import process from "node:process"
import { parseArgs } from "node:util"
import * as path from "node:path"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Lab, PORT, whyNot } from "./lab/Lab.ts"
import { shareOn } from "./lab/measure.ts"
import { runtime } from "./support/report.ts"

const MAIN = fileURLToPath(new URL("../src/apps/main.ts", import.meta.url))
const BEST = "198.18.0.11"
const LISTEN = 1234
const RUN_S = 60
const CHANGE_MS = 10_000
/** The clients' clock starts with their process, that much later at most. What is slow before the change is due to the machine. */
const CLIENTS_START_MS = 1_000
const WANDER_MS = [0, 6, 12, 4, 9, 1, 11, 3]

const config = (lab: Lab, hosts: ReadonlyArray<string>, more: string) => `
listeners: [{ name: web, listen: "127.0.0.1:${LISTEN}", upstream: web }]
upstreams: { web: { port: ${PORT}, candidates: [${hosts.map((host) => `"${host}"`).join(", ")}] } }
eventLog: { path: ${lab.scratch}/log }
history: { path: none }
admin: { listen: "off" }
${more}
`

/** Moves of a full set, by the record. */
function switchesIn(lab: Lab): number {
  const flags = "Deno" in globalThis ? ["run", "-A"] : []
  const args = [...flags, MAIN, "replay", "--json", path.join(lab.scratch, "log")]
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" })
  const { moves } = JSON.parse(stdout) as { moves: Array<{ moves: Array<{ into: boolean; reason: string }> }> }
  return moves.filter(({ moves }) => moves.some(({ into, reason }) => into && reason === "cheaper")).length
}

async function wandering() {
  const hosts = [BEST, "198.18.0.12"]
  const lab = await Lab.open({ [hosts[0] as string]: 30, [hosts[1] as string]: 30 })
  try {
    const service = await lab.fairlead(config(lab, hosts, "probing: { interval: 1s }\nselector: { activeSetSize: 1 }"))
    const clients = lab.clients("loop", "127.0.0.1", LISTEN, 5, 5 * RUN_S)
    for (let second = 0; second < RUN_S; second++) {
      await lab.way(hosts[0] as string, `rtt ${30 + (WANDER_MS[second % WANDER_MS.length] ?? 0)}`)
      await lab.way(hosts[1] as string, `rtt ${30 + (WANDER_MS[(second + 3) % WANDER_MS.length] ?? 0)}`)
      await pause(1_000)
    }
    await clients
    await lab.stop(service)
    return { case: "two that wander within the margin", switches: switchesIn(lab), onBest: Number.NaN, tookS: Number.NaN }
  } finally {
    await lab.close()
  }
}

async function lossy(setSize: number) {
  const hosts = [BEST, "198.18.0.12", "198.18.0.13"]
  const lab = await Lab.open({ [BEST]: 20, "198.18.0.12": 60, "198.18.0.13": 40 })
  try {
    const service = await lab.fairlead(config(lab, hosts, `selector: { activeSetSize: ${setSize} }`))
    for (const host of hosts) await lab.way(host, "loss 0.01")
    const seen = await lab.clients("loop", "127.0.0.1", LISTEN, 20, 20 * RUN_S)
    await lab.stop(service)
    const onBest = shareOn(seen, BEST)
    return { case: `1 % lost packets, set of ${setSize}`, switches: switchesIn(lab), onBest, tookS: Number.NaN }
  } finally {
    await lab.close()
  }
}

async function clearChange() {
  const hosts = [BEST, "198.18.0.12"]
  const lab = await Lab.open({ [BEST]: 20, "198.18.0.12": 40 })
  try {
    const more = "probing: { interval: 1s }\nselector: { activeSetSize: 1, switching: { hold: 5s } }"
    const service = await lab.fairlead(config(lab, hosts, more))
    const clients = lab.clients("loop", "127.0.0.1", LISTEN, 5, 5 * 40)
    await pause(CHANGE_MS)
    await lab.way(BEST, "rtt 120")
    const seen = await clients
    await lab.stop(service)
    const slow = seen.find(({ by, firstByteMs, startedMs }) =>
      by === BEST && firstByteMs > 60 && startedMs > CHANGE_MS - CLIENTS_START_MS
    )
    const lastSlow = seen.findLast(({ by }) => by === BEST)
    const tookS = ((lastSlow?.startedMs ?? 0) - (slow?.startedMs ?? 0)) / 1000
    return { case: "the best becomes six times as far", switches: switchesIn(lab), onBest: Number.NaN, tookS }
  } finally {
    await lab.close()
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const missing = whyNot()
if (missing !== undefined) {
  console.error(`flapping: ${missing}; no figures`)
  process.exit(process.env["REQUIRE_RIVALS"] === "1" ? 1 : 0)
}
const { values } = parseArgs({ options: { rounds: { type: "string" }, json: { type: "boolean" } } })
const results = []
for (let round = 0; round < Number(values.rounds ?? 3); round++) {
  results.push(await wandering(), await lossy(1), await lossy(3), await clearChange())
}
if (values.json === true) console.log(JSON.stringify({ runtime: runtime(), results }))
else {
  console.log(`switches in ${RUN_S} s on ${runtime()}`)
  for (const { case: name, switches, onBest, tookS } of results) {
    const best = Number.isNaN(onBest) ? "" : `, ${(onBest * 100).toFixed(1)} % on the best`
    const took = Number.isNaN(tookS) ? "" : `, taken after ${tookS.toFixed(1)} s`
    console.log(`${name}: ${switches}${best}${took}`)
  }
}
