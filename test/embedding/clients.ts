/** Scenes of the blocks and the examples about HTTP clients. */
import { assert } from "@effect/vitest"
import type { Setting } from "../support/snippet.ts"
import { authority, good } from "../support/certificates.ts"
import { HOST } from "../support/site.ts"
import type { Web, WebOptions } from "../support/webServers.ts"
import { serveWeb } from "../support/webServers.ts"
import type { Scene, Scenes, Stage } from "./Scene.ts"

/** Two servers with one port, in place of the two addresses. */
async function two({ use }: Stage, options: WebOptions): Promise<readonly [Web, Web]> {
  const first = await use(serveWeb({ ...options, host: "127.0.0.2" }))
  return [first, await use(serveWeb({ ...options, host: "127.0.0.3", port: first.port }))]
}

const example = (protocol: "http" | "https", replace: Setting["replace"] = {}): Scene => ({
  prepare: async (stage) => {
    const servers = await two(stage, protocol === "https" ? { tls: good } : {})
    return { replace, args: [`${protocol}://${HOST}:${servers[0].port}/`, ...servers.map(({ host }) => host)] }
  },
  printed: (output) => assert.match(output, /^200 127\.0\.0\.[23] GET \/ {2}from api#[12]$/)
})

const trusted = `tls: { ca: ${JSON.stringify(authority)} }`

/** By the name of the example. */
export const pages: Readonly<Record<string, Scene>> = {
  "undici.ts": example("https", { "dispatcherOf(fairlead)": `dispatcherOf(fairlead, { ${trusted} })` }),
  "https-get.ts": example("https", { "keepAlive: false": `keepAlive: false, ${trusted}` }),
  "http-client.ts": example("http")
}

/** A block that says https://api.example:443 and the addresses 192.0.2.10 and 192.0.2.11. */
const block = (printed: RegExp, trusting: Setting["replace"] = { "(fairlead)": `(fairlead, { ${trusted} })` }): Scene => ({
  prepare: async (stage) => {
    const [first, second] = await two(stage, { tls: good })
    return {
      replace: {
        "api.example": HOST,
        "port: 443": `port: ${first.port}`,
        [`https://${HOST}/`]: `https://${HOST}:${first.port}/`,
        "192.0.2.10": first.host,
        "192.0.2.11": second.host,
        ...trusting
      }
    }
  },
  printed: (output) => assert.match(output, printed)
})

export const clients: Scenes = {
  "HTTP clients": [
    block(/^127\.0\.0\.[23] GET \/ {2}api#[12] (user-static|null) [\d.null]+ (active|unranked)$/),
    block(/^127\.0\.0\.[23] GET \/ $/),
    block(/^127\.0\.0\.[23] GET \/ {2}api#[12]$/),
    block(/^127\.0\.0\.[23] GET \/ {2}api#[12]$/, { "httpClient()": `httpClient({ ${trusted} })` })
  ],
  "Idle connections": [block(/^127\.0\.0\.[23] PUT \/ hello \d+$/)],
  "Warm TLS": [
    block(/^127\.0\.0\.[23] GET \/ \n127\.0\.0\.[23] GET \/again $/, { "warmTls: {": `${trusted}, warmTls: {` })
  ],
  "Answers that are failures": [
    block(/^200 api#[12]\n127\.0\.0\.[23] GET \/ $/, { "failingStatuses:": `${trusted}, failingStatuses:` })
  ]
}
