/** Which clients of a listener are served, and what they may ask for. */
import { Buffer } from "node:buffer"
import { comesBack, connectTo, hello, lasted, said, statusOf, withEcho } from "../../support/entries.ts"
import { until } from "../../support/servers.ts"
import type { Server } from "../../support/servers.ts"
import type { Json, Row } from "./Row.ts"
import { client, row, serving } from "./service.ts"

const listener = (own: Json): Json => ({ listeners: [{ name: "web", listen: "127.0.0.1:0", ...own }] })
const proxy = (own: Json = {}): Json => ({ ...listener({ protocol: "proxy", allow: ["*:*"], ...own }), upstreams: {} })
const sni = (own: Json = {}): Json => ({
  ...listener({ protocol: "sni", allow: ["*:*"], ...own }),
  onDemand: { enabled: false },
  sources: { dns: false },
  // Otherwise a candidate with a host has to show a certificate.
  probing: { mode: "tcp" }
})

/** The status of an answer to CONNECT. */
const connected = (file: Json, headers = "") =>
  withEcho((echo) => serving(file, ({ port }) => statusOf(port, connectTo(`127.0.0.1:${echo.port}`, headers))))

const withUpstream = <A>(file: Json, own: Json, use: (port: number) => Promise<A>): Promise<A> =>
  withEcho((echo: Server) =>
    serving({ ...file, upstreams: { web: { ...own, candidates: [`127.0.0.1:${echo.port}`] } } }, ({ port }) => use(port))
  )

/** Whether the upstream gets a client's bytes. */
const reached = (file: Json, bytes: Buffer, own: Json = {}) => withUpstream(file, own, (port) => comesBack(port, bytes))

const HEADER = "PROXY TCP4 198.18.0.7 198.18.0.8 1111 80\r\n"
const header = (own: Json) => listener({ upstream: "web", proxyProtocol: { mode: "v1v2", trusted: ["127.0.0.1"], ...own } })

export const LISTENERS: ReadonlyArray<Row> = [
  row("listeners[].protocol", ["proxy", "sni"], [200, 0], (file) => connected(file), proxy()),
  row(
    "listeners[].clients",
    [["127.0.0.0/8"], ["198.18.0.0/15"]],
    [true, false],
    (file) => reached(file, Buffer.from("hi")),
    listener({ upstream: "web" })
  ),
  row("listeners[].users", [{}, { ann: "s3cr3t" }], [200, 407], (file) => connected(file), proxy()),
  row("listeners[].allow", [["*:*"], ["*:443"]], [200, 403], (file) => connected(file), proxy()),
  row("listeners[].privateTargets", ["auto", false], [200, 403], (file) => connected(file), proxy()),
  row("listeners[].handshake.timeout", ["100ms", "1s"], "more", (file) =>
    serving(file, async ({ port }) => {
      const { socket } = await client(port)
      socket.write("CONN")
      return lasted(socket)
    }), proxy()),
  row(
    "listeners[].handshake.maxBytes",
    ["1KiB", "64KiB"],
    [431, 200],
    (file) => connected(file, `X: ${"a".repeat(4_000)}\r\n`),
    proxy()
  ),
  row("listeners[].handshake.perClient", [1, 2], [true, false], (file) =>
    serving(file, async ({ port, acceptor }) => {
      const first = await client(port)
      await until("it is accepted", () => acceptor.statusUnsafe()[0]?.accepted === 1)
      const second = await client(port)
      await until("it is accepted", () => acceptor.statusUnsafe()[0]?.accepted === 2)
      const isCutOff = acceptor.statusUnsafe()[0]?.turnedAway.late === 1
      for (const { socket } of [first, second]) socket.destroy()
      return isCutOff
    }), proxy()),
  row(
    "listeners[].sni.port",
    [443, 8443],
    [false, true],
    (file) => reached(file, hello("web.example"), { host: "web.example" }),
    sni({ allow: ["*:8443"] })
  ),
  row("listeners[].sni.unnamed", ["", "web"], [false, true], (file) => reached(file, hello("")), sni()),
  row("listeners[].sni.unknown", ["", "web"], [false, true], (file) => reached(file, hello("no.example")), sni()),
  row("listeners[].sni.notTls", ["", "web"], [false, true], (file) => reached(file, Buffer.from("GET / ")), sni()),
  row(
    "listeners[].sni.encrypted",
    ["outer", "refuse"],
    [true, false],
    (file) => reached(file, hello("web.example", true), { host: "web.example" }),
    sni()
  ),
  row("listeners[].proxyProtocol.mode", ["off", "v1v2"], [`${HEADER}hi`, "hi"], (file) => {
    const [{ proxyProtocol, ...own }] = file["listeners"] as [Json]
    const isOff = (proxyProtocol as Json)["mode"] === "off"
    const plain = isOff ? { ...file, listeners: [own] } : file
    return withUpstream(plain, {}, (port) => said(port, `${HEADER}hi`, /hi$/))
  }, header({})),
  row(
    "listeners[].proxyProtocol.trusted",
    [["127.0.0.1"], ["198.18.0.0/15"]],
    ["hi", ""],
    (file) => withUpstream(file, {}, (port) => said(port, `${HEADER}hi`, /hi$/)),
    header({})
  ),
  row("upstreams.NAME.proxyProtocol", ["off", "v1"], [false, true], async (file) => {
    const { web } = file["upstreams"] as { web: Json }
    const { proxyProtocol } = web
    const heard = await withUpstream(file, { proxyProtocol }, (port) => said(port, "hi", /hi$/))
    return /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nhi$/.test(heard)
  })
]
