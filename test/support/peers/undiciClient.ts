/**
 * Undici's own proxy agents. `node undiciClient.ts http|socks5 PROXY URL...` prints the status and body of each answer as JSON. Undici is a
 * dependency of @effect/platform-node, so it is found from there.
 */
import { createRequire } from "node:module"
import process from "node:process"

interface Undici {
  readonly ProxyAgent: new (options: object) => object
  readonly Socks5ProxyAgent: new (url: string, options?: object) => object
  readonly request: (url: string, options: object) => Promise<{
    readonly statusCode: number
    readonly body: { readonly text: () => Promise<string> }
  }>
}

const here = createRequire(import.meta.url)
const undici = createRequire(here.resolve("@effect/platform-node/NodeServices"))("undici") as Undici
const { authority } = await import("../certificates.ts")
const [kind, proxy = "", ...urls] = process.argv.slice(2)
const tls = { ca: authority }
const dispatcher = kind === "socks5"
  ? new undici.Socks5ProxyAgent(`socks5://${proxy}`, { requestTls: tls })
  : new undici.ProxyAgent({ uri: `http://${proxy}`, requestTls: tls })
const answers = []
for (const url of urls) {
  const { statusCode, body } = await undici.request(url, { dispatcher })
  answers.push({ status: statusCode, body: await body.text() })
}
process.stdout.write(`${JSON.stringify(answers)}\n`)
process.exit(0)
