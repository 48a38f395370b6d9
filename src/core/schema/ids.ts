/** How events name candidates, upstreams and what can stand where a candidate may, as Effect schemas. */
import * as Schema from "effect/Schema"

export const CandidateId = Schema.Int
export type CandidateId = typeof CandidateId.Type

export const UpstreamId = Schema.Int
export type UpstreamId = typeof UpstreamId.Type

/** What a client is connected to: a candidate, or a system address. That is none: the resolver gave it on the last resort. */
export const Endpoint = Schema.Union([CandidateId, Schema.Literal("system")])
export type Endpoint = typeof Endpoint.Type

/** What is probed: a candidate, or a reference, an address that shows whether the network works at all. */
export const ProbeTarget = Schema.Union([CandidateId, Schema.Literal("reference")])
export type ProbeTarget = typeof ProbeTarget.Type

export const CandidateOrNone = Schema.Union([CandidateId, Schema.Literal("none")])
