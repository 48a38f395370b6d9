/** Keys of a listener: which clients may connect, what they may ask for, and what they may cost until they have asked. */
import * as Schema from "effect/Schema"
import { key, protective, required, secret, section } from "./keys.ts"
import { NetworkText } from "./network.ts"
import { duration, formed, ListenAddress, Name, size, whole } from "./units.ts"

const MINUTE = 60_000

const TARGET = "a host and a port such as *:443, *.example.com:443, 198.18.0.1:80, [2001:db8::1]:443 or example.com:*"

/** Some host, then a port or `*`. What can be a host is decided where clients' hosts are read (ingress/allowed.ts). */
function isTarget(text: string): boolean {
  const [, port] = /^[^\s]+:(\*|[1-9][0-9]{0,4})$/.exec(text) ?? []
  return port !== undefined && (port === "*" || Number(port) <= 65_535)
}

const TargetText = formed(
  Schema.String.check(Schema.makeFilter((text) => isTarget(text) ? undefined : `expected ${TARGET}`)),
  { expected: TARGET, json: { type: "string", pattern: "^[^\\s]+:([*]|[1-9][0-9]{0,4})$" } }
)

const Password = formed(Schema.NonEmptyString, {
  expected: "a password that is not empty",
  json: { type: "string", minLength: 1 }
})

const PrivateTargets = formed(Schema.Union([Schema.Boolean, Schema.Literal("auto")]), {
  expected: "true, false or auto",
  json: { enum: [true, false, "auto"] }
})

export const Listener = Schema.Struct({
  name: required(Name, "web", "Name in logs, metrics and /status"),
  protocol: key(
    Schema.Literals(["tcp", "proxy", "sni"]),
    "tcp",
    "How clients say what they want to reach; tcp: they do not, all go to `upstream`; proxy: HTTP CONNECT, HTTP requests with a whole URL, SOCKS5, SOCKS4 and SOCKS4a on one port; sni: by the server name of TLS"
  ),
  listen: required(ListenAddress, "127.0.0.1:1234", "Address to listen on; port 0: the system chooses a port"),
  upstream: key(Schema.String, "", "The upstream that serves a listener of protocol tcp"),
  maxConnections: key(whole(1, 1_000_000), 10_000, "Most clients that are served at once; further ones wait"),
  clients: key(Schema.Array(NetworkText), [], "Networks from which clients may connect; empty: all"),
  users: key(
    Schema.Record(Schema.String, protective(secret(Password))),
    {},
    "Passwords by user name, for protocol proxy; empty: no client needs one"
  ),
  allow: key(
    Schema.Array(TargetText.annotate({ examples: ["*:443"] })),
    ["*:443", "*:80"],
    "Hosts and ports that clients may ask for; not for protocol tcp"
  ),
  privateTargets: key(
    PrivateTargets,
    "auto",
    "true: clients may reach loopback, link-local and private addresses and this machine's own; auto: true where the listener is on loopback; not for protocol tcp"
  ),
  handshake: section({
    timeout: key(duration(100, 10 * MINUTE), "10s", "A client that takes longer to name its target is cut off"),
    maxBytes: key(
      size(1_024, 16_777_216),
      "64KiB",
      "Most bytes that it may send until then, and until its upstream is connected"
    ),
    perClient: key(whole(1, 100_000), 64, "Most handshakes of one client address at once; further ones are cut off")
  }),
  sni: section({
    port: key(whole(1, 65_535), 443, "The port that server names stand for: on demand, and in `allow`"),
    unnamed: key(Schema.String, "", "The upstream for TLS clients that name no server; empty: they are refused"),
    unknown: key(
      Schema.String,
      "",
      "The upstream for names that `allow` does not contain or that lead nowhere; empty: their clients are refused"
    ),
    notTls: key(Schema.String, "", "The upstream for clients that do not begin with TLS; empty: they are cut off"),
    encrypted: key(
      Schema.Literals(["outer", "refuse"]),
      "outer",
      "How clients with an encrypted ClientHello are served; outer: by the name that they show; refuse: not. Browsers also send one without need"
    )
  }),
  proxyProtocol: section({
    mode: key(
      Schema.Literals(["off", "v1v2"]),
      "off",
      "v1v2: each peer has to send a PROXY header, of either version; off: none may"
    ),
    trusted: key(Schema.Array(NetworkText), [], "Networks of the peers that may send it; all other peers are refused")
  })
})
