/** What a client may have tried, by the routes it says it used. */
import { describe, expect, it } from "vitest"
import type { Attempt, ClientAccepted } from "../../src/core/model/Event.ts"
import { followsPlan } from "../../src/record/followsPlan.ts"
import { networks } from "../support/access.ts"
import { addresses, configWith } from "../support/config.ts"
import { ToyInterpreter } from "../support/ToyInterpreter.ts"

const [first] = addresses(1)
const routesOf = (host: string) => {
  const access = { allow: networks(["198.18.0.0/15"]), deny: networks(["198.18.7.0/24"]) }
  const config = { ...configWith([{ candidates: [first!], host, bypass: true }]), access }
  return new ToyInterpreter(config).start().state.routes.upstreams[0]!
}
const accepted = (candidate: number, tried: ReadonlyArray<Attempt>): ClientAccepted => ({
  ...{ _tag: "ClientAccepted", worker: 0, session: 1, listener: "web", upstream: 0, routes: 1, chosen: -1, why: "unranked" },
  ...{ warm: 0, client: 1, candidate, tried }
})
const one = (host: string, outcome: Attempt["outcome"]): Attempt => ({ candidate: -1, host, outcome, tookUs: 1 })

describe("what a client tried of a name", () => {
  it.each<[boolean, string, number, ReadonlyArray<Attempt>]>([
    [true, "an address that is admitted", -2, [one("198.18.0.9", "connected")]],
    [true, "one that is denied, told and not dialled", -2, [one("198.18.7.1", "denied"), one("198.18.0.9", "connected")]],
    [false, "one that is denied, dialled even so", -2, [one("198.18.7.1", "connected")]],
    [false, "the same in IPv6 clothes", -2, [one("::ffff:198.18.7.1", "connected")]],
    [false, "one that is denied, dialled in vain", -1, [one("198.18.7.1", "refused")]],
    [false, "one that no network allows", -2, [one("192.0.2.1", "connected")]],
    [false, "one that is admitted, told as denied", -1, [one("198.18.0.9", "denied")]],
    [true, "nobody, as there was no answer", -1, [one("web.example", "timeout")]],
    [true, "nobody, as it has no address", -1, [one("web.example", "unresolved")]],
    [false, "somebody who is not told", -2, [{ candidate: -1, outcome: "connected", tookUs: 1 }]]
  ])("follows its plan (%s): %s", (follows, _, candidate, tried) => {
    expect(followsPlan(routesOf("web.example"), accepted(candidate, tried))).toBe(follows)
  })

  it("that is an address itself is judged as one, unless it was only asked for", () => {
    const routes = routesOf("198.18.7.1")
    expect(followsPlan(routes, accepted(-2, [one("198.18.7.1", "connected")]))).toBe(false)
    expect(followsPlan(routes, accepted(-1, [one("198.18.7.1", "denied"), one("198.18.7.1", "unresolved")]))).toBe(true)
  })
})
