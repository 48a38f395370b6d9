/** Renames the addresses and names in a line. All else stays, and the fields keep their order. */
import type { Candidate } from "../core/model/Candidate.ts"
import type { Access, Address, Config, Identity, UpstreamConfig } from "../core/model/Config.ts"
import type { Attempt, Event } from "../core/model/Event.ts"
import type { HistoryRecord, Remembered } from "../core/model/History.ts"
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
    case "HistoryLoaded":
      return { ...event, network: names.host(event.network), records: renamedRecords(event.records, names) }
    default:
      return event
  }
}

function renamedRemembered(remembered: Remembered, names: Renaming): Remembered {
  const { network, records } = remembered
  return { ...remembered, network: names.host(network), records: renamedRecords(records, names) }
}

/** The tag of a network is a digest of so little data that it reveals the network. */
function renamedRecords(records: ReadonlyArray<HistoryRecord>, names: Renaming): ReadonlyArray<HistoryRecord> {
  return records.map((one) => ({
    ...one,
    host: names.host(one.host),
    ...(one.upstream === undefined ? {} : { upstream: names.label(one.upstream) }),
    address: names.host(one.address),
    ...(one.network === undefined ? {} : { network: names.host(one.network) })
  }))
}

export function renamedConfig(config: Config, names: Renaming): Config {
  const upstreams = config.upstreams.map((one) => renamedPlace(one, names))
  const template = renamedPlace(config.template, names)
  const access = renamedAccess(config.access, names)
  const connectivity = config.outage.connectivity.map((address) => renamedAddress(address, names))
  const outage = { ...config.outage, connectivity }
  return { ...config, upstreams, template, builtin: names.builtin(config.builtin), access, outage }
}

function renamedAccess({ allow, deny }: Access, names: Renaming): Access {
  return { allow: names.networks(allow), deny: names.networks(deny) }
}

function renamedPlace(one: UpstreamConfig, names: Renaming): UpstreamConfig {
  return {
    ...one,
    name: names.label(one.name),
    host: names.host(one.host),
    dns: { ...one.dns, servers: one.dns.servers.map(names.text) },
    candidates: one.candidates.map((address) => renamedAddress(address, names)),
    fallback: one.fallback.map((address) => renamedAddress(address, names)),
    ...(one.access === undefined ? {} : { access: renamedAccess(one.access, names) }),
    identity: one.identity === null ? null : renamedIdentity(one.identity, names),
    ca: names.host(one.ca),
    // A pin is public, and so is the server that it belongs to.
    tls: { ...one.tls, coverName: names.host(one.tls.coverName), pins: one.tls.pins.map(names.host) }
  }
}

/** With an authority's certificate at hand, the digest would reveal its owner. */
function renamedIdentity(identity: Identity, names: Renaming): Identity {
  return { ...identity, servername: names.host(identity.servername), ca: names.host(identity.ca) }
}

function renamedAddress(address: Address, names: Renaming): Address {
  return { ...address, host: names.host(address.host) }
}

/** Any line except an entry. */
export function renamedLine<L extends Telling | Footer>(line: L, names: Renaming): L
export function renamedLine(line: Telling | Footer, names: Renaming): Telling | Footer {
  switch (line.kind) {
    case "header": {
      const { head } = line
      const inFlight = head.probing.inFlight.map((one) => ({ ...one, host: names.host(one.host) }))
      return {
        ...line,
        config: renamedConfig(unpacked(line.config), names),
        head: { ...head, probing: { ...head.probing, inFlight }, remembered: renamedRemembered(head.remembered, names) }
      }
    }
    case "upstreams":
      return { ...line, items: line.items.map((one) => renamedUpstream(one, names)) }
    case "candidates":
      return { ...line, items: line.items.map((one) => one === null ? null : renamedCandidate(one, names)) }
    case "gap":
      return line.culprit === undefined ? line : { ...line, culprit: renamedCulprit(line.culprit, names) }
    case "footer":
      return line
  }
}

function renamedUpstream(upstream: Upstream, names: Renaming): Upstream {
  const refused = upstream.refused.map((one) => ({ ...one, hosts: one.hosts.map(names.host) }))
  return { ...upstream, name: names.label(upstream.name), refused }
}

function renamedCandidate(candidate: Candidate, names: Renaming): Candidate {
  return { ...candidate, host: names.host(candidate.host) }
}

/** An entry that cannot be read could contain anything, so it is left out. */
function renamedCulprit({ entryBody, message }: Culprit, names: Renaming): Culprit {
  try {
    const { seq, at, event } = decodeEntry(JSON.parse(`${entryBody}}`))
    const renamed = JSON.stringify({ seq, at, event: renamedEvent(event, names) }).slice(0, -1)
    return { entryBody: renamed, message: names.text(message) }
  } catch {
    return { entryBody: "", message: `${names.text(message)} (its entry cannot be read and was left out)` }
  }
}
