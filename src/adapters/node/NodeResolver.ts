/** Names by the system's resolver (hosts file and all), or by DNS servers of one's own. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as dns from "node:dns/promises"
import { ResolveError } from "../../shell/errors.ts"
import { Resolver } from "../../shell/Resolver.ts"

export interface ResolverOptions {
  /** `ip` or `ip:port`; none: the system's resolver. */
  readonly servers: ReadonlyArray<string>
}

async function bySystem(host: string): Promise<ReadonlyArray<string>> {
  const found = await dns.lookup(host, { all: true, order: "verbatim" })
  return found.map(({ address }) => address)
}

/** Both families are asked at once; one that does not exist is no failure as long as the other does. */
async function byServers(resolver: dns.Resolver, host: string): Promise<ReadonlyArray<string>> {
  const [v6, v4] = await Promise.allSettled([resolver.resolve6(host), resolver.resolve4(host)])
  if (v6.status === "rejected" && v4.status === "rejected") throw v4.reason
  return [...(v4.status === "fulfilled" ? v4.value : []), ...(v6.status === "fulfilled" ? v6.value : [])]
}

export const layer = ({ servers }: ResolverOptions): Layer.Layer<Resolver> =>
  Layer.sync(Resolver, () => {
    const resolver = new dns.Resolver({ tries: 2 })
    if (servers.length > 0) resolver.setServers([...servers])
    return Resolver.of({
      resolve: (host) =>
        Effect.tryPromise({
          try: async () => [...new Set(await (servers.length > 0 ? byServers(resolver, host) : bySystem(host)))],
          catch: (cause) => new ResolveError({ host, code: (cause as NodeJS.ErrnoException).code ?? String(cause) })
        })
    })
  })
