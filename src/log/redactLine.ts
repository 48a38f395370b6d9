/** What a line tells of addresses and names, renamed; everything else of it is the same, fields in the same order. */
import type { Candidate } from "../core/model/Candidate.ts"
import type { Address, Config } from "../core/model/Config.ts"
import type { Attempt, Event } from "../core/model/Event.ts"
import type { Upstream } from "../core/model/Upstream.ts"
import { decodeEntry } from "../core/schema/Event.ts"
import type { Renaming } from "./redactNames.ts"
import { unpacked } from "./sparse.ts"
import type { CandidatesLine, Footer, Gap, Header, UpstreamsLine } from "./Segment.ts"

type Culprit = NonNullable<Gap["culprit"]>
type Telling = Header | UpstreamsLine | CandidatesLine | Gap

export function renamedEvent(event: Event, names: Renaming): Event {
  switch (event._tag) {
    case "ClientAccepted": {
      const renamed = (attempt: Attempt): Attempt =>
        attempt.host === undefined ? attempt : { ...attempt, host: names.host(attempt.host) }
      return { ...event, listener: names.label(event.listener), tried: event.tried.map(renamed) }
    }
    case "Resolved":
      return { ...event, addresses: event.addresses.map(names.host) }
    case "ResolveFailed":
      return { ...event, reason: names.text(event.reason) }
    case "DomainRequested":
      return { ...event, host: names.host(event.host) }
    case "Raced":
      return event
    case "ConfigChanged":
      return { ...event, config: renamedConfig(event.config, names) }
    default:
      return event
  }
}

export function renamedConfig(config: Config, names: Renaming): Config {
  const upstreams = config.upstreams.map((one) => ({
    ...one,
    name: names.label(one.name),
    host: names.host(one.host),
    candidates: one.candidates.map((address) => renamedAddress(address, names)),
    fallback: one.fallback.map((address) => renamedAddress(address, names))
  }))
  return { ...config, upstreams }
}

function renamedAddress(address: Address, names: Renaming): Address {
  return { ...address, host: names.host(address.host) }
}

/** Any line but an entry. */
export function renamedLine<L extends Telling | Footer>(line: L, names: Renaming): L
export function renamedLine(line: Telling | Footer, names: Renaming): Telling | Footer {
  switch (line.kind) {
    case "header": {
      const { head } = line
      const inFlight = head.probing.inFlight.map((one) => ({ ...one, host: names.host(one.host) }))
      return {
        ...line,
        config: renamedConfig(unpacked(line.config), names),
        head: { ...head, probing: { ...head.probing, inFlight } }
      }
    }
    case "upstreams":
      return { ...line, items: line.items.map((one): Upstream => ({ ...one, name: names.label(one.name) })) }
    case "candidates":
      return { ...line, items: line.items.map((one) => one === null ? null : renamedCandidate(one, names)) }
    case "gap":
      return line.culprit === undefined ? line : { ...line, culprit: renamedCulprit(line.culprit, names) }
    case "footer":
      return line
  }
}

function renamedCandidate(candidate: Candidate, names: Renaming): Candidate {
  return { ...candidate, host: names.host(candidate.host) }
}

/** An entry that cannot be read could tell anything: it is left out. */
function renamedCulprit({ entryBody, message }: Culprit, names: Renaming): Culprit {
  try {
    const { seq, at, event } = decodeEntry(JSON.parse(`${entryBody}}`))
    const renamed = JSON.stringify({ seq, at, event: renamedEvent(event, names) }).slice(0, -1)
    return { entryBody: renamed, message: names.text(message) }
  } catch {
    return { entryBody: "", message: `${names.text(message)} (its entry cannot be read and was left out)` }
  }
}
