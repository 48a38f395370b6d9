/** Sends one line to the best of some addresses: `node examples/promises.ts 192.0.2.10:7 192.0.2.11:7` */
import { createFairlead } from "fairlead"
import process from "node:process"
import { text } from "node:stream/consumers"

await using fairlead = await createFairlead({ upstreams: { echo: { candidates: process.argv.slice(2) } } })
const socket = await fairlead.connect("echo", undefined, { signal: AbortSignal.timeout(5_000) })
const answer = await text(socket.end("hello\n"))
const by = fairlead.servedBy(socket)
console.log(`${by?.candidate} answered ${answer.trim()}, connected in ${by?.connectMs} ms`)
