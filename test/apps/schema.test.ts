/** The JSON Schema accepts and refuses the same files as `parse`, as far as single values can tell. */
import { assert, describe, it } from "vitest"
import { parse as parseYaml } from "yaml"
import { initText } from "../../src/apps/config/initText.ts"
import { jsonSchema } from "../../src/apps/config/jsonSchema.ts"
import { parse } from "../../src/apps/config/parse.ts"
import { ConfigFile } from "../../src/core/schema/ConfigFile.ts"
import { command } from "../support/command.ts"
import { violations } from "../support/conforms.ts"

type Json = { [key: string]: unknown }

const schema = jsonSchema(ConfigFile.ast) as Json
const base = (): Json => ({
  listeners: [{ name: "web", listen: "127.0.0.1:1234", upstream: "web" }],
  upstreams: { web: { port: 443, candidates: ["198.18.0.1"] } }
})

/** The keys of the contract's file that exist. */
const WHOLE = `
listeners:
  - { name: web, protocol: tcp, listen: "127.0.0.1:1234", upstream: web, maxConnections: 10000 }
upstreams:
  web:
    host: example.com
    port: 443
    candidates: ["198.18.0.11", "198.18.0.12:8443", "[2001:db8::1]:443", "198.18.0.0/29"]
    probing: { interval: 5s }
    attempts: 3
    pool: { mode: fixed }
dns: { servers: [], refresh: 5m, timeout: 3s }
probing: { interval: 10s, timeout: 2s, challengers: 8, candidatesPerRound: 16, maxParallel: 16, perHost: 2, ratePerSecond: 50, maxCandidates: 10000 }
scoring: { decay: 3s, jitterDecay: 5m, jitterWeight: 0.25, successExponent: 1, failurePenalty: 100ms, historyReward: 5ms, neutral: 100ms, reference: 100ms, successWindow: 5m, minPlausibleRtt: 0ms }
selector: { evaluationInterval: 1s, activeSetSize: 3, minScore: 5, switching: { margin: 20ms, marginPercent: 50, hold: 30s, confirmations: 2, swapsPerEvaluation: 1 } }
balancing: { policy: leastConnections, tolerance: 5ms, tolerancePercent: 10 }
attempts: 2
dial: { timeout: 3s, raceDelay: 250ms, deadline: 10s }
pool: { mode: dynamic, size: 8, min: 1, max: 64, headroom: 1.5, maxAge: auto, connectsPerSecond: 20, idleAfter: 60s, total: 1024 }
breaker: { enabled: true, failureThreshold: 5, failureRateThreshold: 0.5, window: 60s, minSamples: 5, cooldown: 30s, timeoutCooldown: 3m, maxCooldown: 5m, ramp: 30s }
session: { idle: 1h, halfClose: 60s, keepAlive: 15s, stall: 10s }
cache: { scoreTtl: 5m, staleFor: 24h }
eventLog: { path: auto, segmentBytes: 64MiB, segments: 8, maxAge: 7d }
telemetry: { otlp: { endpoint: "", sampleRatio: 1 }, metrics: true }
admin: { listen: "127.0.0.1:9099", hosts: [localhost, 127.0.0.1], token: "" }
log: { level: info, format: text, output: stderr }
privacy: { addresses: redacted }
limits: { mailbox: 65536, adminClients: 16 }
shutdown: { drain: 30s }
`

describe("the JSON Schema", () => {
  it("is what `fairlead schema` prints", async () => {
    assert.deepEqual(JSON.parse((await command(["schema"])).stdout), schema)
  })

  it.each([["init's file", initText(ConfigFile.ast)], ["the whole file", WHOLE], [
    "the smallest file",
    JSON.stringify(base())
  ]])(
    "accepts %s, as `parse` does",
    (_name, text) => {
      assert.deepEqual(violations(schema, parseYaml(text)), [])
      assert.deepEqual(parse(text).problems, [])
    }
  )

  it("accepts what `fairlead check` prints", () => {
    assert.deepEqual(violations(schema, parse(WHOLE).effective), [])
  })

  it.each<[string, (file: Json) => void]>([
    ["an unknown key", (file) => (file["prob"] = {})],
    ["an unknown key of a section", (file) => (file["dns"] = { server: [] })],
    [
      "a general limit in an upstream",
      (file) => ((file["upstreams"] as Json)["web"] = { port: 1, probing: { perHost: 2 } })
    ],
    ["a number out of range", (file) => (file["attempts"] = 0)],
    ["a fraction for a whole number", (file) => (file["attempts"] = 1.5)],
    ["a duration without a unit", (file) => (file["session"] = { idle: 5 })],
    ["an invalid duration", (file) => (file["session"] = { idle: "soon" })],
    ["an invalid size", (file) => (file["eventLog"] = { segmentBytes: "64MB" })],
    ["an unknown choice", (file) => (file["balancing"] = { policy: "best" })],
    ["text for a boolean", (file) => (file["breaker"] = { enabled: "yes" })],
    ["an address without a port", (file) => (file["admin"] = { listen: "127.0.0.1" })],
    ["a token with spaces", (file) => (file["admin"] = { token: "a b" })],
    ["an endpoint with a user", (file) => (file["telemetry"] = { otlp: { endpoint: "http://a:b@c" } })],
    ["a listener without a name", (file) => (file["listeners"] = [{ listen: "127.0.0.1:1", upstream: "web" }])],
    ["a candidate that is a name", (file) => ((file["upstreams"] as Json)["web"] = { port: 1, candidates: ["example"] })],
    ["a list for a section", (file) => (file["dns"] = [])]
  ])("refuses %s, as `parse` does", (_name, spoil) => {
    const file = base()
    spoil(file)
    assert.isNotEmpty(violations(schema, file))
    assert.isNotEmpty(parse(JSON.stringify(file)).problems)
  })

  it("accepts a variable of the environment in place of a value", () => {
    const text = JSON.stringify({
      ...base(),
      attempts: "${N}",
      breaker: { enabled: "${ON:-true}" },
      session: { idle: "${D}" }
    })
    assert.deepEqual(violations(schema, JSON.parse(text)), [])
    assert.deepEqual(parse(text, { N: "3", D: "5m" }).problems, [])
  })

  it("has a description of every key, and a valid default of every key that is not required", () => {
    const { settings } = parse(JSON.stringify(base()))
    assert.isDefined(settings)
    const bare = keysOf(schema, "").filter(({ schema }) => typeof schema["description"] !== "string")
    assert.deepEqual(bare.map(({ path }) => path), [])
    const required = ["name", "listen", "upstream", "port"]
    for (const { path, schema: own } of keysOf(schema, "")) {
      const last = path.split(".").at(-1) ?? ""
      if (own["default"] === undefined) assert.include(required, last, path)
      else assert.deepEqual(violations({ ...own, definitions: schema["definitions"] }, own["default"]), [], path)
    }
  })
})

/** Every key that holds a value. */
function keysOf(schema: Json, path: string): ReadonlyArray<{ readonly path: string; readonly schema: Json }> {
  const inner = [schema["items"], schema["additionalProperties"]].filter((one) => typeof one === "object") as Array<Json>
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, Json>)
  return [
    ...inner.flatMap((one) => keysOf(one, `${path}[]`)),
    ...properties.flatMap(([name, own]) => {
      const here = `${path}.${name}`
      return own["properties"] === undefined ? [{ path: here, schema: own }, ...keysOf(own, here)] : keysOf(own, here)
    })
  ]
}
