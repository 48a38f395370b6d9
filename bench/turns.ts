/** How long a turn of the engine holds the thread under load, with few candidates and with 10,000. */
import { start } from "./support/child.ts"
import { options, print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const CONNECTIONS = 10_000
const PARALLEL = 32
const { rounds, json } = options()

const upstream = start("upstream")
const { echo } = await upstream.ask<{ readonly echo: number }>("ports")
const load = start("load")
const stops: Array<() => void> = [upstream.stop, load.stop]

const contenders: Record<string, () => Promise<Record<string, number>>> = {}
for (const candidates of [1, 10_000]) {
  const forwarder = start("fairlead", [String(echo), "file", String(candidates)])
  const port = await forwarder.ask<number>("port")
  stops.push(forwarder.stop)
  contenders[`${candidates.toLocaleString("en")} candidates`] = async () => {
    await forwarder.ask("turns")
    await load.ask({ kind: "short", port, count: CONNECTIONS, parallel: PARALLEL })
    return forwarder.ask("turns")
  }
}

const { results } = await interleaved(rounds, contenders)
for (const stop of stops) stop()
print({
  bench: "turns",
  about: `${CONNECTIONS} short connections a round, record on; every turn of the engine, in us`,
  rounds,
  results,
  aims: Object.entries(results).map(([name, { p999Us }]) => {
    return { what: `99.9 % of turns, ${name} (us)`, figure: p999Us?.median ?? NaN, atMost: 5_000 }
  })
}, json)
