/** The slots that the upstreams of a new configuration get. */
import { describe, expect, it } from "vitest"
import { arrange, removedFrom } from "../../src/core/arrange.ts"
import { demanded } from "../../src/core/demanded.ts"
import type { Config, UpstreamConfig } from "../../src/core/model/Config.ts"
import { configWith } from "../support/config.ts"

const empty = configWith([])
const [web] = configWith([{ name: "web", host: "a.example", port: 443 }]).upstreams as [UpstreamConfig]
const onDemand = demanded(empty, { name: "on-demand", host: "a.example", port: 443 })
const next: Config = { ...empty, upstreams: [web] }
const named = ({ upstreams }: Config) => upstreams.map(({ name, removed }) => removed ? `${name}, removed` : name)

describe("a name that comes back while its slot still drains", () => {
  it.each([
    ["above", [removedFrom(web), onDemand], ["web", "on-demand, removed"]],
    ["below", [onDemand, removedFrom(web)], ["on-demand, removed", "web"]]
  ])("gets its slot again, also when a host on demand in a slot %s has its host and port", (_where, upstreams, expected) => {
    const arranged = arrange({ ...empty, upstreams }, next)
    expect(named(arranged)).toEqual(expected)
    expect(arrange(arranged, next)).toEqual(arranged)
  })
})
