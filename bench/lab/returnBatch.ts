/**
 * A batch of `bench:return`: many services at the same time in one lab, each with clients of its own. A few services with the
 * same trouble are a group and share addresses. The troubles of the groups begin one after the other: a service that has the
 * machine to itself meets the return of its own network, and not the return of forty others at the same moment.
 */
import * as os from "node:os"
import * as path from "node:path"
import { launch, scuttle } from "./fleet.ts"
import { Lab } from "./Lab.ts"
import type { Line } from "./manyClients.ts"
import { openNames } from "./names.ts"
import { pause } from "./poolLab.ts"
import type { Observed } from "./returnFigures.ts"
import type { Place, Setup } from "./setups.ts"
import { candidatesOf } from "./setups.ts"
import type { Change, Role, Trouble } from "./trouble.ts"
import { changes, endsS, RTT_MS, watchS } from "./trouble.ts"

export interface Case {
  readonly trouble: Trouble
  readonly setup: Setup
}

export interface Pace {
  /** Clients a second for each service. */
  readonly rate: number
  /** Clients come for that long before the trouble: longer than a member's hold, so that hold explains nothing. */
  readonly settleS: number
  readonly watchS: number
}

export interface Batch {
  readonly observed: ReadonlyArray<Observed>
  /** Share of all processors' time that was used in the last seconds before the trouble. */
  readonly busy: number
  /** The longest that one change of the network took. */
  readonly changeMs: number
}

/** A change as it happened: told and acknowledged, in wall time. */
interface Done extends Change {
  readonly toldMs: number
  readonly doneMs: number
}

interface Group {
  readonly trouble: Trouble
  readonly cases: ReadonlyArray<Case>
}

/** Services that share addresses and trouble. */
const GROUP_SIZE = 4
/** From the begin of a group's trouble to that of the next group's. */
const APART_S = 2
const ROLES = Object.keys(RTT_MS) as ReadonlyArray<Role>
const BUSY_S = 10

export async function runBatch(cases: ReadonlyArray<Case>, pace: Pace): Promise<Batch> {
  const groups = groupsOf(cases)
  const hosts = groups.map((_, group) => hostsOf(group))
  const groupOf = (one: Case) => groups.findIndex((group) => group.cases.includes(one))
  const ports = (host: string) => cases.flatMap((one, i) => hosts[groupOf(one)]?.[roleOf(host)] === host ? [9_000 + i] : [])
  const addresses = hosts.flatMap((own) => Object.values(own))
  const distances = Object.fromEntries(addresses.map((host) => [host, RTT_MS[roleOf(host)]]))
  const served = JSON.stringify(Object.fromEntries(addresses.map((host) => [host, ports(host)])))
  const lab = await Lab.open(distances, ["manyUpstreams.ts", served])
  try {
    const ships = cases.map((one, i) => {
      const own = hosts[groupOf(one)] ?? hostsOf(0)
      const directory = path.join(lab.scratch, String(i))
      return {
        setup: one.setup,
        place: { listenPort: 2_000 + i, upstreamPort: 9_000 + i, hosts: own, name: `s${i}.test`, directory }
      }
    })
    const named = ships.filter(({ setup }) => setup.from === "name")
    const answers = named.map(({ setup, place }) => [place.name, candidatesOf(setup, place)] as const)
    const closeNames = named.length === 0 ? () => {} : await openNames(lab, Object.fromEntries(answers))
    try {
      const services = await launch(lab, ships)
      const longestS = Math.max(
        ...groups.map(({ trouble }, group) => group * APART_S + endsS(trouble) + watchS(trouble, pace.watchS))
      )
      const clients = lab.manyClients(pace.rate, pace.settleS + longestS + 2, ships.map(({ place }) => place.listenPort))
      await pause((pace.settleS - BUSY_S) * 1000)
      const idle = idleMs()
      await pause(BUSY_S * 1000)
      const busy = 1 - (idleMs() - idle) / (BUSY_S * 1000 * os.cpus().length)
      const done = await Promise.all(
        groups.map(({ trouble }, group) => make(lab, trouble, hosts[group] ?? hostsOf(group), group * APART_S))
      )
      const lines = await clients
      const observed = await Promise.all(ships.map(({ place }, i) => {
        const { trouble, setup } = cases[i] as Case
        return observe(
          lab,
          { trouble, setup, place },
          done[groupOf(cases[i] as Case)] ?? [],
          lines.filter(([at]) => at === i)
        )
      }))
      await scuttle(services)
      const changeMs = Math.max(...done.flat().map(({ toldMs, doneMs }) => doneMs - toldMs))
      return { observed, busy, changeMs }
    } finally {
      closeNames()
    }
  } finally {
    await lab.close()
  }
}

/** How long the last group's trouble begins after the first one's. */
export function lastGroupS(cases: ReadonlyArray<Case>): number {
  return (groupsOf(cases).length - 1) * APART_S
}

function groupsOf(cases: ReadonlyArray<Case>): ReadonlyArray<Group> {
  return [...new Set(cases.map(({ trouble }) => trouble))].flatMap((trouble) => {
    const all = cases.filter((one) => one.trouble === trouble)
    const parts = Array.from({ length: Math.ceil(all.length / GROUP_SIZE) }, (_, i) => i * GROUP_SIZE)
    return parts.map((from) => ({ trouble, cases: all.slice(from, from + GROUP_SIZE) }))
  })
}

function hostsOf(group: number): Record<Role, string> {
  return Object.fromEntries(ROLES.map((role, i) => [role, `198.18.${group + 1}.${11 + i}`])) as Record<Role, string>
}

function roleOf(host: string): Role {
  return ROLES[Number(host.split(".")[3]) - 11] ?? "lostSpare"
}

/** Makes the trouble `afterS` from now, change by change. A change counts from its acknowledgement: nothing could be known earlier. */
async function make(
  lab: Lab,
  trouble: Trouble,
  hosts: Readonly<Record<Role, string>>,
  afterS: number
): Promise<ReadonlyArray<Done>> {
  const beganMs = performance.now() + afterS * 1000
  const done: Array<Done> = []
  for (const change of changes(trouble)) {
    await pause(Math.max(0, beganMs + change.atS * 1000 - performance.now()))
    const toldMs = Date.now()
    await Promise.all(
      change.roles.map((role) =>
        trouble.fault === "dark"
          ? lab.way(hosts[role], change.isUp ? "light" : "dark")
          : lab.server(hosts[role], change.isUp ? "ok" : "refuse")
      )
    )
    done.push({ ...change, toldMs, doneMs: Date.now() })
  }
  return done
}

/** Wall times become times since the first failure. */
async function observe(
  lab: Lab,
  { trouble, setup, place }: Case & { readonly place: Place },
  done: ReadonlyArray<Done>,
  lines: ReadonlyArray<Line>
): Promise<Observed> {
  const zeroMs = done[0]?.doneMs ?? 0
  const returns = done.filter(({ isUp, roles }) => isUp && roles.includes("best")).map(({ doneMs }) => doneMs)
  const taken = JSON.parse(await lab.tellServers(`since ${returns.at(-1)}`)) as Record<string, number | null>
  const acceptedAtMs = taken[`${place.hosts.best}:${place.upstreamPort}`] ?? Number.POSITIVE_INFINITY
  const seen = lines.map(([, atMs, firstByteMs, by, failure]) => ({
    startedMs: atMs - zeroMs,
    firstByteMs,
    by: by === "" ? undefined : roleOf(by),
    isFailed: failure !== ""
  })).toSorted((a, b) => a.startedMs - b.startedMs)
  const acceptedMs = acceptedAtMs + RTT_MS.best / 2 - zeroMs
  return { trouble, contender: setup, seen, returnsMs: returns.map((atMs) => atMs - zeroMs), acceptedMs }
}

function idleMs(): number {
  return os.cpus().reduce((sum, { times }) => sum + times.idle, 0)
}
