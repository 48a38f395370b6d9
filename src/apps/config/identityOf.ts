/** What the candidates of an upstream have to prove: from its name, its port and `probing.mode`. */
import * as path from "node:path"
import type { Identity } from "../../core/model/Config.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { parseEndpoint } from "../../core/schema/units.ts"
import type { Found } from "./Problem.ts"

type UpstreamFile = ConfigFile["upstreams"][string]

/** `ca` is the path of the file until it is read (authorities.ts): a path is trusted by nobody. */
export function identityOf({ host, port, probing, caFile }: UpstreamFile): Identity | null {
  if (!isName(host) || probing.mode === "tcp" || (probing.mode === "auto" && (port ?? 443) !== 443)) return null
  // A certificate never has the dot at the end that a name may have.
  return { servername: host.replace(/\.$/, ""), ca: caFile === "" ? "" : path.resolve(caFile) }
}

/** Mode tls without a name that a certificate could be for. */
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

/** Authorities that nobody is asked by. */
export function unusedAuthorities(file: ConfigFile): ReadonlyArray<Found> {
  return Object.entries(file.upstreams).flatMap(([name, upstream]) => {
    if (upstream.caFile === "" || identityOf(upstream) !== null) return []
    const message =
      "has no effect: candidates are checked with probing.mode tls and a host, or mode auto, a host and port 443"
    return [{ path: ["upstreams", name, "caFile"], expected: "an upstream whose candidates are checked", message }]
  })
}

/** An address is nobody's name. */
function isName(host: string): boolean {
  return host !== "" && parseEndpoint(host) === undefined
}
