/** The address lists of an upstream, from texts to addresses with ports, up to a limit. */
import type { Address } from "../../core/model/Config.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { expandNetwork, parseEndpoint } from "../../core/schema/units.ts"
import type { Found, Path, Show } from "./Problem.ts"

export interface Expanded {
  readonly addresses: ReadonlyArray<Address>
  readonly problems: ReadonlyArray<Found>
}

export type AddressList = "candidates" | "fallback"

export function addressesOf(file: ConfigFile, name: string, list: AddressList, show: Show): Expanded {
  const most = file.probing.maxCandidates
  const own = file.upstreams[name]
  const addresses: Array<Address> = []
  const problems: Array<Found> = []
  own?.[list].forEach((text, i) => {
    const path = ["upstreams", name, list, i]
    const problem = (expected: string, message: string, use: Path) => {
      problems.push({ path, expected, message: `${show(path, text)} ${message}`, uses: [path, use] })
    }
    const endpoint = parseEndpoint(text)
    const found = endpoint === undefined ? expandNetwork(text, most) ?? [] : [endpoint]
    if (found.some(({ port = own.port }) => port === undefined)) {
      const message = `has no port, and upstreams.${name}.port is not set: set it, or add a port here`
      return problem("a port", message, ["upstreams", name, "port"])
    }
    const fits = addresses.length <= most
    for (const { host, port = own.port } of found) {
      if (addresses.length <= most) addresses.push({ host, port: port as number })
    }
    if (fits && addresses.length > most) {
      const message = `makes more than ${most} addresses: use a smaller network, or raise probing.maxCandidates`
      problem("at most probing.maxCandidates addresses", message, ["probing", "maxCandidates"])
    }
  })
  return { addresses, problems }
}
