/** How long `replay --config` takes for a record of 500,000 entries: to verify it, to run it under other settings, and to compare. */
import * as Effect from "effect/Effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { Disk } from "../src/adapters/file/Disk.ts"
import { feed, segmentsAt } from "../src/adapters/file/readRecord.ts"
import { SegmentWriter } from "../src/adapters/file/SegmentWriter.ts"
import { initial } from "../src/core/state.ts"
import { entryBody } from "../src/record/codec.ts"
import { footerBody, openingBodies } from "../src/record/write.ts"
import { compared } from "../src/sim/whatIf/compared.ts"
import { WhatIf } from "../src/sim/whatIf/WhatIf.ts"
import { addresses, configWith } from "../test/support/config.ts"
import { busyWorld } from "./support/busyWorld.ts"
import { options, print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const ENTRIES = 500_000
const CANDIDATES = 6
/** The simulation's. */
const SEED = 1
const { rounds, json } = options(3)

const directory = await mkdtemp(join(tmpdir(), "fairlead-what-if-"))
const config = configWith([{ candidates: addresses(CANDIDATES) }])
/** They differ from the first entries on, so that the whole record is run once more. */
const other = configWith([{ candidates: addresses(CANDIDATES), selector: { activeSetSize: 2 } }])

/** One segment with the whole history. */
async function record(): Promise<number> {
  const world = busyWorld(config, 100)
  let state = initial(config, SEED)
  const writer = await SegmentWriter.open(new Disk(60_000), directory, 1)
  const run = { id: "bench", seed: SEED }
  await writer.write(openingBodies({ run, segment: 1, previous: null, after: null, state }))
  for (let written = 0; written < ENTRIES; written += 10_000) {
    const bodies = Array.from({ length: Math.min(10_000, ENTRIES - written) }, () => {
      const { entry, advanced } = world.next().value
      state = advanced.state
      return entryBody(entry, advanced)
    })
    await writer.write(bodies)
  }
  await writer.write([footerBody(state)])
  return writer.bytes
}

async function whatIf() {
  const reader = new WhatIf(other, undefined)
  const beganMs = performance.now()
  const before = process.cpuUsage()
  const [segment] = await Effect.runPromise(segmentsAt(directory))
  if (segment === undefined) throw new Error("no segment was written")
  await Effect.runPromise(feed(reader, segment, () => {}))
  const { verdict, divergedAt } = compared(reader)
  const seconds = (performance.now() - beganMs) / 1000
  if (verdict.outcome !== "verified" || verdict.entries !== ENTRIES) throw new Error(JSON.stringify(verdict.problem))
  if (divergedAt === null) throw new Error("the settings make no difference")
  const { user, system } = process.cpuUsage(before)
  return { seconds, "CPU s": (user + system) / 1e6, "RSS MB": process.memoryUsage().rss / 1e6 }
}

try {
  const bytes = await record()
  const { results } = await interleaved(rounds, { "what-if": whatIf })
  print({
    bench: "what-if",
    about: `${ENTRIES} entries, ${CANDIDATES} candidates, ${(bytes / 1e6).toFixed(0)} MB in one segment`,
    rounds,
    results,
    aims: [{ what: "seconds with a smaller set", figure: results["what-if"]?.["seconds"]?.median ?? NaN, atMost: 15 }]
  }, json)
} finally {
  await rm(directory, { recursive: true, force: true })
}
