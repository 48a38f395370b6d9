/**
 * Search: what clients get while no address of a long list has answered yet.
 *
 * Probes have a budget, and the head of a list may be dark. A client that waits for probes, or dials the head, waits long.
 * So clients report that they came (needsDiscovery.ts), and one race after the other goes through the unknown addresses, for
 * all clients together.
 *
 * - Races begin at the end of the list, because probes begin at its head. Each race begins where the one before it stopped.
 * - A race dials `raceAddresses` at once and waits for 125 ms, twice as long with each time around. Silence in it is a short
 *   try (rules/brief.ts). The first answer serves.
 * - A preheated upstream is searched if its list is longer than `maxParallel`: a shorter list is probed all at once.
 * - An on-demand upstream is searched if its list is longer than `raceAddresses`: a shorter list races as a whole.
 * - There is no search with a name, a fallback list, or an address that served before.
 * - A search lasts `singleFlightTimeout` from the last report of a client. Then clients go down the ladder for `retryAfter`.
 */
import * as Candidates from "./candidates.ts"
import { backoffMs } from "./math/backoff.ts"
import type { Candidate } from "./model/Candidate.ts"
import type { DialPlan } from "./model/Routes.ts"
import type { State } from "./model/State.ts"
import type { Upstream } from "./model/Upstream.ts"
import * as Upstreams from "./upstreams.ts"

const FIRST_MS = 125
/** One race looks at so many addresses of a list at most. */
const MOST_LOOKED = 1024

/** Whether clients cause a search of the upstream's list. */
export function isSearched(state: State, upstream: Upstream): boolean {
  const { listed, fallback, stale, priors, unsampled, heardAtUs } = upstream
  if (heardAtUs >= 0 || unsampled === 0 || fallback.length + stale.length + priors.length > 0) return false
  const { host, identity, preheat } = Upstreams.configOf(state, upstream.id)
  const { probing, onDemand } = state.config
  const least = preheat ? probing.maxParallel : onDemand.raceAddresses
  return host === "" && identity === null && listed.length > least
}

export interface Search {
  readonly plan: DialPlan
  /** How far the list is searched after this race. */
  readonly searched: number
}

/** The next race of a search. */
export function searchOf(state: State, { id, listed, searched }: Upstream): Search {
  const { dial } = Upstreams.configOf(state, id)
  const { raceAddresses } = state.config.onDemand
  const found: Array<Candidate> = []
  const most = Math.min(listed.length, MOST_LOOKED)
  let looked = 0
  while (looked < most && found.length < raceAddresses) {
    const index = (searched + looked++) % listed.length
    const candidate = Candidates.find(state, listed[listed.length - 1 - index])
    if (candidate !== undefined && isUnknown(candidate)) found.push(candidate)
  }
  const attempts = found.map(({ id: candidate, host, port, briefs }) => {
    const timeoutMs = backoffMs(briefs, FIRST_MS, dial.timeoutMs)
    return { candidate, host, port, startAfterMs: 0, timeoutMs, suspectAfterMs: timeoutMs }
  })
  return { plan: { attempts, deadlineMs: dial.deadlineMs }, searched: (searched + looked) % listed.length }
}

/** Whether it has no sample, and no probe is under way. */
function isUnknown({ lastSampleAtUs, probe, breaker }: Candidate): boolean {
  return lastSampleAtUs < 0 && probe === 0 && breaker.state === "closed"
}
