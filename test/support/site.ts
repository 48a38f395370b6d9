/** A site on several addresses, a Fairlead for it, and a dispatcher. All of it stops with the stack. */
import type { Agent } from "undici"
import type { FairleadClient, FairleadConfig } from "../../src/mod.ts"
import { createFairlead } from "../../src/mod.ts"
import type { DispatcherOptions, Fetch } from "../../src/undici.ts"
import { dispatcherOf, fetchOf } from "../../src/undici.ts"
import { authority } from "./certificates.ts"
import type { Web, WebOptions } from "./webServers.ts"
import { serveWeb } from "./webServers.ts"

/** The host that the certificate `good` is for. It has no address but the candidates. */
export const HOST = "web.example"

/** Servers on 127.0.0.2, 127.0.0.3, ..., all with one port. */
export async function site(stack: AsyncDisposableStack, ...each: ReadonlyArray<WebOptions>): Promise<ReadonlyArray<Web>> {
  const servers: Array<Web> = []
  for (const [i, options] of each.entries()) {
    const server = await serveWeb({ host: `127.0.0.${i + 2}`, port: servers[0]?.port ?? 0, ...options })
    stack.defer(server.stop)
    servers.push(server)
  }
  return servers
}

/** The list serves in its order, and no second dial joins on a slow machine. So a test knows which address serves. */
export const IN_ORDER: FairleadConfig = { enabled: false, dial: { raceDelay: "10s" } }

export async function fairleadFor(
  stack: AsyncDisposableStack,
  places: ReadonlyArray<{ readonly host: string; readonly port: number }>,
  config: FairleadConfig = IN_ORDER
): Promise<FairleadClient> {
  const candidates = places.map(({ host, port }) => `${host}:${port}`)
  const upstreams = places.length === 0 ? {} : { [HOST]: { port: places[0]?.port ?? 0, candidates } }
  return stack.use(await createFairlead({ upstreams, ...config }))
}

export interface Client {
  readonly fairlead: FairleadClient
  readonly dispatcher: Agent
  readonly fetch: Fetch
}

/** Trusts the authority of the tests. */
export async function clientFor(
  stack: AsyncDisposableStack,
  places: Parameters<typeof fairleadFor>[1],
  options: DispatcherOptions = {},
  config: FairleadConfig = IN_ORDER
): Promise<Client> {
  const fairlead = await fairleadFor(stack, places, config)
  const dispatcher = stack.use(dispatcherOf(fairlead, { ...options, tls: { ca: authority, ...options.tls } }))
  return { fairlead, dispatcher, fetch: fetchOf(dispatcher) }
}

export const failureOf = (promise: Promise<unknown>): Promise<any> => promise.then(() => undefined, (error) => error)
