/** Plays a soak: it opens the upstreams and two services, sends clients, and makes the faults happen. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { distant } from "../../adapters/demo/distance.ts"
import * as EmbedTransport from "../../adapters/node/EmbedTransport.ts"
import * as NodeTransport from "../../adapters/node/NodeTransport.ts"
import { nowUs } from "../../adapters/node/clock.ts"
import type { Connect, Outcome } from "../../adapters/soak/client.ts"
import { overProxy, overTcp } from "../../adapters/soak/client.ts"
import { draws } from "../../adapters/soak/orders.ts"
import { fiberCount } from "../../adapters/soak/fibers.ts"
import { watchResources } from "../../adapters/soak/resources.ts"
import { Transport } from "../../plane/ports/Transport.ts"
import type { Environment } from "../config/environment.ts"
import { overControl } from "./controlGroup.ts"
import { Course } from "./Course.ts"
import type { Stage } from "./director.ts"
import { perform } from "./director.ts"
import type { Load, Way } from "./load.ts"
import { load } from "./load.ts"
import { Names } from "./names.ts"
import { Recoveries } from "./Recoveries.ts"
import { MOST_UNSERVED } from "./Report.ts"
import type { PlannedFault } from "./schedule.ts"
import { scaleOf, scheduleOf } from "./schedule.ts"
import { ageShare } from "./freshness.ts"
import type { Service } from "./service.ts"
import { openService } from "./service.ts"
import type { Sections } from "./settings.ts"
import { configurationOf } from "./settings.ts"
import type { Excuse } from "./Tally.ts"
import { Tally } from "./Tally.ts"
import { Weather } from "./Weather.ts"
import type { GroupName } from "./world.ts"
import { allOf, HOSTS, nearestOf, openWorld, PORT } from "./world.ts"

export interface Play {
  readonly durationMs: number
  /** An earlier part of this soak ended here. */
  readonly fromMs: number
  readonly seed: number
  readonly perSecond: number
  readonly user: Sections
  readonly environment: Environment
  /** The lab that this process is in. undefined: none, and a transport makes the distance. */
  readonly lab: string | undefined
  /** Directories of the two records. */
  readonly records: { readonly service: string; readonly embedded: string }
  readonly tell: (text: string) => void
}

/** Everything that is needed for the report. It exists as soon as the clients come. */
export interface Played extends Stage {
  readonly startedAt: Date
  readonly fromMs: number
  readonly scale: number
  readonly schedule: ReadonlyArray<PlannedFault>
  readonly tallies: { readonly fairlead: Tally; readonly control: Tally }
  readonly course: Course
  readonly withoutPool: { clients: number; served: number }
  /** The oldest sample so far, as a share of its time to live; -1: there is none. */
  worstAgeShare: number
  /** Clients of Fairlead that were not served although an address could serve, the first ones. */
  readonly unserved: Array<Unserved>
}

export interface Unserved {
  readonly atMs: number
  readonly way: string
  readonly target: string
  readonly outcome: Outcome
  readonly excuse: Excuse
  readonly tookMs: number
}

/** A client without a whole answer gives up after this time: longer than one address, or two, take to be given up. */
const PATIENCE_MS = 8_000
const LEAST_PATIENCE_MS = 4_000
const LOOK_MS = 500
const DRAIN_MS = 1_000

export const play = (
  { durationMs, fromMs, seed, perSecond, user, environment, lab, records, tell }: Play,
  opened: (it: Played) => void
) =>
  Effect.gen(function* () {
    // Another part of the same soak has other arrivals.
    const chance = draws(seed + Math.round(fromMs))
    const near = yield* Effect.provide(Transport, NodeTransport.layer)
    const nearOfPrograms = yield* Effect.provide(Transport, EmbedTransport.layer)
    const { world, lost } = yield* openWorld(seed + 1, lab)
    const sites = allOf(world)
    const over = (transport: Transport["Service"]) => lab === undefined ? distant(transport, sites).transport : transport
    const names = new Names(world)
    const scale = scaleOf(durationMs)
    const schedule = scheduleOf(durationMs, draws(seed + 2)).filter(({ untilMs }) => untilMs > fromMs)
    const fibers = fiberCount()
    const open = (listening: boolean) => {
      const record = listening ? records.service : records.embedded
      const transport = over(listening ? near : nearOfPrograms)
      const text = configurationOf({ world, scale, record, listening, user })
      const layer = Layer.succeed(Transport, transport)
      const opening = openService({ text, environment, listening, transport: layer, resolver: names.layer })
      return Effect.provideService(opening, Metric.FiberRuntimeMetrics, fibers.metrics)
    }
    const service = yield* open(true)
    const embedded = yield* open(false)
    const services = [service, embedded]
    const beganUs = nowUs()
    const nowMs = () => fromMs + (nowUs() - beganUs) / 1000
    const course = new Course(durationMs)
    const tally = () => new Tally(course.sliceMs, course.slices.length)
    const played: Played = {
      startedAt: new Date(),
      fromMs,
      scale,
      schedule,
      world,
      names,
      weather: new Weather(),
      recoveries: new Recoveries(scale),
      services,
      nowMs,
      tell,
      switchOffs: [],
      wrongReloads: [],
      tallies: { fairlead: tally(), control: tally() },
      course,
      withoutPool: { clients: 0, served: 0 },
      worstAgeShare: -1,
      unserved: []
    }
    opened(played)
    const control = {
      transport: over(nearOfPrograms),
      timeoutMs: service.dialTimeoutMs,
      isResolverDead: () => names.isDead,
      draw: draws(seed + 3)
    }
    const overNone = (group: GroupName) => () => overControl(control, world[group].map(({ address }) => address))
    const overListener = (name: string) => () => overTcp(service.portOf(name))
    const ways: ReadonlyArray<Way> = [
      { name: "tcp", group: "web", share: 0.4, targets: ["web"], fairlead: overListener("web"), control: overNone("web") },
      {
        name: "tcp",
        group: "crowd",
        share: 0.1,
        targets: ["crowd"],
        fairlead: overListener("crowd"),
        control: overNone("crowd")
      },
      {
        name: "proxy",
        group: "names",
        share: 0.25,
        targets: HOSTS,
        fairlead: (host) => overProxy(service.portOf("proxy"), host, PORT),
        control: overNone("names")
      },
      {
        name: "program",
        group: "web",
        share: 0.15,
        targets: ["web"],
        fairlead: (name) => overProgram(embedded, name),
        control: overNone("web")
      },
      {
        name: "program",
        group: "names",
        share: 0.1,
        targets: HOSTS,
        fairlead: (host) => overProgram(embedded, host, PORT),
        control: overNone("names")
      }
    ]
    const clients = yield* load({
      perSecond,
      patienceMs: Math.max(LEAST_PATIENCE_MS, Math.min(PATIENCE_MS, durationMs / 8)),
      ways,
      nowMs,
      draw: chance,
      ended: (...ended) => note(played, ...ended)
    })
    const resources = yield* watchResources(fibers.running)
    const look = Effect.sync(() => {
      if (nowMs() > durationMs) return
      course.look(nowMs(), resources(), services.map(({ ledger }) => ledger))
      for (const one of services) played.worstAgeShare = Math.max(played.worstAgeShare, ageShare(one))
    })
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(LOOK_MS), look)))
    const story = Effect.andThen(
      perform(played, schedule),
      Effect.suspend(() => Effect.sleep(Math.max(0, durationMs - nowMs())))
    )
    yield* Effect.raceFirst(Effect.raceFirst(clients.arrivals, story), lost)
    yield* clients.settled
    yield* Effect.forEach(services, ({ drain }) => drain(DRAIN_MS))
  }).pipe(Effect.scoped)

function note(played: Played, ...[side, way, target, arrivedMs, answered]: Parameters<Load["ended"]>): void {
  const { weather, recoveries, tallies, withoutPool, unserved, world, nowMs } = played
  const endedMs = nowMs()
  const { outcome, by, firstByteMs } = answered
  const excuse = weather.excuse(way.group, `${side} ${way.name} ${target}`, arrivedMs, endedMs, outcome)
  tallies[side].add(way.name, { arrivedMs, endedMs, outcome, excuse, firstByteMs })
  recoveries.note(side, way.group, arrivedMs, endedMs, outcome === "served" ? by : -1)
  if (side === "control") return
  const nearest = world[way.group][nearestOf(way.group)]?.index ?? -1
  if (outcome === "served" && way.group !== "crowd") recoveries.noteCalm(arrivedMs, by, nearest)
  if (outcome !== "served" && excuse !== "none-could" && unserved.length < MOST_UNSERVED) {
    unserved.push({ atMs: arrivedMs, way: way.name, target, outcome, excuse, tookMs: endedMs - arrivedMs })
  }
  if (excuse === "none" && weather.wasWithoutPool(arrivedMs)) {
    withoutPool.clients++
    if (outcome === "served") withoutPool.served++
  }
}

/** By `connect` of an embedded Fairlead. */
function overProgram({ connect }: Service, host: string, port?: number): Connect {
  return (connected) =>
    Effect.runCallback(connect(host, port), {
      onExit: (exit) => connected(Exit.isSuccess(exit) ? exit.value : undefined)
    })
}
