/** What the core gets of a decoded and checked file. Where a table has the keys of a section, it has the way to the core too. */
import { demanded } from "../../core/demanded.ts"
import type { Address, Config, UpstreamConfig } from "../../core/model/Config.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import * as Limits from "../../core/schema/limits.ts"
import * as Names from "../../core/schema/names.ts"
import { ladder, proof, rates, sections } from "../../core/schema/sections.ts"
import { valuesOf } from "../../core/schema/tables.ts"
import { parseDomain, parseEndpoint } from "../../core/schema/units.ts"
import { PRIVATE_NETWORKS } from "../../ingress/privateNetworks.ts"
import type { AddressList } from "./addressesOf.ts"
import { headerOf, identityOf } from "./identityOf.ts"
import { isGuarded } from "./listenersOf.ts"

type UpstreamFile = ConfigFile["upstreams"][string]

/** The expanded list of an upstream. */
export type Addresses = (upstream: string, list: AddressList) => ReadonlyArray<Address>

export function coreOf(file: ConfigFile, addresses: Addresses, builtin: Config["builtin"]): Config {
  const names = Object.keys(file.upstreams)
  const access = valuesOf(Names.access, file.access)
  const general = upstreamOf(file, "", generalOf(file), () => [])
  const template = isGuarded(file) ? { ...general, access: publicOnly(access) } : general
  const { cache, probing } = file
  const onDemand = {
    ...valuesOf(Limits.onDemand, file.onDemand),
    ...valuesOf(Limits.pruning, cache),
    ...valuesOf(proof, probing)
  }
  return {
    enabled: file.enabled,
    upstreams: [
      ...names.map((name) => upstreamOf(file, name, file.upstreams[name] as UpstreamFile, addresses)),
      // Like a host on demand, and preheated.
      ...file.preheatDomains.map((name) => {
        const { host, port } = parseDomain(name) as Address
        return { ...demanded({ template: general, onDemand }, { host, port, name }), preheat: true, onDemand: false }
      })
    ],
    probing: valuesOf(rates, probing),
    maxCandidates: probing.maxCandidates,
    poolTotal: file.pool.total,
    sources: valuesOf(Names.sources, file.sources),
    builtin,
    access,
    history: valuesOf(Limits.history, file.history),
    outage: { connectivity: probing.connectivity.map(referenceOf), timeoutMs: probing.timeout },
    autoDisable: { ...valuesOf(Limits.autoDisable, file.autoDisable), roundMs: probing.interval },
    onDemand,
    template
  }
}

function publicOnly({ allow, deny }: Config["access"]): Config["access"] {
  return { allow, deny: [...deny, ...PRIVATE_NETWORKS] }
}

/** The schema admits only texts that can be parsed. */
function referenceOf(text: string): Address {
  const { host, port } = parseEndpoint(text) ?? { host: text, port: undefined }
  return { host, port: port ?? 443 }
}

/** The general sections as an upstream of their own. */
function generalOf(file: ConfigFile): UpstreamFile {
  return { ...file, host: "", candidates: [], fallback: [], caFile: "", bypass: false, preheat: false, proxyProtocol: "off" }
}

function upstreamOf(file: ConfigFile, name: string, own: UpstreamFile, addresses: Addresses): UpstreamConfig {
  const { cache } = file
  return {
    name,
    removed: false,
    bypass: own.bypass,
    host: own.host.toLowerCase(),
    port: own.port ?? 443,
    candidates: addresses(name, "candidates"),
    fallback: addresses(name, "fallback"),
    ...valuesOf(sections, own),
    dns: valuesOf(Names.dns, file.dns),
    ...valuesOf(ladder, own),
    ...valuesOf(Limits.expiry, { ...cache, scoreTtl: Math.max(cache.scoreTtl, cache.minTtl) }),
    identity: identityOf(own),
    ca: own.caFile,
    preheat: own.preheat,
    ...headerOf(own.proxyProtocol),
    onDemand: false
  }
}
