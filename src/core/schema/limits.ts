/** Keys of the core that no upstream has for itself: hosts on demand, expiry, history, auto-disable. Each is a table (tables.ts). */
import * as Schema from "effect/Schema"
import { key } from "./keys.ts"
import { duration, whole } from "./units.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Hosts that clients ask for and that are no configured upstream's. */
export const onDemand = {
  enabled: key(Schema.Boolean, true, "true: clients may ask for hosts that belong to no upstream"),
  idleMs: key(duration(1_000, 30 * DAY), "30m", "Such a host is dropped after this long without a client"),
  usedWithinMs: key(
    duration(0, DAY),
    "60s",
    "A host that was found on first use is probed while a client came within this time"
  ),
  singleFlightTimeoutMs: key(
    duration(100, 10 * MINUTE),
    "10s",
    "First clients wait this long for an address; then the last resort serves them"
  ),
  raceAddresses: key(
    whole(1, 1024),
    64,
    "Most addresses that race for them; the most promising ones are taken. In a search of a long list: most at once"
  ),
  retryAfterMs: key(
    duration(100, HOUR),
    "5s",
    "When none of these answered, the last resort serves this long before the next race"
  )
}

/** How many such hosts are kept. These keys stand under `cache`. */
export const pruning = {
  maxEntries: key(
    whole(0, 1_000_000),
    256,
    "Most hosts on demand that are kept; the least recently used go first; 0: no limit"
  ),
  pruneIntervalMs: key(duration(5_000, DAY), "60s", "Time between searches for hosts that no client uses any more")
}

/** How long measurements count. These keys stand under `cache`. */
export const expiry = {
  scoreTtlMs: key(duration(1_000, 30 * DAY), "5m", "A candidate expires after this long without a sample"),
  staleForMs: key(
    duration(1_000, 365 * DAY),
    "24h",
    "The measurements of a candidate that left are kept this long. A set without any sample serves this long and no longer"
  )
}

export const history = {
  maxEntries: key(whole(1, 65_536), 1_024, "Most addresses in the history; those that were measured last stay"),
  serveForMs: key(
    duration(0, HOUR),
    "1s",
    "After the start, addresses from the history serve this long while no candidate is measured; records younger than `cache.scoreTtl` may serve longer"
  )
}

export const autoDisable = {
  failures: key(
    whole(1, 1000),
    5,
    "After this many `probing.interval`s in a row in which all candidates failed, clients go to the last resort"
  ),
  cooldownMs: key(duration(1_000, DAY), "5m", "Time for which they go there; then everything is measured anew")
}
