/**
 * The system's resolver, asked for one family at a time: asked for both at once it answers when it has heard of both, and not at
 * all when one of them stays silent. It cannot be told to stop: a question that is still under way is shared by all that ask it
 * meanwhile, or a silent one would take another of the runtime's few threads for each client.
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
    const asked = lookup(host, family).finally(() => underWay.delete(key))
    underWay.set(key, asked)
    return asked
  }
}
