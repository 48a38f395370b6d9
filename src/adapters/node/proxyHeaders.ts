/** PROXY headers that candidates get: with the client's ends, or for this service itself. */
import type { Address } from "../../core/model/Config.ts"
import { writeV1 } from "../../ingress/proxyV1.ts"
import { writeV2, writeV2Local } from "../../ingress/proxyV2.ts"

export type Version = "v1" | "v2"

interface ClientEnds {
  readonly source: Address
  readonly destination: Address
}

export function headerFor(version: Version, { source, destination }: ClientEnds): Uint8Array {
  if (source.host === "" || destination.host === "") return ownHeader(version)
  return version === "v1" ? writeV1(source, destination) : writeV2(source, destination)
}

/** For probes, and for connections of the program itself. */
export function ownHeader(version: Version): Uint8Array {
  return version === "v1" ? writeV1() : writeV2Local()
}
