/** Gets a page from the best of some addresses: `node examples/http-client.ts http://api.example/ 192.0.2.10 192.0.2.11` */
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { Fairlead } from "fairlead"
import { httpClient, servedBy } from "fairlead/undici"
import process from "node:process"

const [url = "", ...candidates] = process.argv.slice(2)
const { hostname: host, port } = new URL(url)
const config = { upstreams: { api: { host, port: Number(port) || 80, candidates } } }
const program = Effect.gen(function* () {
  const response = yield* HttpClient.get(url)
  console.log(response.status, yield* response.text, `from ${servedBy(response)?.candidate}`)
})
await Effect.runPromise(program.pipe(Effect.provide(httpClient()), Effect.provide(Fairlead.layer(config))))
