/** Asks for a page under a pinned key: `node examples/staged-tls.ts www.example.com sha256/... 192.0.2.10 192.0.2.11` */
import { createFairlead } from "fairlead"
import process from "node:process"
import { text } from "node:stream/consumers"

const [host = "", pin = "", ...candidates] = process.argv.slice(2)
const caFile = process.env["CA_FILE"] ?? ""
await using fairlead = await createFairlead({
  upstreams: { web: { host, candidates, caFile, tls: { chain: ["real", "system"], pins: [pin] } } }
})
const socket = await fairlead.connectTls("web", undefined, { alpn: ["http/1.1"] })
socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)
const [status] = (await text(socket)).split("\r\n")
console.log(`stage ${fairlead.servedBy(socket)?.tlsStage} answered ${status}`)
