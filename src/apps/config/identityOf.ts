/** What the candidates of an upstream have to prove, from its host, its port and `probing.mode`. */
import * as path from "node:path"
import type { Identity } from "../../core/model/Config.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { parseEndpoint } from "../../core/schema/units.ts"
import type { Found } from "./Problem.ts"

type UpstreamFile = ConfigFile["upstreams"][string]

/** `ca` is the path of the file until authorities.ts has read it. A path is trusted by no check. */
export function identityOf({ host, port, probing, caFile, proxyProtocol, tls }: UpstreamFile): Identity | null {
  if (!isName(host) || probing.mode === "tcp") return null
  // A proof sends the real name in SNI. A program that hides it checks the certificate of each connection by itself.
  if (probing.mode === "auto" && ((port ?? 443) !== 443 || tls.chain.includes("cover"))) return null
  // A name may end in a dot, and a certificate never does.
  return { servername: host.replace(/\.$/, ""), ca: caOf({ caFile }), ...headerOf(proxyProtocol) }
}

export function caOf({ caFile }: Pick<UpstreamFile, "caFile">): string {
  return caFile === "" ? "" : path.resolve(caFile)
}

/** The PROXY header as the core has it. */
export function headerOf(version: UpstreamFile["proxyProtocol"]): { readonly header?: "v1" | "v2" } {
  return version === "off" ? {} : { header: version }
}

/** Upstreams with mode tls and no host that a certificate could be for. */
export function nameless(file: ConfigFile): ReadonlyArray<Found> {
  return Object.entries(file.upstreams).flatMap(([name, { host, probing }]) => {
    if (probing.mode !== "tls" || isName(host)) return []
    const at = ["upstreams", name]
    return [{
      path: [...at, "host"],
      expected: "a name",
      message: "probing.mode tls needs the name that certificates are for: set host to it, or mode to auto or tcp",
      uses: [[...at, "host"], [...at, "probing", "mode"], ["probing", "mode"]]
    }]
  })
}

/**
 * Certificate files without a check that uses them. That is a mistake where the author relies on one, and none where
 * `probing.mode: tcp` turns checks off. A program that embeds Fairlead checks its own connections with them.
 */
export function unusedAuthorities(file: ConfigFile, reliedUpon: boolean, embedded: boolean): ReadonlyArray<Found> {
  return Object.entries(file.upstreams).flatMap(([name, upstream]) => {
    if (upstream.caFile === "" || identityOf(upstream) !== null || (embedded && upstream.host !== "")) return []
    if (reliedUpon !== (upstream.probing.mode !== "tcp")) return []
    const message = reliedUpon
      ? "would check no candidate: a check needs a host, and port 443 or probing.mode tls; set these, or take it out"
      : "has no effect, as probing.mode tcp checks no candidate"
    const at = ["upstreams", name]
    const uses = [[...at, "caFile"], [...at, "host"], [...at, "port"], [...at, "probing", "mode"], ["probing", "mode"]]
    return [{ path: [...at, "caFile"], expected: "an upstream that checks its candidates", message, uses }]
  })
}

/** An address is no name. */
function isName(host: string): boolean {
  return host !== "" && parseEndpoint(host) === undefined
}
