/** Faults of addresses: of the best one, and of all. */
import { setTimeout as pause } from "node:timers/promises"
import type { Fault, Proof } from "./Fault.ts"
import type { Mode } from "./origins.ts"
import { HOSTS } from "./services.ts"
import type { Stage } from "./Stage.ts"
import { nowMs } from "./Stage.ts"

const HOLD_MS = 10_000
const FLAP_MS = 1_000
/** Only clients can find out that an address whose handshakes are good is well again, so few of them try, ever more seldom. */
const HIDDEN_WITHIN_MS = 20_000
/** A stream that stands still for this long goes on afterwards; clients wait longer than that. */
const PAUSE_MS = 6_000

const suspected: Proof = {
  says: "Suspected or IpPoolIpTripped of the best",
  seen: (stage, sinceMs) => {
    const isBest = ({ candidate }: { readonly candidate: string }) => candidate === stage.best
    return stage.fact(sinceMs, "Suspected", isBest) ?? stage.fact(sinceMs, "IpPoolIpTripped", isBest)
  }
}

const atOnce = (yes: boolean): number | undefined => yes ? nowMs() : undefined

const dearer: Proof = {
  says: "/status: the best costs more than another one",
  seen: async (stage) => {
    const [upstream] = (await stage.status())?.upstreams ?? []
    const costOf = (isBest: boolean) => {
      const costs = upstream?.candidates.filter(({ id }) => (id === stage.best) === isBest).map(({ costMs }) => costMs ?? 0)
      return Math.min(...costs ?? [])
    }
    return atOnce(costOf(true) > costOf(false))
  }
}

const resets: Proof = {
  says: 'fairlead_connections_total{result="upstream-reset"} grows',
  seen: async (stage) => atOnce(await stage.metric("fairlead_connections_total", "upstream-reset") > 5)
}

const openSessions: Proof = {
  says: "fairlead_connections_active grows",
  seen: async (stage) => atOnce(await stage.metric("fairlead_connections_active") > 30)
}

const common: Proof = {
  says: "CommonCause begins",
  seen: (stage, sinceMs) => stage.fact(sinceMs, "CommonCause", ({ began }) => began)
}

/** The way to some addresses changes, and is as before after a while. */
const way = (change: string, back: string, hosts?: ReadonlyArray<string>) => async (stage: Stage) => {
  stage.struck()
  if (hosts === HOSTS) stage.noneCan(true)
  await stage.ways(change, hosts)
  await pause(HOLD_MS)
  await stage.ways(back, hosts)
  if (hosts === HOSTS) stage.noneCan(false)
  return nowMs()
}

const server = (mode: Mode, hidden = false, holdMs = HOLD_MS) => async (stage: Stage) => {
  stage.struck(hidden)
  await stage.servers(mode)
  await pause(holdMs)
  await stage.servers("ok")
  stage.mended()
  return nowMs()
}

const flaps = async (stage: Stage) => {
  for (const endMs = nowMs() + HOLD_MS; nowMs() < endMs;) {
    stage.struck()
    await stage.ways("dark")
    await pause(FLAP_MS)
    await stage.ways("light")
    await pause(FLAP_MS)
  }
  return nowMs()
}

/** What the machine and the bench do to clients by themselves. */
const nothing: Fault = {
  name: "nothing (control)",
  kind: "plain",
  expected: "All clients are on the best.",
  noticed: {
    says: "/status: upstream active",
    seen: async (stage) => atOnce((await stage.status())?.upstreams[0]?.state === "active")
  },
  happen: async () => {
    await pause(HOLD_MS)
    return nowMs()
  },
  withinMs: 5_000
}

export const OF_ADDRESSES: ReadonlyArray<Fault> = [
  nothing,
  {
    name: "best dies (dark)",
    kind: "plain",
    expected: "The next best serves; the best returns by itself.",
    noticed: suspected,
    happen: way("dark", "light"),
    withinMs: HOLD_MS
  },
  {
    name: "best refuses",
    kind: "plain",
    expected: "The next address is dialled for the same client, so none fails.",
    noticed: suspected,
    happen: server("refuse"),
    withinMs: HOLD_MS
  },
  {
    name: "best stalls after accept",
    kind: "plain",
    expected: "Clients that meet it wait in vain; those a second later get the next best.",
    noticed: suspected,
    happen: server("stall", true),
    withinMs: HIDDEN_WITHIN_MS
  },
  {
    name: "best stalls mid-stream",
    kind: "plain",
    expected: "Streams that stand still are kept, and go on where they stopped.",
    noticed: openSessions,
    happen: server("pause", false, PAUSE_MS),
    withinMs: HOLD_MS
  },
  {
    name: "best resets at once",
    kind: "plain",
    expected: "After few clients the next best serves.",
    noticed: suspected,
    happen: server("reset", true),
    withinMs: HIDDEN_WITHIN_MS
  },
  {
    name: "best resets mid-stream",
    kind: "plain",
    expected: "The reset is passed on: clients know that their answer is not whole.",
    noticed: resets,
    happen: server("cut"),
    withinMs: HOLD_MS
  },
  {
    name: "best ten times slower",
    kind: "plain",
    expected: "The next best becomes the first choice, without a failure.",
    noticed: dearer,
    happen: way("rtt 200", "rtt 20"),
    withinMs: HOLD_MS
  },
  {
    name: "best flaps each second",
    kind: "plain",
    expected: "Clients stay with the next best until the best is steady.",
    noticed: suspected,
    happen: flaps,
    withinMs: 2 * HOLD_MS
  },
  {
    name: "all go dark, and are back",
    kind: "plain",
    expected: "No address is blamed; all clients are served after the return.",
    noticed: common,
    happen: way("dark", "light", HOSTS),
    withinMs: 8_000
  }
]
