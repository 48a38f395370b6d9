/** Upstreams that name their own listener as a candidate. One client would become thousands within seconds. */
import type { Address } from "../../core/model/Config.ts"
import { isLoopback } from "../../core/network.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { expandNetwork, parseEndpoint } from "../../core/schema/units.ts"
import { covers } from "../../plane/overlap.ts"
import type { Found, Path, Show } from "./Problem.ts"

export function loopsOf(file: ConfigFile, show: Show): ReadonlyArray<Found> {
  return file.listeners.flatMap(({ name, listen, upstream }, l) => {
    const own = file.upstreams[upstream]
    if (own === undefined || listen.port === 0) return []
    const lists: ReadonlyArray<readonly [Path, ReadonlyArray<string>]> = [
      [["upstreams", upstream, "candidates"], own.candidates],
      [["upstreams", upstream, "fallback"], own.fallback],
      ...Object.entries(file.builtin).filter(([name]) => name.toLowerCase() === own.host.toLowerCase())
        .map(([name, texts]) => [["builtin", name], texts] as const)
    ]
    return lists.flatMap(([list, texts]) =>
      texts.flatMap((text, i) => {
        const endpoint = parseEndpoint(text)
        const named = endpoint === undefined ? expandNetwork(text, file.probing.maxCandidates) ?? [] : [endpoint]
        if (!named.some(({ host, port = own.port }) => port === listen.port && leadsTo(listen, host))) return []
        const path = [...list, i]
        const message = `${show(path, text)} is listener ${name} itself, so clients would be forwarded in a loop: `
          + "take it out, or listen elsewhere"
        return [{ path, expected: "another address than the listener's", message, uses: [path, ["listeners", l, "listen"]] }]
      })
    )
  })
}

/** A listener on all addresses of this machine has the loopback addresses too. */
function leadsTo(listen: Address, host: string): boolean {
  return covers(listen.host, host) && (listen.host === host || isLoopback(host))
}
