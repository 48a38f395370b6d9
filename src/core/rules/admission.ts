/**
 * Admission: an address that `access` refuses stays outside, whichever source names it, and a fact tells of it.
 *
 * - There is one fact for each set of refused addresses. While a source names the same addresses, nothing is told
 *   again.
 * - Only the first `MOST` addresses are remembered and named. A larger set that changes behind those is told when its
 *   size changes.
 * - Clients of the last resort see the addresses of a name in pieces. So each new address is told there.
 */
import { accessFor, refusalOf } from "../access.ts"
import type { Source, UpstreamId } from "../model/Candidate.ts"
import type { Address } from "../model/Config.ts"
import type { Refusal } from "../model/Decision.ts"
import type { Event } from "../model/Event.ts"
import type { State } from "../model/State.ts"
import type { Step } from "../model/Step.ts"
import type { Refused, Upstream } from "../model/Upstream.ts"
import { decide } from "../requests.ts"
import { withRefused } from "../upstream/list.ts"
import * as Upstreams from "../upstreams.ts"

const MOST = 16

export interface Screened {
  readonly state: State
  readonly admitted: ReadonlyArray<Address>
}

export function screen(
  state: State,
  step: Step,
  id: UpstreamId,
  source: Source,
  addresses: ReadonlyArray<Address>
): Screened {
  const access = accessFor(state.config, Upstreams.configOf(state, id))
  const refused: Array<Refusal> = []
  const admitted = addresses.filter(({ host }) => {
    const refusal = refusalOf(access, host)
    if (refusal !== undefined) refused.push(refusal)
    return refusal === undefined
  })
  const before = refusedBy(state, id, source)
  const hosts = new Set(refused.map(({ host }) => host))
  const same = before === undefined
    ? refused.length === 0
    : before.count === refused.length && before.hosts.every((host) => hosts.has(host))
  return { state: same ? state : told(state, step, id, source, refused, refused), admitted }
}

/** Tells which addresses clients were refused on the last resort. */
export function refusedToClients(state: State, step: Step, event: Event): State {
  if (event._tag !== "ClientAccepted" || event.tried.every(({ outcome }) => outcome !== "denied")) return state
  const known = refusedBy(state, event.upstream, "last-resort")?.hosts ?? []
  const access = accessFor(state.config, Upstreams.configOf(state, event.upstream))
  const refused = event.tried.flatMap(({ host = "", outcome }) => {
    const refusal = outcome === "denied" && !known.includes(host) ? refusalOf(access, host) : undefined
    return refusal === undefined ? [] : [refusal]
  })
  if (refused.length === 0) return state
  const all = [...refused, ...known.map((host) => ({ host }))].slice(0, MOST)
  return told(state, step, event.upstream, "last-resort", refused, all)
}

function refusedBy(state: State, id: UpstreamId, source: Refused["source"]): Refused | undefined {
  return Upstreams.find(state, id)?.refused.find((one) => one.source === source)
}

/** Tells of `refused`, and remembers `all`. */
function told(
  state: State,
  step: Step,
  id: UpstreamId,
  source: Refused["source"],
  refused: ReadonlyArray<Refusal>,
  all: ReadonlyArray<Pick<Refusal, "host">>
): State {
  const count = refused.length
  if (count > 0) {
    decide(step, { _tag: "AddressesRefused", upstream: id, source, count, refused: refused.slice(0, MOST) })
  }
  const upstream = Upstreams.find(state, id) as Upstream
  const others = upstream.refused.filter((one) => one.source !== source)
  const hosts = all.slice(0, MOST).map(({ host }) => host)
  const told = all.length === 0 ? others : [...others, { source, count: all.length, hosts }]
  return Upstreams.replace(state, upstream, withRefused(upstream, told))
}
