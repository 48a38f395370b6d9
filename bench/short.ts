/** Short connections: connect, 64 bytes there and back, close; 32 clients at a time, the record on, telemetry off. */
import type { Usage } from "./support/child.ts"
import { start } from "./support/child.ts"
import { options, print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const CONNECTIONS = 10_000
const PARALLEL = 32
/** Rounds until the code of all contenders is fully compiled: the cost of a service that has run for a minute. */
const WARM_UPS = 4
const { rounds, json } = options()

const upstream = start("upstream")
const { echo } = await upstream.ask<{ readonly echo: number }>("ports")
const load = start("load")
const stops: Array<() => void> = [upstream.stop, load.stop]

const contenders: Record<string, () => Promise<Record<string, number>>> = {}
const parts = [
  { name: "fairlead", part: "fairlead", args: ["file"] },
  { name: "fairlead, no record", part: "fairlead", args: ["none"] },
  { name: "relay alone", part: "relay" },
  { name: "bare", part: "bare" }
]
for (const { name, part, args = [] } of parts) {
  const forwarder = start(part, [String(echo), ...args])
  const port = await forwarder.ask<number>("port")
  stops.push(forwarder.stop)
  contenders[name] = async () => {
    const before = await forwarder.ask<Usage>("usage")
    const asked = { kind: "short", port, count: CONNECTIONS, parallel: PARALLEL }
    const { tookMs } = await load.ask<{ readonly tookMs: number }>(asked)
    const after = await forwarder.ask<Usage>("usage")
    const userUs = (after.userUs - before.userUs) / CONNECTIONS
    const systemUs = (after.systemUs - before.systemUs) / CONNECTIONS
    return {
      "CPU us/connection": userUs + systemUs,
      "of it in the kernel": systemUs,
      "connections/s": CONNECTIONS / tookMs * 1000,
      "RSS MB": after.rssBytes / 1e6
    }
  }
}

const { results, ratio } = await interleaved(rounds, contenders, WARM_UPS)
for (const stop of stops) stop()
const priced = ratio("CPU us/connection", "fairlead", "bare")
print({
  bench: "short",
  about: `${CONNECTIONS} connections a round; CPU of the forwarder's process alone`,
  rounds,
  results,
  aims: [
    { what: "CPU per connection, Fairlead to bare pipes", figure: priced.median, spread: priced.spread, atMost: 1.25 }
  ]
}, json)
