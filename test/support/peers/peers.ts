/** A service with a proxy port, as a process on the runtime of the tests, beside a DNS server and the site that clients reach. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { authority } from "../certificates.ts"
import type { Running } from "../command.ts"
import { binaryOf, portOf, start } from "../command.ts"
import { dnsServer } from "../dnsServer.ts"
import { until } from "../servers.ts"
import { freePorts } from "../freePorts.ts"
import type { SitePorts } from "./site.ts"

/** The name of the site, which only the test's DNS server knows. Its certificate has this name. */
export const NAME = "web.example"

export interface Peers {
  /** `127.0.0.1:PORT` of the proxy port. */
  readonly proxy: string
  readonly admin: number
  readonly site: SitePorts
  /** `http://web.example:PORT`, and the same for HTTPS. */
  readonly http: string
  readonly https: string
  /** The file of the authority that signed the site's certificate. */
  readonly authority: string
  /** A directory for this test alone, which is also the home of the clients. */
  readonly directory: string
  /** Variables for clients: proxies for both schemes, and a home without settings. */
  readonly env: Readonly<Record<string, string>>
  readonly service: Running
  readonly stop: () => Promise<void>
}

export interface PeersOptions {
  /** More keys of the proxy listener, as YAML in flow style: `users: { ann: secret }`. */
  readonly listener?: string
  /** What clients may ask for; everything by default. */
  readonly allow?: ReadonlyArray<string>
  /** Makes what the site serves from its folder. */
  readonly prepare?: (folder: string) => void
  /** Variables for the service. */
  readonly env?: Readonly<Record<string, string>>
}

export async function peers(
  { listener = "", allow = ["*:*"], prepare = () => {}, env = {} }: PeersOptions = {}
): Promise<Peers> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-peers-"))
  const folder = path.join(directory, "site")
  fs.mkdirSync(folder)
  prepare(folder)
  const scope = Effect.runSync(Scope.make())
  const dns = await Effect.runPromise(Scope.provide(dnsServer({ [NAME]: ["127.0.0.1"] }), scope))
  const site = await startSite(folder)
  const [admin = 0] = await freePorts(1)
  const file = path.join(directory, "fairlead.yaml")
  const more = listener === "" ? "" : `, ${listener}`
  fs.writeFileSync(
    file,
    `listeners: [{ name: local, protocol: proxy, listen: "127.0.0.1:0", allow: ${JSON.stringify(allow)}${more} }]
dns: { servers: ["127.0.0.1:${dns.port}"] }
admin: { listen: "127.0.0.1:${admin}" }
eventLog: { path: ${JSON.stringify(path.join(directory, "log"))} }
history: { path: none }
`
  )
  const service = start(["run", "--config", file], { env })
  let over = false
  void service.ended.then(() => (over = true))
  const stop = async () => {
    if (!over) service.kill("SIGKILL")
    await service.ended
    await site.stop()
    await Effect.runPromise(Scope.close(scope, Exit.void))
    fs.rmSync(directory, { recursive: true, force: true })
  }
  try {
    await until("the proxy port listens", () => portOf(service) !== undefined || over, 60_000)
    if (over) throw new Error(`the service ended: ${service.stderr()}`)
  } catch (cause) {
    await stop()
    throw cause
  }
  const authorityFile = path.join(directory, "authority.pem")
  fs.writeFileSync(authorityFile, authority)
  const proxy = `127.0.0.1:${portOf(service)}`
  const url = `http://${proxy}`
  return {
    proxy,
    admin,
    site: site.ports,
    http: `http://${NAME}:${site.ports.http}`,
    https: `https://${NAME}:${site.ports.https}`,
    authority: authorityFile,
    directory,
    env: { HOME: directory, http_proxy: url, https_proxy: url, no_proxy: "" },
    service,
    stop
  }
}

async function startSite(folder: string) {
  const program = fileURLToPath(new URL("./site.ts", import.meta.url))
  const child = spawn(binaryOf("node"), [program, folder], { stdio: ["pipe", "pipe", "inherit"] })
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  let text = ""
  child.stdout.setEncoding("utf8").on("data", (chunk) => (text += chunk))
  await until("the site listens", () => text.includes("\n") || child.exitCode !== null, 30_000)
  const ports = JSON.parse(text) as SitePorts
  return {
    ports,
    stop: async () => {
      child.stdin.end()
      await ended
    }
  }
}
