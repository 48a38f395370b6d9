/**
 * A local outage that ends again: everything on the way vanishes, or the interface is down. How the service judges its
 * candidates before, in it and afterwards, and how its clients fare once it is over.
 */
import type { RuntimeName } from "./Lab.ts"
import { Lab, PORT } from "./Lab.ts"

const WEB = ["198.18.0.11", "198.18.0.12", "198.18.0.13"]
const API = ["198.19.0.11", "198.19.0.12", "198.19.0.13"]
const HOSTS = [...WEB, ...API]
const LISTEN = { web: 1234, api: 1235 }
const ADMIN = 9099
const RATE = 20
const SETTLE_MS = 6_000

export type Loss = "dark" | "interface"

/** What the service says of an address. */
export interface Judged {
  readonly id: string
  readonly costMs: number | null
  readonly latencyMs: number | null
  readonly successRate: number
  readonly breaker: string
  readonly suspect: boolean
  readonly active: boolean
  readonly warm: number
}

interface Status {
  readonly outage: { readonly reason: string } | null
  readonly upstreams: ReadonlyArray<{ readonly state: string; readonly candidates: ReadonlyArray<Judged> }>
}

export interface Outcome {
  readonly loss: Loss
  readonly seconds: number
  /** Why the service took it for a local outage; null: it did not. */
  readonly reason: string | null
  readonly before: ReadonlyArray<Judged>
  /** When four fifths of it are over, and at its end. */
  readonly noticed: ReadonlyArray<Judged>
  readonly during: ReadonlyArray<Judged>
  readonly after: ReadonlyArray<Judged>
  /** States of the upstreams in the outage. */
  readonly states: ReadonlyArray<string>
  /** Clients that came in the three seconds after the return, how many of them failed, and the longest way to a first byte. */
  readonly clients: number
  readonly failed: number
  readonly slowestMs: number
  /** From the return until the last client was served that came in the first moment after it. */
  readonly servedAfterMs: number
  /** Warm sockets two seconds after the return. */
  readonly warm: number
}

const yaml = (lab: Lab) => `
listeners:
  - { name: web, listen: "127.0.0.1:${LISTEN.web}", upstream: web }
  - { name: api, listen: "127.0.0.1:${LISTEN.api}", upstream: api }
upstreams:
  web: { port: ${PORT}, candidates: [${WEB.map((host) => `"${host}"`).join(", ")}] }
  api: { port: ${PORT}, candidates: [${API.map((host) => `"${host}"`).join(", ")}] }
probing: { interval: 2s }
eventLog: { path: ${lab.scratch}/log }
admin: { listen: "127.0.0.1:${ADMIN}" }
`

/** Both kinds of loss, one after the other, for so many seconds each. */
export async function localOutages(
  losses: ReadonlyArray<Loss>,
  seconds: number,
  runtime?: RuntimeName
): Promise<ReadonlyArray<Outcome>> {
  const lab = await Lab.open(Object.fromEntries(HOSTS.map((host, i) => [host, 20 + 20 * (i % 3)])))
  try {
    const service = await lab.fairlead(yaml(lab), 6_000, runtime)
    const outcomes: Array<Outcome> = []
    for (const loss of losses) outcomes.push(await run(lab, loss, seconds))
    await lab.stop(service)
    return outcomes
  } finally {
    await lab.close()
  }
}

async function run(lab: Lab, loss: Loss, seconds: number): Promise<Outcome> {
  // By then the clients of an earlier run no longer weigh in the averages.
  await pause(SETTLE_MS)
  const before = await status(lab)
  await lose(lab, loss)
  await pause(seconds * 800)
  const noticed = await status(lab)
  await pause(seconds * 200)
  const during = await status(lab)
  await regain(lab, loss)
  const returnedMs = performance.now()
  const seen = await Promise.all(
    Object.values(LISTEN).map((port) => lab.clients("loop", "127.0.0.1", port, RATE, 3 * RATE))
  )
  // The loop took as long as its clients did, so its first one began when that is taken off.
  const tookMs = performance.now() - returnedMs
  const all = seen.flat()
  const ends = all.map(({ startedMs, firstByteMs }) => startedMs + firstByteMs)
  const startMs = Math.max(0, tookMs - Math.max(...ends))
  const first = all.filter(({ startedMs }) => startedMs < 200)
  const after = await status(lab)
  return {
    loss,
    seconds,
    reason: during.outage?.reason ?? null,
    before: judged(before),
    noticed: judged(noticed),
    during: judged(during),
    after: judged(after),
    states: during.upstreams.map(({ state }) => state),
    clients: all.length,
    failed: all.filter(({ failure }) => failure !== "").length,
    slowestMs: Math.max(...all.map(({ firstByteMs }) => firstByteMs)),
    servedAfterMs: startMs + Math.max(...first.map(({ startedMs, firstByteMs }) => startedMs + firstByteMs)),
    warm: judged(after).reduce((sum, { warm }) => sum + warm, 0)
  }
}

/** The greatest change of a candidate's cost, in ms. */
export function moved(before: ReadonlyArray<Judged>, after: ReadonlyArray<Judged>): number {
  return before.reduce((most, one) => {
    const other = after.find(({ id }) => id === one.id)
    return Math.max(most, Math.abs((one.costMs ?? -1_000) - (other?.costMs ?? -1_000)))
  }, 0)
}

/** The candidates that are judged differently, apart from their cost. */
export function differ(before: ReadonlyArray<Judged>, after: ReadonlyArray<Judged>): ReadonlyArray<string> {
  const said = ({ breaker, suspect, active, successRate }: Judged) => `${breaker} ${suspect} ${active} ${successRate}`
  return before.flatMap((one) => {
    const other = after.find(({ id }) => id === one.id)
    return other !== undefined && said(other) === said(one) ? [] : [one.id]
  })
}

async function lose(lab: Lab, loss: Loss): Promise<void> {
  if (loss === "interface") lab.interface("down")
  else for (const host of HOSTS) await lab.way(host, "dark")
}

async function regain(lab: Lab, loss: Loss): Promise<void> {
  if (loss === "interface") lab.interface("up")
  else for (const host of HOSTS) await lab.way(host, "light")
}

async function status(lab: Lab): Promise<Status> {
  return JSON.parse(await lab.page(`http://127.0.0.1:${ADMIN}/status`)) as Status
}

function judged({ upstreams }: Status): ReadonlyArray<Judged> {
  return upstreams.flatMap(({ candidates }) => candidates).toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
