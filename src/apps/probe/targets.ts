/** The arguments of `fairlead probe`: hosts, addresses, networks and lists of them in files. Pure. */
import { hostFault } from "../../core/hostName.ts"
import { expandNetwork, parseEndpoint } from "../../core/schema/units.ts"
import { asciiHost } from "../../ingress/asciiHost.ts"

/** Something to probe. Names are resolved later. */
export type Wanted =
  | { readonly _tag: "Address"; readonly host: string; readonly port: number }
  | { readonly _tag: "Name"; readonly name: string; readonly port: number }

export interface Read {
  readonly wanted: ReadonlyArray<Wanted>
  /** Texts that are no target, with what was expected. */
  readonly problems: ReadonlyArray<string>
}

/** Most addresses of one command. */
export const MOST_ADDRESSES = 10_000

/** One target, in the order of what it can be: a network, an address, a name. */
export function targetOf(text: string, port: number): Read {
  const network = text.includes("/") ? networkOf(text, port) : undefined
  if (network !== undefined) return network
  const endpoint = parseEndpoint(text)
  if (endpoint !== undefined) return found({ _tag: "Address", host: endpoint.host, port: endpoint.port ?? port })
  const [, name = text, own] = /^([^:]+):(\d{1,5})$/.exec(text) ?? []
  const ascii = asciiHost(name)
  const fault = hostFault(ascii)
  if (fault !== undefined) return problem(`${JSON.stringify(text)} is no host, address or network: ${fault}`)
  const wanted = own === undefined ? port : Number(own)
  return wanted > 0 && wanted < 65_536
    ? found({ _tag: "Name", name: ascii, port: wanted })
    : problem(`${JSON.stringify(text)}: a port is a number from 1 to 65535`)
}

/** The targets in the text of a list: one a line, `#` begins a comment. */
export function listed(text: string, file: string, port: number): Read {
  const all = text.split(/\r?\n/).map((line) => line.replace(/#.*/, "").trim()).map((line, i) => {
    if (line === "") return { wanted: [], problems: [] }
    const { wanted, problems } = targetOf(line, port)
    return { wanted, problems: problems.map((one) => `${file}:${i + 1}: ${one}`) }
  })
  return joined(all)
}

export function joined(all: ReadonlyArray<Read>): Read {
  return { wanted: all.flatMap(({ wanted }) => wanted), problems: all.flatMap(({ problems }) => problems) }
}

/** A network may have a port behind it: `198.18.0.0/29:8443`. */
function networkOf(text: string, port: number): Read | undefined {
  const [, network = text, own] = /^(.*\/\d{1,3})(?::(\d{1,5}))?$/.exec(text) ?? []
  const addresses = expandNetwork(network, MOST_ADDRESSES)
  if (addresses === undefined) return undefined
  if (addresses.length > MOST_ADDRESSES) {
    return problem(`${text} has more than ${MOST_ADDRESSES} addresses: name a smaller network`)
  }
  return {
    wanted: addresses.map(({ host }) => ({ _tag: "Address", host, port: own === undefined ? port : Number(own) })),
    problems: []
  }
}

const found = (wanted: Wanted): Read => ({ wanted: [wanted], problems: [] })
const problem = (text: string): Read => ({ wanted: [], problems: [text] })
