/** One long connection: a gigabyte down, a gigabyte up, through Fairlead and through two bare pipes. */
import type { Usage } from "./support/child.ts"
import { start } from "./support/child.ts"
import { options, print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const BYTES = 1_000_000_000
const { rounds, json } = options()

const upstream = start("upstream")
const ports = await upstream.ask<{ readonly down: number; readonly up: number }>("ports")
const load = start("load")

const contenders: Record<string, () => Promise<Record<string, number>>> = {}
const stops: Array<() => void> = [upstream.stop, load.stop]
for (const kind of ["down", "up"] as const) {
  for (const name of ["fairlead", "bare"] as const) {
    const forwarder = start(name, [String(ports[kind]), "file"])
    const port = await forwarder.ask<number>("port")
    stops.push(forwarder.stop)
    contenders[`${name} ${kind}`] = async () => {
      const before = await forwarder.ask<Usage>("usage")
      const { tookMs } = await load.ask<{ readonly tookMs: number }>({ kind, port, count: BYTES, parallel: 1 })
      const after = await forwarder.ask<Usage>("usage")
      return {
        "GB/s": BYTES / tookMs / 1e6,
        "CPU s/GB": (after.userUs + after.systemUs - before.userUs - before.systemUs) / 1e6 / (BYTES / 1e9),
        "RSS MB": after.rssBytes / 1e6
      }
    }
  }
}

const { results, ratio } = await interleaved(rounds, contenders)
for (const stop of stops) stop()
const speed = (kind: string) => {
  const { median: figure, spread } = ratio("GB/s", `fairlead ${kind}`, `bare ${kind}`)
  return { what: `speed ${kind}, Fairlead to bare pipes`, figure, spread, atLeast: 0.95 }
}
print({
  bench: "bulk",
  about: "1 GB over one connection; CPU and memory of the forwarder's process alone",
  rounds,
  results,
  aims: [speed("down"), speed("up")]
}, json)
