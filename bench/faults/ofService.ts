/** Faults of the service itself and of what surrounds it. */
import * as fs from "node:fs"
import * as path from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import type { Fault } from "./Fault.ts"
import { BEST_INDEX, DESCRIPTORS, HEAP_MIB, yamlOf } from "./services.ts"
import type { Stage } from "./Stage.ts"
import { nowMs } from "./Stage.ts"

const DOWN_MS = 2_000
const HOUR_MS = 3_600_000
/** More than what a service with few descriptors may open. */
const CROWD = 250
const CROWD_STAYS_MS = 5_000
/** They ask for 128 KiB each and do not read it: more than that fills the lab's network, not the service. */
const NON_READERS = 100
const MOST_RSS_MIB = 250

const config: Fault = {
  name: "configuration broken, then mended",
  kind: "plain",
  expected: "The mistake is refused and named, and what was in force stays; the mended file is applied.",
  noticed: {
    says: "IpPoolConfigUpdate: not applied",
    seen: (stage, sinceMs) => stage.fact(sinceMs, "IpPoolConfigUpdate", ({ applied }) => !applied)
  },
  happen: async (stage) => {
    const state = path.join(stage.service.directory, "state")
    stage.service.write(yamlOf("plain", state, "upstreamz: {}"))
    await pause(5_000)
    stage.service.write(yamlOf("plain", state, "session: { idle: 50m }"))
    return nowMs()
  },
  over: {
    says: "IpPoolConfigUpdate: applied",
    seen: (stage, sinceMs) => stage.fact(sinceMs, "IpPoolConfigUpdate", ({ applied }) => applied)
  },
  withinMs: 5_000
}

const killed: Fault = {
  name: "kill -9, and a new start",
  kind: "plain",
  expected: "The new process starts clean, and its first client goes to the best.",
  noticed: {
    says: "the first client of the new process is on the best",
    seen: (stage, sinceMs) => {
      const [first] = stage.clients.filter(({ arrivedMs, outcome }) => arrivedMs > sinceMs + DOWN_MS && outcome === "served")
        .toSorted((a, b) => a.arrivedMs - b.arrivedMs)
      return first?.by === BEST_INDEX ? first.arrivedMs : undefined
    }
  },
  happen: async (stage) => {
    stage.struck()
    stage.noneCan(true)
    await stage.service.end("SIGKILL")
    await pause(DOWN_MS)
    const startedMs = nowMs()
    await stage.service.start()
    stage.noneCan(false)
    return startedMs
  },
  withinMs: 15_000,
  wrong: (stage, sinceMs) => {
    // Facts are no complaints, and a busy machine's disk may be slow.
    const isComplaint = (text: string) => /level=(WARN|ERROR)/.test(text) && !/fact=|did not answer within/.test(text)
    const complaint = stage.service.lines.find(({ atMs, text }) => atMs >= sinceMs && isComplaint(text))
    return complaint === undefined ? undefined : `it says ${complaint.text}`
  }
}

const disk: Fault = {
  name: "disk of the state fills",
  kind: "disk",
  expected: "Clients are served; the record has a gap, and begins anew when there is room.",
  noticed: {
    says: "log: the record has a gap",
    seen: (stage, sinceMs) => stage.line(sinceMs, /the record has a gap/)
  },
  happen: async (stage) => {
    const filler = path.join(stage.service.state, "filler")
    fill(filler)
    await pause(8_000)
    fs.rmSync(filler)
    return nowMs()
  },
  over: {
    says: "a new segment of the record has clients",
    seen: (stage, sinceMs) => {
      const directory = path.join(stage.service.state, "log")
      const segments = fs.readdirSync(directory).filter((name) => /^\d{8}\.ndjson/.test(name))
      return segments.length > 1 && stage.record().includes("ClientClosed") ? Math.max(sinceMs, nowMs()) : undefined
    }
  },
  withinMs: 15_000
}

/** Takes all room that there is. */
function fill(file: string): void {
  const handle = fs.openSync(file, "w")
  try {
    for (const chunk = new Uint8Array(65_536);;) fs.writeSync(handle, chunk)
  } catch {
    // It is full.
  } finally {
    fs.closeSync(handle)
  }
}

const clock: Fault = {
  name: "clock jumps an hour, and back",
  kind: "clock",
  expected: "Nothing expires, no timer moves, the order of addresses stays.",
  noticed: {
    says: "record: WallRead an hour ahead",
    seen: (stage) => {
      const walls = [...stage.record().matchAll(/"WallRead","worker":0,"wallMs":(\d+)/g)].map(([, ms]) => Number(ms))
      return walls.some((ms) => ms > nowMs() + HOUR_MS / 2) ? nowMs() : undefined
    }
  },
  happen: async (stage) => {
    stage.service.clock("+1h")
    await pause(8_000)
    stage.service.clock("+0")
    return nowMs()
  },
  withinMs: 3_000
}

const descriptors: Fault = {
  name: "descriptors run out",
  kind: "limited",
  expected: `With ${DESCRIPTORS} descriptors and ${CROWD} clients that stay, further clients wait, and none is lost.`,
  noticed: {
    says: "log: descriptors are short",
    seen: (stage, sinceMs) => stage.line(sinceMs, /descriptors are short/)
  },
  happen: async (stage) => {
    const lost = await stage.front.order<number>({ kind: "crowd", count: CROWD, stayMs: CROWD_STAYS_MS, asks: false })
    if (lost > 0) throw new Error(`${lost} clients of the crowd were closed`)
    return nowMs()
  },
  withinMs: 5_000
}

const memory: Fault = {
  name: "memory is short",
  kind: "small",
  expected:
    `With a heap of ${HEAP_MIB} MiB and ${NON_READERS} clients that do not read, the process lives on and stays small.`,
  noticed: {
    says: "fairlead_connections_active grows",
    seen: async (stage) => await stage.metric("fairlead_connections_active") > NON_READERS ? nowMs() : undefined
  },
  happen: async (stage) => {
    await stage.front.order({ kind: "crowd", count: NON_READERS, stayMs: CROWD_STAYS_MS, asks: true })
    return nowMs()
  },
  withinMs: 5_000,
  wrong: (stage) => {
    const peak = peakMiB(stage)
    if (!stage.service.isRunning) return "the process has ended"
    return peak > MOST_RSS_MIB ? `its memory was ${peak.toFixed(0)} MiB` : undefined
  }
}

function peakMiB({ service }: Stage): number {
  return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${service.pid}/status`, "utf8"))?.[1] ?? 0) / 1024
}

const collector: Fault = {
  name: "collector hangs",
  kind: "traced",
  expected: "Spans are dropped and counted; clients do not wait for it.",
  noticed: {
    says: "fairlead_telemetry_dropped_total grows",
    seen: async (stage) => await stage.metric("fairlead_telemetry_dropped_total") > 0 ? nowMs() : undefined
  },
  happen: async (stage) => {
    await stage.front.order({ kind: "collector", isHanging: true })
    await pause(20_000)
    await stage.front.order({ kind: "collector", isHanging: false })
    taken = await stage.front.order<number>({ kind: "taken" })
    return nowMs()
  },
  over: {
    says: "the collector gets spans again",
    seen: async (stage, sinceMs) =>
      await stage.front.order<number>({ kind: "taken" }) > taken ? Math.max(sinceMs, nowMs()) : undefined
  },
  withinMs: 15_000
}
/** Batches that the collector had taken when it was well again. */
let taken = 0

export const OF_SERVICE: ReadonlyArray<Fault> = [config, killed, disk, clock, descriptors, memory, collector]
