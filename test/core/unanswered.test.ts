/** Upstreams from which no client has got an answer yet, and failures after connect. */
import { describe, expect, it } from "vitest"
import * as Candidates from "../../src/core/candidates.ts"
import * as Upstreams from "../../src/core/upstreams.ts"
import type { UpstreamChanges } from "../support/config.ts"
import { addresses, configWith } from "../support/config.ts"
import { Simulation } from "../../src/sim/Simulation.ts"
import type { Reply } from "../../src/sim/session.ts"

const [a, b, c] = addresses(9).map(({ host }) => host) as [string, string, string]
const SECOND = 1_000
const MINUTE = 60 * SECOND

/** Three addresses at 5, 60 and 90 ms. */
const three = (changes: UpstreamChanges = {}) =>
  new Simulation(configWith([{ candidates: addresses(3), ...changes }])).set(a, 5).set(b, 60).set(c, 90).start().run(
    2 * SECOND
  )
const hostsOf = (toy: Simulation, from = 0) =>
  toy.entries.slice(from).flatMap(({ event }) =>
    event._tag === "ClientAccepted" ? [Candidates.find(toy.state, event.candidate)?.host ?? "none"] : []
  )
const factsOf = (toy: Simulation, tag: string) => toy.facts.filter(({ _tag }) => _tag === tag)

/** Clients come for `forMs`, one each `everyMs`; gives the hosts that served them. */
function clients(toy: Simulation, forMs: number, everyMs = 50, holdMs = 0): ReadonlyArray<string> {
  const from = toy.entries.length
  for (let ms = 0; ms < forMs; ms += everyMs) toy.client(holdMs).run(everyMs)
  return hostsOf(toy, from)
}

describe("when the fastest address answers no client from the start", () => {
  for (const reply of ["reset", "closed", "alert", "silent"] as const) {
    it(`(${reply}) clients leave it after a few failures, and stay away`, () => {
      const toy = three().replies(a, reply).replies(b, 10).replies(c, 10)
      const first = clients(toy, 5 * SECOND)
      expect(first.filter((host) => host === a).length).toBeLessThanOrEqual(reply === "silent" ? 12 : 7)
      const later = clients(toy, MINUTE)
      expect(later.filter((host) => host === a).length).toBeLessThanOrEqual(later.length / 20)
      expect(clients(toy, 9 * MINUTE, 200).filter((host) => host === a).length).toBeLessThanOrEqual(30)
    })

    it(`(${reply}) clients that come one by one find another address`, () => {
      const toy = three().replies(a, reply).replies(b, 10)
      const hosts = clients(toy, 20 * 16 * SECOND, 16 * SECOND)
      expect(hosts.filter((host) => host === a).length).toBeLessThanOrEqual(10)
    })
  }

  it("clients of a set of one find an address outside the set", () => {
    const toy = three({ selector: { activeSetSize: 1 } }).replies(a, "reset").replies(b, 10)
    expect(clients(toy, 5 * SECOND).slice(10).every((host) => host === b)).toBe(true)
  })

  it("clients leave it sooner with a smaller breaker.failureThreshold", () => {
    const served = (failureThreshold: number) => {
      const toy = three({ breaker: { failureThreshold } }).replies(a, "closed").replies(b, 10)
      return clients(toy, 3 * SECOND).filter((host) => host === a).length
    }
    expect(served(2)).toBe(2)
    expect(served(7)).toBe(7)
  })

  it("it is not suspected where there is no other address", () => {
    const toy = new Simulation(configWith([{ candidates: addresses(1) }])).set(a, 5).replies(a, "reset").start().run(
      SECOND
    )
    clients(toy, MINUTE)
    expect(factsOf(toy, "Suspected")).toEqual([])
    expect(toy.state.routes.upstreams[0]?.state).toBe("active")
  })
})

describe("an upstream of a one-way protocol", () => {
  it("has no suspect while its sessions end well, and all clients stay with the fastest address", () => {
    const toy = three()
    for (const host of [a, b, c]) toy.replies(host, "one-way")
    const hosts = clients(toy, 5 * MINUTE)
    expect(new Set(hosts)).toEqual(new Set([a]))
    expect(factsOf(toy, "Suspected")).toEqual([])
  })

  it("with a fastest address that resets sends its clients to the next one, and they stay there", () => {
    const toy = three().replies(a, "reset").replies(b, "one-way").replies(c, "one-way")
    clients(toy, 5 * SECOND)
    const hosts = clients(toy, 10 * MINUTE)
    expect(hosts.filter((host) => host === b).length).toBeGreaterThan(0.97 * hosts.length)
  })

  for (const reply of ["closed", "reset", "silent"] as const) {
    it(`with sessions that look like failures (${reply}) sends a few clients to other addresses, ever more rarely`, () => {
      const toy = three()
      for (const host of [a, b, c]) toy.replies(host, reply)
      const hosts = clients(toy, 20 * MINUTE, 100, 400)
      expect(hosts.filter((host) => host === a).length).toBeGreaterThan(0.95 * hosts.length)
      // The clients of the last ten minutes.
      const late = hosts.slice(hosts.length / 2)
      expect(late.filter((host) => host === a).length).toBeGreaterThan(0.98 * late.length)
      expect(factsOf(toy, "BreakerOpened")).toEqual([])
    })
  }

  it("with 200 addresses sends clients to no more of them than are kept measured", () => {
    const list = addresses(200)
    const toy = new Simulation(configWith([{ candidates: list }]), { otherwise: 50 }).set(a, 5).start().run(10 * SECOND)
    for (const { host } of list) toy.replies(host, "closed")
    const hosts = clients(toy, 5 * MINUTE, 50)
    // The set, its challengers, and those that came in later: not all two hundred.
    expect(new Set(hosts).size).toBeLessThanOrEqual(16)
    expect(hosts.filter((host) => host === a).length).toBeGreaterThan(0.8 * hosts.length)
  })
})

describe("an address that has answered before", () => {
  for (const reply of ["closed", "alert", "reset", "silent"] as const) {
    it(`and now fails every client (${reply}) gets few clients, and ever fewer`, () => {
      const toy = three().replies(a, 10).replies(b, 10).replies(c, 10)
      clients(toy, 5 * SECOND)
      toy.replies(a, reply)
      const hosts = clients(toy, 5 * MINUTE)
      expect(hosts.filter((host) => host === a).length).toBeLessThanOrEqual(60)
      const late = clients(toy, 5 * MINUTE)
      expect(late.filter((host) => host === a).length).toBeLessThanOrEqual(20)
    })
  }
})

/** Three addresses that answer clients and reset a scanner, which visits so many times. */
function scanned(visits: number): Simulation {
  const toy = three()
  let reply: Reply = 10
  for (const host of [a, b, c]) toy.replies(host, () => reply)
  clients(toy, 5 * SECOND)
  for (let i = 0; i < visits; i++) {
    reply = "reset"
    toy.client(0, 0, 999)
    reply = 10
    clients(toy, 300, 100)
  }
  return toy
}

describe("a scanner that the upstream resets, among clients that are answered,", () => {
  it("makes its candidate a suspect a few times, not with each visit", () => {
    const toy = scanned(60)
    expect(factsOf(toy, "Suspected").length).toBeLessThanOrEqual(3)
    expect(factsOf(toy, "BreakerOpened")).toEqual([])
  })

  it("does not hide that an address dies", () => {
    const toy = scanned(20)
    toy.replies(a, "reset").replies(b, 10).replies(c, 10)
    expect(clients(toy, 5 * SECOND).filter((host) => host === a).length).toBeLessThanOrEqual(8)
  })

  it("makes a suspect with a single reset again after a minute", () => {
    const toy = three()
    let reply: Reply = 10
    for (const host of [a, b, c]) toy.replies(host, () => reply)
    clients(toy, 5 * SECOND)
    const visit = () => {
      // A client waits, and is answered right after the scanner was reset.
      reply = 200
      toy.client()
      reply = "reset"
      toy.client(0, 0, 999).run(50)
      reply = 10
      clients(toy, SECOND)
    }
    visit()
    visit()
    expect(factsOf(toy, "Suspected")).toHaveLength(1)
    clients(toy, 61 * SECOND)
    visit()
    expect(factsOf(toy, "Suspected")).toHaveLength(2)
  })
})

describe("an upstream that answered through one address", () => {
  it("is known to answer, although another address fails", () => {
    const toy = three().replies(a, "alert").replies(b, 10)
    clients(toy, 5 * SECOND)
    expect(Upstreams.find(toy.state, 0)?.answered).toBe(true)
    const only = three().replies(a, "alert").replies(b, "alert").replies(c, "alert")
    clients(only, 5 * SECOND)
    expect(Upstreams.find(only.state, 0)?.answered).toBe(false)
  })
})

describe("uploads and slow clients", () => {
  /** A candidate that is known to answer, and a session at it without a byte so far. */
  const waiting = () => {
    const toy = three().replies(a, 10).replies(b, 10).replies(c, 10)
    clients(toy, 2 * SECOND)
    const candidate = toy.active().length > 0 ? Upstreams.find(toy.state, 0)!.members[0]! : -1
    const of = (session: number) => ({ worker: 0, session, candidate })
    return { toy, of, suspect: () => Candidates.isSuspect(Candidates.find(toy.state, candidate)!) }
  }
  const silent = (toy: Simulation, of: ReturnType<ReturnType<typeof waiting>["of"]>, waitedUs: number) =>
    toy.post({ _tag: "SessionSilent", ...of, waitedUs })

  it("make a suspect while they pause, and clear it when they go on", () => {
    const { toy, of, suspect } = waiting()
    toy.run(SECOND)
    silent(toy, of(-1), 300_000)
    expect(suspect()).toBe(true)
    toy.run(200).post({ _tag: "SessionSpoke", ...of(-1), side: "client" })
    expect(suspect()).toBe(false)
  })

  it("make no suspect when they wait one after the other, and clear none while another one waits", () => {
    const { toy, of, suspect } = waiting()
    toy.run(SECOND)
    silent(toy, of(-1), 100_000)
    toy.post({ _tag: "SessionSpoke", ...of(-1), side: "client" })
    silent(toy, of(-2), 100_000)
    expect(suspect()).toBe(false)
    silent(toy, of(-1), 100_000)
    expect(suspect()).toBe(true)
    toy.run(50).post({ _tag: "SessionSpoke", ...of(-1), side: "client" })
    expect(suspect()).toBe(true)
  })

  it("that stall after a suspicion has lapsed renew it no more, because they were silent before", () => {
    const { toy, of, suspect } = waiting()
    toy.run(SECOND)
    const wait = (from: number, count: number) => {
      for (let i = 0; i < count; i++) silent(toy, of(-from - i), 300_000)
    }
    const stall = (from: number, count: number) => {
      for (let i = 0; i < count; i++) toy.post({ _tag: "SessionStalled", ...of(-from - i), client: i + 1 })
    }
    wait(1, 8)
    expect(suspect()).toBe(true)
    toy.run(6 * SECOND)
    expect(suspect()).toBe(false)
    toy.run(4 * SECOND)
    stall(1, 8)
    expect(suspect()).toBe(false)
    // A session that began after the lapse is another matter.
    wait(20, 8)
    expect(suspect()).toBe(true)
  })

  it("that opened a breaker close it when they are answered", () => {
    const { toy, of } = waiting()
    toy.run(SECOND)
    for (let i = 1; i <= 6; i++) {
      silent(toy, of(-i), 100_000)
      toy.run(10_000).post({ _tag: "SessionStalled", ...of(-i), client: i })
    }
    expect(factsOf(toy, "BreakerOpened")).toHaveLength(1)
    for (let i = 1; i <= 6; i++) toy.post({ _tag: "SessionSpoke", ...of(-i) })
    toy.run(SECOND)
    expect(factsOf(toy, "BreakerClosed")).toHaveLength(1)
  })
})
