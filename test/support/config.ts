/** A core configuration with the defaults of the file's keys, which each test changes as it needs. */
import * as Schema from "effect/Schema"
import { coreOf } from "../../src/apps/config/coreOf.ts"
import { fillDefaults } from "../../src/apps/config/schemaKeys.ts"
import type { Address, Config, UpstreamConfig } from "../../src/core/model/Config.ts"
import { ConfigFile } from "../../src/core/schema/ConfigFile.ts"

/** Without upstreams. */
export const configDefaults: Config = coreOf(emptyFile(), () => [], [])

function emptyFile(): ConfigFile {
  const file = {}
  fillDefaults(ConfigFile.ast, file)
  return Schema.decodeUnknownSync(ConfigFile)(file)
}

export const upstreamDefaults: UpstreamConfig = { ...configDefaults.template, name: "web", preheat: true }
export const onDemandDefaults: Config["onDemand"] = configDefaults.onDemand

export type UpstreamChanges = { readonly [K in keyof UpstreamConfig]?: Partial<UpstreamConfig[K]> | UpstreamConfig[K] }

/** One upstream with some of its sections changed. */
export function upstreamWith(changes: UpstreamChanges): UpstreamConfig {
  const merged: Record<string, unknown> = { ...upstreamDefaults }
  for (const [key, value] of Object.entries(changes)) {
    const base = merged[key]
    const isSection = typeof base === "object" && base !== null && !Array.isArray(base)
    merged[key] = isSection ? { ...base, ...(value as object) } : value
  }
  return merged as unknown as UpstreamConfig
}

export function configWith(upstreams: ReadonlyArray<UpstreamChanges>, probing: Partial<Config["probing"]> = {}): Config {
  return {
    ...configDefaults,
    upstreams: upstreams.map(upstreamWith),
    probing: { ...configDefaults.probing, ...probing }
  }
}

/** `count` addresses of the range that is reserved for benchmarks. */
export function addresses(count: number): ReadonlyArray<Address> {
  return Array.from({ length: count }, (_, i) => ({ host: `198.18.${Math.floor(i / 250)}.${(i % 250) + 1}`, port: 443 }))
}

/** How a dial plan resolves a name. */
export const resolveLimits = {
  timeoutMs: 500,
  raceDelayMs: 100,
  most: 3,
  maxAnswers: 256,
  servers: [],
  access: { allow: [], deny: [] }
}
