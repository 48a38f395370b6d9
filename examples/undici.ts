/** Fetches a page from the best of some addresses: `node examples/undici.ts https://api.example/ 192.0.2.10 192.0.2.11` */
import { createFairlead } from "fairlead"
import { dispatcherOf, fetchOf, servedBy } from "fairlead/undici"
import process from "node:process"

const [url = "", ...candidates] = process.argv.slice(2)
const { hostname: host, port, protocol } = new URL(url)
const api = { host, port: Number(port) || (protocol === "https:" ? 443 : 80), candidates }
await using fairlead = await createFairlead({ upstreams: { api } })
await using dispatcher = dispatcherOf(fairlead)
const response = await fetchOf(dispatcher)(url)
console.log(response.status, await response.text(), `from ${servedBy(response)?.candidate}`)
