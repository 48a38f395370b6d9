/** A record of a simulated run with many clients: same number, same bytes. */
import { busyWorld } from "../../bench/support/busyWorld.ts"
import { entryBody } from "../../src/record/codec.ts"
import { initial } from "../../src/core/state.ts"
import { addresses, configWith } from "../support/config.ts"
import { SegmentWriter } from "../support/segments.ts"

const CANDIDATES = 6
const CLIENTS_PER_SECOND = 100
/** The simulation's. */
const SEED = 1

export function busyRecord(entries: number): string {
  const config = configWith([{ candidates: addresses(CANDIDATES) }])
  const writer = new SegmentWriter("busy", SEED).open(initial(config, SEED))
  const world = busyWorld(config, CLIENTS_PER_SECOND)
  let state = initial(config, SEED)
  for (let written = 0; written < entries; written++) {
    const { entry, advanced } = world.next().value
    state = advanced.state
    writer.append(entryBody(entry, advanced))
  }
  return writer.footer(state).texts[0] as string
}
