/**
 * Undici's own proxy agents. `node undiciClient.ts http|socks5 PROXY URL...` prints the status and body of each answer as JSON.
 */
import process from "node:process"
import * as undici from "undici"

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
