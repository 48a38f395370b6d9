/** A dial by the simulated transport meets the same network as a dial of the simulation. */
import { describe, expect, it } from "vitest"
import { fateOf } from "../../src/sim/Fate.ts"
import { Network } from "../../src/sim/Network.ts"
import { SimTransport } from "../../src/sim/SimTransport.ts"

const IDENTITY = { servername: "web.test", ca: "" }

function stage() {
  const network = new Network({ failAfterMs: 3 })
  const sim = new SimTransport(({ host }) => fateOf(network, host))
  const dial = (host: string) =>
    sim.service.dialUnsafe({ host, port: 1 }, 0, (result) => sim.note(typeof result === "string" ? result : "connected"))
  const identify = (host: string) =>
    sim.service.identifyUnsafe({ host, port: 1 }, IDENTITY, () => sim.note("connected"), (result) => sim.note(`${result}`))
  return { network, sim, dial, identify }
}

describe("a transport over a simulated network", () => {
  it("connects, fails or never answers as the network says", () => {
    const { network, sim, dial } = stage()
    network.set("a", 20)
    network.set("b", "reset")
    network.set("c", "lost")
    for (const host of ["a", "b", "c", "unknown"]) dial(host)
    sim.advance(60_000)
    const dials = ["a", "b", "c", "unknown"].map((host) => `0 dial ${host}:1`)
    expect(sim.log).toEqual([...dials, "3 reset", "3 refused", "20 connected"])
  })

  it("proves an identity after another round trip, and not that of an impostor", () => {
    const { network, sim, identify } = stage()
    for (const host of ["a", "b"]) network.set(host, 20)
    network.impostor("b", true)
    identify("a")
    identify("b")
    sim.advance(60_000)
    expect(sim.log.slice(2)).toEqual(["20 connected", "20 connected", "40 null", "40 certificate"])
  })

  it("follows the network as it changes", () => {
    const { network, sim, dial } = stage()
    network.set("a", () => sim.nowMs < 100 ? 20 : "refused")
    dial("a")
    sim.advance(100)
    dial("a")
    sim.advance(100)
    expect(sim.log).toEqual(["0 dial a:1", "20 connected", "100 dial a:1", "103 refused"])
  })
})
