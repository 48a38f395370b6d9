/** Where candidates come from beside the lists of upstreams, and which of them may be dialled. */
import * as Schema from "effect/Schema"
import { key, section } from "./keys.ts"
import { NetworkText } from "./network.ts"
import { duration, PlainAddressText, ServerText, whole } from "./units.ts"

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

export const names = {
  dns: section({
    servers: key(
      Schema.Array(ServerText),
      [],
      "DNS servers, ip or ip:port, each asked by itself, all answers merged; none: the system's resolver"
    ),
    refresh: key(duration(1_000, DAY), "5m", "How often names are asked anew"),
    timeout: key(duration(100, MINUTE), "3s", "An answer that takes longer has failed"),
    resolutionDelay: key(
      duration(0, MINUTE),
      "50ms",
      "Where a client may wait, the first addresses are used when other questions have had this much more time; later ones join in"
    ),
    tellAgain: key(
      duration(1_000, DAY),
      "1m",
      "That the name of an upstream has no addresses is told once in this time, however often it is asked for"
    ),
    maxAnswers: key(whole(1, 65_536), 256, "Addresses taken from one answer, all servers together")
  }),
  sources: section({
    builtin: key(Schema.Boolean, true, "Addresses that ship with Fairlead or stand under `builtin`"),
    userStatic: key(Schema.Boolean, true, "The `candidates` of upstreams"),
    history: key(Schema.Boolean, true, "Addresses that served before the last restart"),
    dns: key(Schema.Boolean, true, "The addresses of `host`; the last resort asks for them even so"),
    fallback: key(Schema.Boolean, true, "The `fallback` lists of upstreams")
  }),
  builtin: key(
    Schema.Record(Schema.String, Schema.Array(PlainAddressText)),
    {},
    "Addresses of names, for upstreams with such a `host`, at their port; replaces what ships for that name"
  ),
  access: section({
    allow: key(Schema.Array(NetworkText), [], "Networks whose addresses alone may be dialled; none: every address"),
    deny: key(Schema.Array(NetworkText), [], "Networks whose addresses are never dialled, whatever `allow` says")
  })
}
