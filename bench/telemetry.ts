/**
 * What telemetry costs: the short connections of short.ts (the record on) with all of it off, and with metrics on and 0 %, 1 %
 * and all connections traced to a collector in a process of its own.
 */
import type { Usage } from "./support/child.ts"
import { start } from "./support/child.ts"
import { options, print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const CONNECTIONS = 2_000
const PARALLEL = 32
/** One after the other, for the first byte: beside 31 others it would tell how fast the machine is. */
const ALONE = 200
/** Connections before the first round, until the code is compiled for good. */
const WARMING = 12_000
const { rounds, json } = options()

const upstream = start("upstream")
const { echo } = await upstream.ask<{ readonly echo: number }>("ports")
const load = start("load")
const collector = start("collector")
const endpoint = `http://127.0.0.1:${await collector.ask<number>("port")}/v1/traces`
const stops: Array<() => void> = [upstream.stop, load.stop]

const telemetry = {
  off: { metrics: false, endpoint: "", sampleRatio: 0 },
  "metrics, traces 0 %": { metrics: true, endpoint, sampleRatio: 0 },
  "metrics, traces 1 %": { metrics: true, endpoint, sampleRatio: 0.01 },
  "metrics, traces 100 %": { metrics: true, endpoint, sampleRatio: 1 }
}
const contenders: Record<string, () => Promise<Record<string, number>>> = {}
for (const [name, chosen] of Object.entries(telemetry)) {
  const forwarder = start("fairlead", [String(echo), "file", "1", JSON.stringify(chosen)])
  const port = await forwarder.ask<number>("port")
  stops.push(forwarder.stop)
  await load.ask({ kind: "short", port, count: WARMING, parallel: PARALLEL })
  contenders[name] = async () => {
    const before = await forwarder.ask<Usage>("usage")
    const droppedBefore = await forwarder.ask<number>("dropped")
    await load.ask({ kind: "short", port, count: CONNECTIONS, parallel: PARALLEL })
    const after = await forwarder.ask<Usage>("usage")
    const alone = { kind: "short", port, count: ALONE, parallel: 1 }
    const { firstByteMs } = await load.ask<{ readonly firstByteMs: number }>(alone)
    return {
      "CPU us/connection": (after.userUs + after.systemUs - before.userUs - before.systemUs) / CONNECTIONS,
      "first byte p50 ms": firstByteMs,
      "spans dropped/connection": (await forwarder.ask<number>("dropped") - droppedBefore) / (CONNECTIONS + ALONE)
    }
  }
}
stops.push(collector.stop)

const { results, ratio } = await interleaved(rounds, contenders)
for (const stop of stops) stop()
const aim = (what: string, contender: string, atMost: number) => {
  const { median, spread } = ratio("CPU us/connection", contender, "off")
  return { what: `CPU per connection, ${what} to telemetry off`, figure: median, spread, atMost }
}
const first = ratio("first byte p50 ms", "metrics, traces 100 %", "off")
print({
  bench: "telemetry",
  about:
    `${CONNECTIONS} connections a round, ${PARALLEL} at a time; CPU of the forwarder's process alone; first byte of ${ALONE} alone`,
  rounds,
  results,
  aims: [
    aim("metrics", "metrics, traces 0 %", 1.1),
    aim("metrics and 1 % traced", "metrics, traces 1 %", 1.15),
    aim("metrics and all traced", "metrics, traces 100 %", 1.5),
    { what: "first byte p50, all traced to telemetry off", figure: first.median, spread: first.spread, atMost: 1.5 }
  ]
}, json)
