/** Which attempts of a client follow from the routes that it used. */
import { describe, expect, it } from "vitest"
import type { Endpoint } from "../../src/core/model/Candidate.ts"
import type { Attempt, ClientAccepted } from "../../src/core/model/Event.ts"
import { followsPlan } from "../../src/record/followsPlan.ts"
import { networks } from "../support/access.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const [first] = addresses(1)
const routesOf = (host: string) => {
  const access = { allow: networks(["198.18.0.0/15"]), deny: networks(["198.18.7.0/24"]) }
  const config = { ...configWith([{ candidates: [first!], host, bypass: true }]), access }
  return new Simulation(config).start().state.routes.upstreams[0]!
}
const accepted = (candidate: Endpoint | "none", tried: ReadonlyArray<Attempt>): ClientAccepted => ({
  ...{
    _tag: "ClientAccepted",
    worker: 0,
    session: 1,
    listener: "web",
    upstream: 0,
    routes: 1,
    chosen: "none",
    why: "unranked"
  },
  ...{ warm: 0, client: 1, candidate, tried }
})
const one = (host: string, outcome: Attempt["outcome"]): Attempt => ({ candidate: "system", host, outcome, tookUs: 1 })

describe("what a client tried of a host", () => {
  it.each<[boolean, string, Endpoint | "none", ReadonlyArray<Attempt>]>([
    [true, "an address that is admitted", "system", [one("198.18.0.9", "connected")]],
    [true, "a denied address, reported and not dialled", "system", [
      one("198.18.7.1", "denied"),
      one("198.18.0.9", "connected")
    ]],
    [false, "a denied address, dialled and connected", "system", [one("198.18.7.1", "connected")]],
    [false, "a denied address, dialled as IPv4-mapped", "system", [one("::ffff:198.18.7.1", "connected")]],
    [false, "a denied address, dialled and refused", "none", [one("198.18.7.1", "refused")]],
    [false, "an address that no network allows", "system", [one("192.0.2.1", "connected")]],
    [false, "an admitted address, reported as denied", "none", [one("198.18.0.9", "denied")]],
    [true, "no address, as DNS timed out", "none", [one("web.example", "timeout")]],
    [true, "no address, as it has none", "none", [one("web.example", "unresolved")]],
    [false, "an address that is not reported", "system", [{ candidate: "system", outcome: "connected", tookUs: 1 }]]
  ])("follows its plan (%s): %s", (follows, _, candidate, tried) => {
    expect(followsPlan(routesOf("web.example"), accepted(candidate, tried))).toBe(follows)
  })

  it("that is an address itself must be admitted when it is dialled", () => {
    const routes = routesOf("198.18.7.1")
    expect(followsPlan(routes, accepted("system", [one("198.18.7.1", "connected")]))).toBe(false)
    expect(followsPlan(routes, accepted("none", [one("198.18.7.1", "denied"), one("198.18.7.1", "unresolved")]))).toBe(true)
  })
})
