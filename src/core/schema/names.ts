/** Keys of the sources of candidates, beside the lists of upstreams, and of the addresses that may be dialled. */
import * as Schema from "effect/Schema"
import { atStart, key, section } from "./keys.ts"
import { NetworkText } from "./network.ts"
import { keysOf } from "./tables.ts"
import { duration, PlainAddressText, ServerText, whole } from "./units.ts"

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export const dns = {
  refreshMs: key(duration(1_000, DAY), "5m", "Time between queries for a name"),
  timeoutMs: key(duration(100, MINUTE), "3s", "A query without an answer fails after this long"),
  maxAnswers: key(whole(1, 65_536), 256, "Most addresses taken from one answer, all servers together"),
  servers: key(
    Schema.Array(ServerText),
    [],
    "DNS servers, ip or ip:port; Fairlead queries each and merges all answers; none: the system's resolver"
  )
}

/** Which sources may name candidates. */
export const sources = {
  builtin: key(Schema.Boolean, true, "Use the addresses that ship with Fairlead or stand under `builtin`"),
  userStatic: key(Schema.Boolean, true, "Use the `candidates` of upstreams"),
  history: key(Schema.Boolean, true, "Use the addresses that served before the last restart"),
  dns: key(Schema.Boolean, true, "Use the addresses of `host`; the last resort resolves them in any case"),
  fallback: key(Schema.Boolean, true, "Use the `fallback` lists of upstreams")
}

/** Which addresses may be dialled: see access.ts. */
export const access = {
  allow: key(Schema.Array(NetworkText), [], "Only addresses in these networks may be dialled; none: every address"),
  deny: key(Schema.Array(NetworkText), [], "Addresses in these networks are never dialled, whatever `allow` says")
}

const { servers, refresh, timeout, maxAnswers } = keysOf(dns)

export const names = {
  dns: section({
    servers,
    refresh,
    timeout,
    resolutionDelay: atStart(key(
      duration(0, MINUTE),
      "50ms",
      "When a client waits, Fairlead uses the first addresses after it has waited this long for the other answers; later addresses join in"
    )),
    tellAgain: atStart(key(
      duration(1_000, DAY),
      "1m",
      "Least time between two warnings that the name of an upstream has no addresses"
    )),
    maxAnswers
  }),
  sources: section(keysOf(sources)),
  builtin: key(
    Schema.Record(Schema.String, Schema.Array(PlainAddressText)),
    {},
    "Addresses by host name, for upstreams with that `host`, at the upstream's port; they replace those that ship for the name"
  ),
  access: section(keysOf(access))
}
