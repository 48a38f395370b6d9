/** Keys that have no effect yet, with the ranges and defaults that they will have. */
import * as Schema from "effect/Schema"
import { key, later, secret, section } from "./keys.ts"
import { NetworkText } from "./network.ts"
import { duration, formed, parseEndpoint, size, whole } from "./units.ts"

const MINUTE = 60_000

const TARGET = "a host and a port such as *:443, *.example.com:443, 198.18.0.1:80, [2001:db8::1]:443 or example.com:*"

/** A target: `*`, `*.example.com`, a name or an address, then a port or `*`. */
function isTarget(text: string): boolean {
  const at = text.lastIndexOf(":")
  const [host, port] = [text.slice(0, at), text.slice(at + 1)]
  if (at < 1 || !(port === "*" || (/^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535))) return false
  if (host.startsWith("[")) return parseEndpoint(host) !== undefined
  return host === "*" || /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]|\.(?!\.))*$/.test(host)
}

const TargetText = formed(
  Schema.String.check(Schema.makeFilter((text) => isTarget(text) ? undefined : `expected ${TARGET}`)),
  { expected: TARGET, json: { type: "string", pattern: "^.+:([*]|[0-9]{1,5})$" } }
)

const Password = formed(Schema.NonEmptyString, {
  expected: "a password that is not empty",
  json: { type: "string", minLength: 1 }
})

const PrivateTargets = formed(Schema.Union([Schema.Boolean, Schema.Literal("auto")]), {
  expected: "true, false or auto",
  json: { enum: [true, false, "auto"] }
})

const Workers = formed(Schema.Union([Schema.Literal("auto"), whole(1, 1024)]), {
  expected: "auto, or a whole number from 1 to 1024",
  json: { anyOf: [{ enum: ["auto"] }, { type: "integer", minimum: 1, maximum: 1024 }] }
})

export const ofListeners = {
  proxyProtocol: later(
    Schema.Struct({
      mode: key(Schema.Literals(["off", "v1v2"]), "off", "Whether trusted peers must send a PROXY header"),
      trusted: key(Schema.Array(NetworkText), [], "Networks of peers that send a header; all other peers are refused")
    }),
    {} as never,
    "PROXY headers from clients"
  ),
  allow: later(Schema.Array(TargetText), ["*:443", "*:80"], "Hosts and ports that a client may ask for"),
  privateTargets: later(PrivateTargets, "auto", "Whether clients may reach private addresses and this machine's own"),
  users: later(Schema.Record(Schema.String, secret(Password)), {}, "Names and passwords of the users that may connect"),
  clients: later(Schema.Array(NetworkText), [], "Networks from which clients may connect"),
  handshake: later(
    section({
      timeout: key(duration(100, 10 * MINUTE), "10s", "A client that takes longer to name its target is cut off"),
      maxBytes: key(size(1_024, 16_777_216), "64KiB", "Most bytes that it may send until then"),
      perClient: key(whole(1, 100_000), 64, "Most handshakes of one client address at once")
    }),
    {} as never,
    "Limits until a client has named its target"
  )
}

export const proxyProtocol = later(Schema.Literals(["off", "v1", "v2"]), "off", "PROXY header that its candidates get")
export const perCandidate = later(whole(1, 1_000_000), 1024, "Most connections to one candidate at once")
export const rescue = later(
  Schema.Literals(["tls", "any", "off"]),
  "tls",
  "Which clients get a second socket when their warm socket is dead"
)
export const onCandidateDeath = later(
  Schema.Literals(["keep", "reset"]),
  "keep",
  "What happens to sessions when their candidate is shut out"
)
export const workers = later(Workers, 1, "Number of processes that serve")
