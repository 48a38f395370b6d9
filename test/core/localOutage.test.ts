/** A local outage: this machine's own network goes down and comes back, and no candidate is judged by it. */
import { describe, expect, it } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Vector from "../../src/core/data/Vector.ts"
import { faults } from "../../src/core/invariants.ts"
import type { Candidate } from "../../src/core/model/Candidate.ts"
import type { Config } from "../../src/core/model/Config.ts"
import type { ClientAccepted } from "../../src/core/model/Event.ts"
import { configWith } from "../support/config.ts"
import type { UpstreamChanges } from "../support/config.ts"
import type { Answer } from "../../src/sim/Network.ts"
import { Simulation } from "../../src/sim/Simulation.ts"

const at = (...hosts: ReadonlyArray<string>) => hosts.map((host) => ({ host, port: 443 }))
const WEB = ["198.18.0.1", "198.18.0.2", "198.18.0.3", "198.18.0.4"]
const API = ["198.19.0.1", "198.19.0.2", "198.19.0.3"]
const ALL = [...WEB, ...API]
const both: ReadonlyArray<UpstreamChanges> = [{ name: "web", candidates: at(...WEB) }, {
  name: "api",
  candidates: at(...API)
}]

/** All candidates answer, after 10 ms, 20 ms and so on; clients of both upstreams have come for a while. */
function busy(upstreams: ReadonlyArray<UpstreamChanges> = both, changes: Partial<Config> = {}): Simulation {
  const toy = new Simulation({ ...configWith(upstreams), ...changes })
  lives(toy).start().run(1_000)
  return visit(toy, 20_000)
}

function lives(toy: Simulation): Simulation {
  ALL.forEach((host, i) => toy.set(host, 10 * (1 + i % 4)))
  return toy
}

function dies(toy: Simulation, answer: Answer = "timeout", hosts: ReadonlyArray<string> = ALL): Simulation {
  for (const host of hosts) toy.set(host, answer)
  return toy
}

function visit(toy: Simulation, forMs: number): Simulation {
  for (let i = 0; i < forMs / 200; i++) {
    for (let upstream = 0; upstream < toy.state.upstreams.length; upstream++) toy.client(100, upstream)
    toy.run(200)
  }
  return toy
}

const facts = (toy: Simulation, ...tags: ReadonlyArray<string>) => toy.facts.filter(({ _tag }) => tags.includes(_tag))
const outages = (toy: Simulation) => facts(toy, "OutageBegan", "OutageEnded").map(({ _tag }) => _tag)
const candidatesOf = (toy: Simulation) =>
  Vector.toArray(toy.state.candidates).filter((one): one is Candidate => one !== null)
const accepted = (toy: Simulation) =>
  toy.entries.map(({ event }) => event).filter((event): event is ClientAccepted => event._tag === "ClientAccepted")

/** The parts of a candidate that failures change. */
function judged(toy: Simulation) {
  return candidatesOf(toy).map(({ ordinal, success, penalty, streak, latency, costMs, breaker, suspicion }) => {
    const { pending, session, renewals } = suspicion
    return { ordinal, success, penalty, streak, latency, costMs, breaker, pending, session, renewals }
  })
}
const sets = (toy: Simulation) => Vector.toArray(toy.state.upstreams).map(({ members }) => members)
const parked = (toy: Simulation) => ALL.reduce((sum, host) => sum + toy.warm(host), 0)

/** The same run without clients: only probes and warm sockets show the state of the network. */
function quiet(upstreams = both, changes: Partial<Config> = {}): Simulation {
  const toy = new Simulation({ ...configWith(upstreams), ...changes })
  return lives(toy).start().run(25_000)
}

describe("a local outage", () => {
  it.each<readonly [string, Answer]>([["black hole", "timeout"], ["no route", "unreachable"]])(
    "by a %s for a minute leaves scores, breakers and sets as before, and clients are served at once after it",
    (_how, answer) => {
      const toy = quiet()
      const before = judged(toy)
      const set = sets(toy)
      dies(toy, answer).run(60_000)
      expect(outages(toy)).toEqual(["OutageBegan"])
      expect(judged(toy)).toEqual(before)
      expect(sets(toy)).toEqual(set)
      expect(toy.state.routes.upstreams.map(({ state }) => state)).toEqual(["active", "active"])
      lives(toy).run(1_000)
      expect(outages(toy)).toEqual(["OutageBegan", "OutageEnded"])
      const since = accepted(toy).length
      visit(toy, 2_000)
      expect(accepted(toy).slice(since).every(({ candidate, chosen }) => candidate === chosen && chosen !== "none")).toBe(
        true
      )
      expect(facts(toy, "BreakerClosed").length).toBe(facts(toy, "BreakerOpened").length)
      expect(sets(toy)).toEqual(set)
      expect(candidatesOf(toy).every(({ breaker, penalty }) => breaker.state === "closed" && penalty.value === 0)).toBe(true)
      expect(faults(toy.state)).toEqual([])
    }
  )

  it("is found while clients come, and what their failed dials and sessions changed is rolled back", () => {
    const toy = busy(both.map((one) => ({ ...one, session: { stallMs: 1_000 } })))
    for (const host of ALL) toy.replies(host, "silent")
    dies(toy)
    visit(toy, 60_000)
    expect(outages(toy)).toEqual(["OutageBegan"])
    for (const host of ALL) toy.replies(host, 1)
    lives(toy)
    toy.run(1_000)
    visit(toy, 20_000)
    expect(outages(toy)).toEqual(["OutageBegan", "OutageEnded"])
    expect(candidatesOf(toy).filter(({ breaker }) => breaker.state !== "closed" || breaker.consecutiveAfter > 0)).toEqual([])
    expect(candidatesOf(toy).filter(Candidates.isSuspect)).toEqual([])
    expect(faults(toy.state)).toEqual([])
  })

  it("is believed as soon as the candidates probed at its beginning have been silent for two seconds", () => {
    const toy = dies(quiet()).run(30_000)
    const first = toy.entries.find(({ at, event }) => at > 25_000_000 && event._tag === "ProbeFailed")!
    expect(facts(toy, "OutageBegan")[0]!.atUs - first.at).toBe(2_000_000)
  })

  it("is found when two upstreams fall silent in one network and then one of their addresses in another network", () => {
    const [here, there, elsewhere] = [WEB[0]!, WEB[1]!, API[0]!]
    const toy = quiet([{ candidates: at(here) }, { candidates: at(there, elsewhere) }])
    // What has no route fails at once, and what drops packets fails after the timeout.
    dies(dies(toy, "unreachable", [here, there]), "timeout", [elsewhere]).client(0, 0).run(1_000)
    const witnesses = () => toy.state.outage.witnesses.map((id) => Candidates.find(toy.state, id)?.host)
    expect(witnesses()).toEqual([here, there])
    toy.run(20_000)
    expect(witnesses()).toEqual([here, there, elsewhere])
    expect(outages(toy)).toEqual(["OutageBegan"])
  })

  it("closes even a breaker that opened before the outage was found", () => {
    const toy = quiet(both.map((one) => ({ ...one, breaker: { failureThreshold: 1 } })))
    const before = judged(toy)
    const set = sets(toy)
    dies(toy, "unreachable").run(30_000)
    expect(facts(toy, "BreakerOpened").length).toBeGreaterThan(0)
    expect(facts(toy, "BreakerClosed").length).toBe(facts(toy, "BreakerOpened").length)
    expect(judged(toy)).toEqual(before)
    expect(sets(toy)).toEqual(set)
    expect(faults(toy.state)).toEqual([])
  })

  it("closes the warm sockets, dials none, and has the pools full again within two seconds of its end", () => {
    const toy = busy()
    const before = parked(toy)
    expect(before).toBeGreaterThan(0)
    dies(toy).run(20_000)
    expect(parked(toy)).toBe(0)
    const dialled = toy.warmDials.length
    toy.run(40_000)
    expect(toy.warmDials).toHaveLength(dialled)
    lives(toy).run(2_000)
    expect(parked(toy)).toBeGreaterThanOrEqual(6)
  })

  it("has a few candidates probed at least once a second, so that its end is found within a second", () => {
    const toy = quiet()
    dies(toy).run(20_000)
    const from = toy.atUs
    toy.run(20_000)
    const asked = toy.probes.filter(({ atUs }) => atUs >= from)
    const gaps = asked.slice(1).map(({ atUs }, i) => atUs - asked[i]!.atUs)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1_000_000)
    expect(asked.length).toBeLessThanOrEqual(21 * 8)
    lives(toy).run(1_000)
    expect(outages(toy)).toEqual(["OutageBegan", "OutageEnded"])
  })

  it("is followed by a probe of every candidate", () => {
    const toy = quiet()
    dies(toy).run(30_000)
    const since = toy.probes.length
    lives(toy).run(3_000)
    expect(new Set(toy.probes.slice(since).map(({ host }) => host)).size).toBe(ALL.length)
    expect(facts(toy, "UpstreamRefreshed")).toMatchObject([{ reason: "outage" }, { reason: "outage" }])
  })

  it("makes no suspect of a candidate with a handshake pending at its end", () => {
    const toy = quiet()
    dies(toy).run(20_000)
    const since = toy.facts.length
    lives(toy).run(5_000)
    expect(toy.facts.slice(since).filter(({ _tag }) => _tag === "Suspected")).toEqual([])
  })

  it("that lasts longer than scoreTtl lets no candidate expire", () => {
    const toy = quiet(both.map((one) => ({ ...one, scoreTtlMs: 16_000 })))
    const before = judged(toy)
    const set = sets(toy)
    dies(toy).run(120_000)
    expect(judged(toy)).toEqual(before)
    expect(sets(toy)).toEqual(set)
  })

  it("leaves a breaker open that was open before it, and closes it after its end", () => {
    const toy = quiet()
    dies(toy, "timeout", [WEB[3]!])
    toy.run(60_000)
    const [shut] = candidatesOf(toy).filter(({ breaker }) => breaker.state === "open")
    expect(shut?.host).toBe(WEB[3])
    dies(toy).run(400_000)
    expect(Candidates.find(toy.state, shut!.id)!.breaker).toMatchObject({ state: "open", openings: 1 })
    lives(toy).run(20_000)
    expect(Candidates.find(toy.state, shut!.id)!.breaker.state).toBe("closed")
  })

  it("can come and go five times: each time everything is rolled back", () => {
    const toy = quiet()
    const set = sets(toy)
    for (let i = 0; i < 5; i++) {
      dies(toy).run(20_000)
      lives(toy).run(3_000)
    }
    expect(outages(toy)).toHaveLength(10)
    expect(sets(toy)).toEqual(set)
    expect(candidatesOf(toy).every(({ breaker, penalty }) => breaker.consecutive === 0 && penalty.value === 0)).toBe(true)
  })

  it("ends when an operator turns everything off, and does not begin again when it is turned on", () => {
    const toy = quiet()
    dies(toy).run(20_000)
    toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: false }).run(1_000)
    expect(outages(toy)).toEqual(["OutageBegan", "OutageEnded"])
    expect(toy.state.outage.pulseDueUs).toBe(-1)
    lives(toy)
    toy.post({ _tag: "EnabledOverridden", worker: 0, enabled: true }).run(2_000)
    expect(toy.state.routes.upstreams.map(({ state }) => state)).toEqual(["active", "active"])
    expect(faults(toy.state)).toEqual([])
  })

  it("ends with a byte of a session that lived through it, whether silence or the interfaces showed it", () => {
    for (const gone of [true, false]) {
      const toy = quiet()
      dies(toy, "unreachable")
      if (gone) toy.post({ _tag: "InterfacesChanged", worker: 0, families: [] })
      toy.run(20_000)
      expect(outages(toy)).toEqual(["OutageBegan"])
      toy.post({ _tag: "SessionSpoke", worker: 0, session: 1, candidate: candidatesOf(toy)[0]!.id })
      expect(outages(toy)).toEqual(["OutageBegan", "OutageEnded"])
    }
  })

  it("ends with an answer on the last resort from an address that is not a candidate", () => {
    const upstreams = both.map((one) => ({ ...one, host: `${one.name}.example`, pool: { mode: "off" as const } }))
    const toy = new Simulation(configWith(upstreams))
    lives(toy).names("web.example", ["203.0.113.7"]).set("203.0.113.7", "timeout").start().run(25_000)
    dies(toy).run(20_000)
    expect(outages(toy)).toEqual(["OutageBegan"])
    const tried = [{ candidate: "system", host: "203.0.113.7", outcome: "connected", tookUs: 20_000 } as const]
    const of = {
      worker: 0,
      session: 9,
      upstream: 0,
      routes: 1,
      chosen: "none" as const,
      candidate: "system" as const,
      warm: 0,
      client: 1
    }
    toy.post({ _tag: "ClientAccepted", ...of, listener: "web", why: "unranked", tried })
    expect(outages(toy)).toEqual(["OutageBegan", "OutageEnded"])
  })
})

describe("probes that check for a local outage", () => {
  const asked = (toy: Simulation, hosts: ReadonlyArray<string>) => toy.probes.filter(({ host }) => hosts.includes(host))

  it("go to the first eight candidates of an upstream without a set, however long its list is", () => {
    const dead = Array.from({ length: 12 }, (_, i) => `192.0.2.${i + 1}`)
    const upstreams = [...both, { name: "dead", candidates: at(...dead), breaker: { enabled: false } }]
    const toy = new Simulation(configWith(upstreams), { otherwise: "timeout" })
    lives(toy).start().run(25_000)
    dies(toy).run(15_000)
    expect(outages(toy)).toEqual(["OutageBegan"])
    const since = asked(toy, dead).length
    toy.run(20_000)
    expect([...new Set(asked(toy, dead).slice(since).map(({ host }) => host))].toSorted()).toEqual(dead.slice(0, 8))
  })

  it.each([0, 1])(
    "have the whole timeout in a silence window that began %d ms after the start: they may prove an outage",
    (afterMs) => {
      const config = configWith([{ candidates: at(WEB[0]!), pool: { mode: "off" }, probing: { timeoutMs: 2_000 } }])
      const toy = new Simulation(config, { failAfterMs: 0 }).set(WEB[0]!, 0).start().run(afterMs)
      dies(toy, "unreachable").client().run(0)
      expect(toy.state.outage.silenceSinceUs).toBe(afterMs * 1_000)
      const since = toy.probes.length
      toy.run(2_000)
      expect(facts(toy, "CommonCauseBegan")).toHaveLength(1)
      expect(toy.probes.slice(since).map(({ timeoutMs }) => timeoutMs)).toEqual(Array(8).fill(2_000))
    }
  )

  it("go to at most two upstreams, of 64 that are looked at, each quarter of a second", () => {
    const near = Array.from({ length: 63 }, (_, i) => ({ name: `near${i}`, candidates: at(`127.0.1.${i + 1}`) }))
    const seldom = { probing: { intervalMs: 600_000 }, breaker: { firstTrialMs: 600_000 }, pool: { mode: "off" as const } }
    const upstreams = [{ ...both[0]!, candidates: at(WEB[0]!) }, ...near, both[1]!].map((one) => ({ ...one, ...seldom }))
    const toy = new Simulation(configWith(upstreams), { otherwise: 1 })
    lives(toy).start().run(25_000)
    dies(toy, "unreachable").client(0, 0).run(600)
    const outOfTurn = toy.probes.filter(({ atUs }) => atUs > 25_000_000)
    const askedAfter = (afterUs: number) =>
      outOfTurn.filter(({ atUs }) => atUs === outOfTurn[0]!.atUs + afterUs).map(({ host }) => host.slice(0, 6)).toSorted()
    expect([askedAfter(0), askedAfter(250_000)]).toEqual([["198.18"], ["198.18", "198.19"]])
  })
})

describe("a network that goes down between the two handshakes of a proof", () => {
  const identity = { servername: "web.example", ca: "" }
  const proving = both.map((one) => ({ ...one, ...one.name === "web" ? { identity, scoreTtlMs: 20_000 } : {} }))
  const proofs = (toy: Simulation) => candidatesOf(toy).map((one) => one.identity.state)
  /** Runs until one probe alone is under way, and it asks for the certificate; gives the failure of that proof. */
  const asked = (toy: Simulation) => {
    const alone = () => {
      const { inFlight } = toy.state.probing
      return inFlight.length === 1
        ? toy.probes.find(({ probe, identity }) => probe === inFlight[0]!.probe && identity !== null)
        : undefined
    }
    for (let i = 0; i < 30_000 && alone() === undefined; i++) toy.run(1)
    const { probe, candidate } = alone()!
    return { _tag: "ProbeFailed", worker: 0, probe, candidate, tookUs: 9_000, reason: "certificate" } as const
  }

  it("makes no candidate an impostor: the failed proof is rolled back with the rest", () => {
    const toy = quiet(proving)
    const set = sets(toy)
    const fails = asked(toy)
    dies(toy).post(fails)
    expect(proofs(toy)).toContain("failed")
    toy.run(20_000)
    expect(outages(toy)).toEqual(["OutageBegan"])
    expect(proofs(toy)).not.toContain("failed")
    expect([facts(toy, "IdentityFailed").length, facts(toy, "IdentityProven").length]).toEqual([1, 1])
    expect(sets(toy)).toEqual(set)
    expect(faults(toy.state)).toEqual([])
  })

  it("does not seem to work again when that proof fails late", () => {
    const toy = quiet(proving)
    const fails = asked(toy)
    dies(toy, "unreachable").post({ _tag: "InterfacesChanged", worker: 0, families: [] }).run(3)
    expect(outages(toy)).toEqual(["OutageBegan"])
    toy.post(fails)
    expect(outages(toy)).toEqual(["OutageBegan"])
    expect(proofs(toy)).not.toContain("failed")
  })
})

describe("there is no local outage when", () => {
  it("one upstream dies while the other answers: that is a common cause of its own", () => {
    const toy = quiet()
    dies(toy, "timeout", WEB).run(120_000)
    expect(outages(toy)).toEqual([])
    expect(facts(toy, "CommonCauseBegan")).toMatchObject([{ upstream: 0, candidates: WEB.length }])
  })

  it("one upstream dies under clients while the other is neither used nor probed", () => {
    const toy = quiet(both.map((one) => ({ ...one, probing: { intervalMs: 60_000 } })))
    dies(toy, "timeout", WEB)
    for (let i = 0; i < 200; i++) toy.client(100, 0).run(200)
    expect(outages(toy)).toEqual([])
  })

  it("all candidates refuse: a packet came back, so the network works", () => {
    const toy = quiet()
    dies(toy, "refused").run(60_000)
    expect(outages(toy)).toEqual([])
    expect(facts(toy, "CommonCauseBegan")).toMatchObject([{ upstream: 0 }, { upstream: 1 }])
  })

  it("two upstreams in one network fall silent: that network may be the one that is down", () => {
    const toy = new Simulation(configWith([{ candidates: at(...WEB.slice(0, 2)) }, { candidates: at(...WEB.slice(2)) }]))
    lives(toy).start().run(25_000)
    dies(toy).run(60_000)
    expect(outages(toy)).toEqual([])
  })

  it("two networks of one upstream fall silent", () => {
    const toy = new Simulation(configWith([{ candidates: at(...ALL) }]))
    lives(toy).start().run(25_000)
    dies(toy).run(60_000)
    expect(outages(toy)).toEqual([])
  })

  it("all addresses of two upstreams have been dead from the start", () => {
    const toy = new Simulation(configWith(both))
    dies(toy).start().run(120_000)
    expect(outages(toy)).toEqual([])
  })

  it("one address of each upstream dies and the others answer", () => {
    const toy = quiet()
    dies(toy, "timeout", [WEB[3]!, API[2]!]).run(300_000)
    expect(outages(toy)).toEqual([])
    expect(facts(toy, "BreakerOpened").length).toBeGreaterThanOrEqual(2)
  })

  it("an address family falls silent that has never worked", () => {
    const six = ["2001:db8::1", "2001:db8:1::1", "2001:db9::1"]
    const toy = new Simulation(configWith([...both, { name: "six", candidates: at(...six) }]))
    lives(dies(toy, "timeout", six)).start().run(60_000)
    expect(outages(toy)).toEqual([])
    expect(toy.state.outage.proven).toEqual(["ipv4"])
  })

  it("addresses on loopback fall silent, and their return ends no outage either", () => {
    const near = ["127.0.0.1", "127.1.0.1", "127.2.0.1"]
    const toy = new Simulation(configWith([...both, { name: "near", candidates: at(...near) }]))
    for (const host of near) toy.set(host, 1)
    lives(toy).start().run(25_000)
    dies(toy).run(20_000)
    expect(outages(toy)).toEqual(["OutageBegan"])
    dies(toy, "timeout", near).run(60_000)
    expect(facts(toy, "CommonCauseBegan").at(-1)).toMatchObject({ upstream: 2 })
    for (const host of near) toy.set(host, 1)
    toy.run(1_000)
    expect(outages(toy)).toEqual(["OutageBegan"])
  })
})

describe("a report of the network interfaces", () => {
  const gone = (toy: Simulation) => toy.post({ _tag: "InterfacesChanged", worker: 0, families: [] })
  const back = (toy: Simulation) => toy.post({ _tag: "InterfacesChanged", worker: 0, families: ["ipv4"] })

  it("that none is left begins an outage at once, of a single upstream too, and the next answer ends it", () => {
    const toy = quiet([{ candidates: at(...WEB) }])
    const before = judged(toy)
    gone(dies(toy, "unreachable")).run(100)
    expect(outages(toy)).toEqual(["OutageBegan"])
    expect(facts(toy, "OutageBegan")).toMatchObject([{ reason: "interfaces" }])
    toy.run(60_000)
    expect(judged(toy)).toEqual(before)
    expect(parked(toy)).toBe(0)
    back(lives(toy)).run(300)
    expect(outages(toy)).toEqual(["OutageBegan", "OutageEnded"])
  })

  it("that none is left begins no outage where all candidates are on loopback", () => {
    const toy = new Simulation(configWith([{ candidates: at("127.0.0.1") }])).set("127.0.0.1", 1).start().run(5_000)
    gone(toy).run(60_000)
    toy.set("127.0.0.1", "timeout").run(60_000)
    expect(outages(toy)).toEqual([])
  })

  it("that none is left counts less than candidates that still answer", () => {
    const toy = gone(quiet()).run(60_000)
    expect(outages(toy)).toEqual([])
  })

  it("that none is left makes no outage of a later silence, after candidates went on answering", () => {
    const toy = gone(quiet([{ candidates: at(...WEB) }])).run(20_000)
    dies(toy, "timeout", WEB.slice(0, 2)).run(60_000)
    expect(outages(toy)).toEqual([])
    expect(facts(toy, "BreakerOpened").length).toBeGreaterThan(0)
  })

  it("makes each address family prove itself again before its silence is evidence", () => {
    const toy = quiet()
    expect(toy.state.outage.proven).toEqual(["ipv4"])
    back(dies(toy)).run(60_000)
    expect(toy.state.outage.proven).toEqual([])
    expect(outages(toy)).toEqual([])
  })
})

describe("connectivity references", () => {
  const references = ["203.0.113.1", "192.0.2.1"]
  const outage = { connectivity: at(...references), timeoutMs: 2_000 }
  const asked = (toy: Simulation) => toy.probes.filter(({ candidate }) => candidate === "reference")

  function one(): Simulation {
    const toy = new Simulation({ ...configWith([{ candidates: at(...WEB) }]), outage })
    for (const host of references) toy.set(host, 30)
    return lives(toy).start().run(25_000)
  }

  it("that are silent too make an outage of a single silent upstream", () => {
    const toy = one()
    const before = judged(toy)
    expect(asked(toy)).toEqual([])
    dies(toy, "timeout", [...WEB, ...references]).run(30_000)
    expect(facts(toy, "OutageBegan")).toMatchObject([{ reason: "connectivity" }])
    expect(judged(toy)).toEqual(before)
    toy.set(references[1]!, 30).run(1_000)
    expect(outages(toy)).toEqual(["OutageBegan", "OutageEnded"])
    expect(faults(toy.state)).toEqual([])
  })

  it("make an outage as soon as those probed at its beginning have been silent for two seconds", () => {
    const toy = one()
    dies(toy, "timeout", [...WEB, ...references]).run(30_000)
    const began = facts(toy, "OutageBegan")[0]!.atUs
    const first = toy.entries.find(({ at, event }) => at > 25_000_000 && event._tag === "ProbeFailed")!
    expect(began - first.at).toBe(2_000_000)
  })

  it("show that the network works when one of them answers or refuses", () => {
    for (const answer of [30, "refused"] as const) {
      const toy = one()
      dies(toy, "timeout", [...WEB, references[0]!]).set(references[1]!, answer).run(60_000)
      expect(asked(toy).length).toBeGreaterThan(0)
      expect(outages(toy)).toEqual([])
      expect(facts(toy, "CommonCauseBegan")).toMatchObject([{ upstream: 0, candidates: WEB.length }])
    }
  })

  it("show that the network works when two upstreams die at once", () => {
    const toy = new Simulation({ ...configWith(both), outage })
    for (const host of references) toy.set(host, 30)
    lives(toy).start().run(25_000)
    dies(toy).run(60_000)
    expect(outages(toy)).toEqual([])
  })

  it("wait, as probes do, for the timeout before an outage is believed", () => {
    const beganAfter = (timeoutMs: number) => {
      const toy = quiet(both.map((one) => ({ ...one, probing: { timeoutMs } })), { outage: { connectivity: [], timeoutMs } })
      dies(toy, "unreachable")
      const from = toy.atUs
      toy.run(30_000)
      return (facts(toy, "OutageBegan")[0]?.atUs ?? 0) - from
    }
    expect(beganAfter(8_000) - beganAfter(2_000)).toBeGreaterThan(5_000_000)
  })
})
