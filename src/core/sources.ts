/**
 * Sources: which addresses each source names for an upstream.
 *
 * - user-static: the upstream's `candidates`.
 * - builtin: what ships with Fairlead or stands under `builtin`, for the upstream's `host`, at its port.
 * - fallback: the upstream's `fallback`.
 * - dns, history: named by events. Addresses stay named until a later event names others.
 *
 * A source that is switched off names no address. An address that several sources name has all of them. It is listed as long
 * as one of them is left.
 */
import * as Candidates from "./candidates.ts"
import type { Source, UpstreamId } from "./model/Candidate.ts"
import type { Address, Config, Sources } from "./model/Config.ts"
import type { State } from "./model/State.ts"
import * as Upstreams from "./upstreams.ts"

const SWITCHES: Readonly<Record<Source, keyof Sources>> = {
  "user-static": "userStatic",
  builtin: "builtin",
  history: "history",
  dns: "dns",
  fallback: "fallback"
}

/** The order in which sources are merged. An address of an earlier source stands earlier in the list. */
export const SOURCES = Object.keys(SWITCHES) as ReadonlyArray<Source>

export function mayName({ sources }: Config, source: Source): boolean {
  return sources[SWITCHES[source]]
}

export function namedBy(state: State, id: UpstreamId, source: Source): ReadonlyArray<Address> {
  const { config } = state
  const { removed, host, port, candidates, fallback } = Upstreams.configOf(state, id)
  if (removed || !mayName(config, source)) return []
  switch (source) {
    case "user-static":
      return candidates
    case "fallback":
      return fallback
    case "builtin":
      return (config.builtin.find((one) => one.host === host)?.addresses ?? []).map((host) => ({ host, port }))
    default:
      return stillNamed(state, id, source)
  }
}

/** The addresses that a source named by events still names. */
function stillNamed(state: State, id: UpstreamId, source: Source): ReadonlyArray<Address> {
  const listed = Upstreams.find(state, id)?.listed ?? []
  return Candidates.among(state, listed).filter(({ sources }) => sources.includes(source))
}
