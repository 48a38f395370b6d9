/** The configuration's types, which follow from its schema (schema/Config.ts). */
import type { Config, UpstreamConfig } from "../schema/Config.ts"

export type { Config, UpstreamConfig } from "../schema/Config.ts"
export type { Address, Network } from "../schema/values.ts"

export type Access = Config["access"]
export type BuiltinName = Config["builtin"][number]
export type OnDemand = Config["onDemand"]
export type ProbingBudget = Config["probing"]
export type Sources = Config["sources"]

export type Balancing = UpstreamConfig["balancing"]
export type Affinity = Balancing["affinity"]
export type BalancingPolicy = Balancing["policy"]
export type Breaker = UpstreamConfig["breaker"]
export type Identity = NonNullable<UpstreamConfig["identity"]>
export type Pool = UpstreamConfig["pool"]
export type Scoring = UpstreamConfig["scoring"]
/** Of the clients of an upstream, with the PROXY header that its candidates get first. */
export type Session = UpstreamConfig["session"] & Pick<UpstreamConfig, "header">
export type StagedTls = UpstreamConfig["tls"]
export type Switching = UpstreamConfig["selector"]["switching"]
