/** Gets a page from the best of some addresses: `node examples/https-get.ts https://api.example/ 192.0.2.10 192.0.2.11` */
import { createFairlead } from "fairlead"
import { httpsAgentOf, servedBy } from "fairlead/http"
import { once } from "node:events"
import * as https from "node:https"
import process from "node:process"
import { text } from "node:stream/consumers"

const [url = "", ...candidates] = process.argv.slice(2)
const { hostname: host, port } = new URL(url)
await using fairlead = await createFairlead({ upstreams: { api: { host, port: Number(port) || 443, candidates } } })
const agent = httpsAgentOf(fairlead, { keepAlive: false })
const [response] = await once(https.get(url, { agent }), "response")
console.log(response.statusCode, await text(response), `from ${servedBy(response)?.candidate}`)
