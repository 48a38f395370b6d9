/** Both sides of a limit, and the limit itself: mutation testing found that other tests stay away from these (docs/reliability.md). */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { hostFault } from "../../src/core/hostName.ts"
import { add, addPeak, empty } from "../../src/core/math/Ewma.ts"
import * as Lifetime from "../../src/core/math/Lifetime.ts"
import { parseNetwork } from "../../src/core/schema/network.ts"
import { OtlpEndpoint, parseDomain, parseEndpoint } from "../../src/core/schema/units.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import { addresses, configWith } from "../support/config.ts"

describe("texts of the configuration", () => {
  it("name ports from 1 to 65535, beside an address and beside a host", () => {
    for (const port of [1, 65_535]) {
      expect(parseEndpoint(`198.18.0.1:${port}`)?.port).toBe(port)
      expect(parseDomain(`a.example:${port}`)).toEqual({ host: "a.example", port })
    }
    for (const port of [0, 65_536]) {
      expect(parseEndpoint(`198.18.0.1:${port}`)).toBeUndefined()
      expect(parseDomain(`a.example:${port}`)).toBeUndefined()
    }
  })

  it("name a host with or without a port, and nothing else beside it", () => {
    expect(parseDomain("a.example")).toEqual({ host: "a.example", port: 443 })
    for (const text of ["", "a b.example", "a.example:", ":443", "a.example:1:2"]) expect(parseDomain(text)).toBeUndefined()
  })

  it("may have mapped IPv4 networks, but none that is larger than all of IPv4", () => {
    expect(parseNetwork("::ffff:0:0/96")).toMatchObject({ cidr: "0.0.0.0/0", bits: 0 })
    expect(parseNetwork("::ffff:0:0/95")).toBeUndefined()
    expect(parseNetwork("::fffe:0:0/95")).toMatchObject({ bits: 95 })
  })

  it("may leave an OTLP endpoint empty, and may not write half of one", () => {
    const reads = (text: string) => Result.isSuccess(Schema.decodeUnknownResult(OtlpEndpoint)(text))
    expect(reads("")).toBe(true)
    expect(reads("http://127.0.0.1:4318")).toBe(true)
    expect(reads("Stryker was here!")).toBe(false)
  })

  it("are told where a port belongs that stands behind a host", () => {
    expect(hostFault("a.example:8443")).toBe("the port has a key of its own: host a.example, port 8443")
  })
})

describe("averages and lifetimes", () => {
  it("take a sample that equals a peak average as no change", () => {
    const average = addPeak(empty, 20, 0, 1_000)
    expect(addPeak(average, 20, 5_000, 1_000)).toEqual(add(average, 20, 5_000, 1_000))
    expect(addPeak(average, 21, 5_000, 1_000).value).toBe(21)
    expect(addPeak(average, 19, 5_000, 1_000).value).toBeGreaterThan(19)
  })

  it("leave out the one death of eight: seven have to outlive it", () => {
    expect([0, 6, 7, 8].map(Lifetime.isLeftOut)).toEqual([false, false, true, true])
  })
})

it("warm sockets of an upstream that is not preheated end at idleAfter, and not before", () => {
  const idleAfterMs = 60_000
  const pool = { idleAfterMs, maxAgeMs: 600_000, min: 1 }
  const toy = new Simulation(configWith([{ candidates: addresses(1), preheat: false, pool }]))
  const [host] = addresses(1).map((one) => one.host) as [string]
  toy.set(host, 20).start().run(1_000).client(10).run(idleAfterMs / 2)
  expect(toy.warm(host)).toBeGreaterThan(0)
  toy.run(2 * idleAfterMs)
  expect(toy.warm(host)).toBe(0)
})
