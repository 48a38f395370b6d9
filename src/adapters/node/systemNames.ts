/**
 * The system's resolver, with one query for each family. A query for both families gets its answer when both are known, and
 * none when one stays silent. No query can be cancelled, so callers share a query under way. Otherwise a silent query would
 * take one of the runtime's few threads for each client.
 */
import * as dns from "node:dns/promises"

/** Addresses of one family. */
export type Lookup = (host: string, family: 4 | 6) => Promise<ReadonlyArray<string>>

export const systemLookup: Lookup = async (host, family) =>
  (await dns.lookup(host, { all: true, family, order: "verbatim" })).map(({ address }) => address)

export function shared(lookup: Lookup): Lookup {
  const underWay = new Map<string, Promise<ReadonlyArray<string>>>()
  return (host, family) => {
    const key = `${family} ${host}`
    const known = underWay.get(key)
    if (known !== undefined) return known
    const query = lookup(host, family).finally(() => underWay.delete(key))
    underWay.set(key, query)
    return query
  }
}
