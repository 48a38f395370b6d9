/** How long the command takes to replay a record of 1,000,000 entries from disk. */
import * as Effect from "effect/Effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { feed, segmentsAt } from "../src/adapters/file/readRecord.ts"
import { Disk } from "../src/adapters/file/Disk.ts"
import { SegmentWriter } from "../src/adapters/file/SegmentWriter.ts"
import { initial } from "../src/core/state.ts"
import { entryBody } from "../src/record/codec.ts"
import { Replay } from "../src/record/replay.ts"
import { footerBody, openingBodies } from "../src/record/write.ts"
import { addresses, configWith } from "../test/support/config.ts"
import { busyWorld } from "./support/busyWorld.ts"
import { options, print } from "./support/report.ts"
import { interleaved } from "./support/rounds.ts"

const ENTRIES = 1_000_000
const CANDIDATES = 6
/** The simulation's. */
const SEED = 1
const { rounds, json } = options(3)

const directory = await mkdtemp(join(tmpdir(), "fairlead-replay-"))

/** One segment with the whole history. */
async function record(): Promise<number> {
  const config = configWith([{ candidates: addresses(CANDIDATES) }])
  const world = busyWorld(config, 100)
  let state = initial(config, SEED)
  const writer = await SegmentWriter.open(new Disk(60_000), directory, 1)
  const run = { id: "bench", seed: SEED }
  await writer.write(openingBodies({ run, segment: 1, previous: null, after: null, state }))
  for (let written = 0; written < ENTRIES; written += 10_000) {
    const bodies = Array.from({ length: 10_000 }, () => {
      const { entry, advanced } = world.next().value
      state = advanced.state
      return entryBody(entry, advanced)
    })
    await writer.write(bodies)
  }
  await writer.write([footerBody(state)])
  return writer.bytes
}

async function replay(): Promise<{ readonly seconds: number; readonly "us/entry": number; readonly "RSS MB": number }> {
  const replay = new Replay()
  const beganMs = performance.now()
  const [segment] = await Effect.runPromise(segmentsAt(directory))
  if (segment === undefined) throw new Error("no segment was written")
  await Effect.runPromise(feed(replay, segment, () => {}))
  const verdict = replay.verdict()
  const seconds = (performance.now() - beganMs) / 1000
  if (verdict.outcome !== "verified" || verdict.entries !== ENTRIES) throw new Error(JSON.stringify(verdict.problem))
  return { seconds, "us/entry": seconds * 1e6 / ENTRIES, "RSS MB": process.memoryUsage().rss / 1e6 }
}

try {
  const bytes = await record()
  const { results } = await interleaved(rounds, { replay })
  print({
    bench: "replay",
    about: `${ENTRIES} entries, ${CANDIDATES} candidates, ${(bytes / 1e6).toFixed(0)} MB in one segment`,
    rounds,
    results,
    aims: [{ what: "seconds for the whole record", figure: results["replay"]?.["seconds"]?.median ?? NaN, atMost: 20 }]
  }, json)
} finally {
  await rm(directory, { recursive: true, force: true })
}
