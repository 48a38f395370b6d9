/** Plays the script: it opens the addresses, the service and the plain forwarder, sends clients, and starts the scenes. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import { distant } from "../../adapters/demo/distance.ts"
import type { Site } from "../../adapters/demo/Site.ts"
import * as Sites from "../../adapters/demo/Site.ts"
import { nowUs } from "../../adapters/node/clock.ts"
import * as NodeTransport from "../../adapters/node/NodeTransport.ts"
import * as Rng from "../../core/math/Rng.ts"
import type { UpstreamConfig } from "../../core/model/Config.ts"
import { Acceptor } from "../../plane/Acceptor.ts"
import { Engine } from "../../shell/Engine.ts"
import { Transport } from "../../plane/ports/Transport.ts"
import { serving } from "../Live.ts"
import { LogThreshold } from "../LogThreshold.ts"
import { frameOf } from "./frameOf.ts"
import { load } from "./load.ts"
import { Narrator } from "./Narrator.ts"
import type { Output } from "./outputs.ts"
import { plainForwarder } from "./plainForwarder.ts"
import type { Scene } from "./scenes.ts"
import { HOME_RTTS_MS, SCENES } from "./scenes.ts"
import { settingsFor } from "./settings.ts"
import type { Stage } from "./Stage.ts"
import { noteCosts } from "./Stage.ts"
import { Tally } from "./Tally.ts"

export interface Play {
  readonly durationMs: number
  readonly seed: number
  /** The directory of the record. */
  readonly directory: string
  readonly output: Output
}

/** Time between two looks at the routes for a new first choice. */
const LOOK_MS = 20
/** Time between two reports of facts. Facts that come together make one sentence. */
const TELL_MS = 100
/** Number of costs that are kept over the whole script. */
const COST_SAMPLES = 60
const DRAIN_MS = 500

/** `opened` gets the stage as soon as it exists, for the summary: an interruption must not lose it. */
export const play = ({ durationMs, seed, directory, output }: Play, opened: (stage: Stage) => void) =>
  Effect.gen(function* () {
    const near = yield* Transport
    let rng = Rng.make(seed)
    const draw = () => {
      const drawn = Rng.uniform(rng)
      rng = drawn.rng
      return drawn.value
    }
    const sites = yield* Effect.forEach(HOME_RTTS_MS, (rttMs, i) => Sites.open(i, `web#${i + 1}`, rttMs, draw))
    const settings = settingsFor(sites.map(({ address }) => address), directory, durationMs)
    const ours = distant(near, sites)
    const theirs = distant(near, sites)
    const upstream = settings.core.upstreams[0] as UpstreamConfig
    const performance = Effect.gen(function* () {
      const engine = yield* Engine
      const acceptor = yield* Acceptor
      const beganUs = nowUs()
      const nowMs = () => (nowUs() - beganUs) / 1000
      const stage: Stage = {
        durationMs,
        dialTimeoutMs: upstream.dial.timeoutMs,
        nowMs,
        sites,
        engine,
        connections: acceptor.counts.of,
        warmSockets: acceptor.warmPool.countOf,
        relays: ours.relays,
        tallies: { fairlead: new Tally(), plain: new Tally() },
        narrator: new Narrator(nowMs, output.tell),
        costs: sites.map(() => [])
      }
      opened(stage)
      const plainPort = yield* plainForwarder(theirs.transport, upstream)
      const port = acceptor.statusUnsafe()[0]?.listen.port ?? 0
      const clients = yield* load(
        [{ port, tally: stage.tallies.fairlead }, { port: plainPort, tally: stage.tallies.plain }],
        nowMs,
        draw
      )
      yield* watch(stage, output)
      yield* Effect.raceFirst(clients.arrivals, act(stage, sites))
      yield* clients.settled
      yield* acceptor.drain(DRAIN_MS)
      // A scope of its own: clients go before the service does, because its end would look like failures.
    }).pipe(Effect.scoped)
    yield* Effect.provide(
      performance,
      serving(settings, new LogThreshold(settings.log.level), Layer.succeed(Transport, ours.transport))
    )
  }).pipe(Effect.scoped, Effect.provide(NodeTransport.layer))

/** All observers of the demo. They end with the scope. */
const watch = Effect.fnUntraced(function* (stage: Stage, output: Output) {
  const { engine, narrator, durationMs } = stage
  const facts = yield* PubSub.subscribe(engine.facts)
  const every = (ms: number, look: () => void) =>
    Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(ms), Effect.sync(look))))
  yield* Effect.forkScoped(Effect.forever(Effect.map(PubSub.take(facts), (fact) => narrator.fact(fact))))
  yield* every(LOOK_MS, () => narrator.look(engine))
  yield* every(TELL_MS, () => narrator.flush(engine))
  yield* every(durationMs / COST_SAMPLES, () => noteCosts(stage))
  yield* every(output.everyMs, () => output.show(frameOf(stage)))
})

/** The scenes one after the other, each at its time, until the duration is over. */
const act = Effect.fnUntraced(function* ({ narrator, nowMs, durationMs }: Stage, sites: ReadonlyArray<Site>) {
  const until = (ms: number) => Effect.suspend(() => Effect.sleep(Math.max(0, ms - nowMs())))
  for (const scene of SCENES) {
    yield* until(scene.at * durationMs)
    change(scene, sites)
    narrator.scene(scene.says)
  }
  yield* until(durationMs)
})

function change({ changes }: Scene, sites: ReadonlyArray<Site>): void {
  for (const { site, rttMs, fault } of changes) {
    const one = sites[site]
    if (one === undefined) continue
    if (rttMs !== undefined) one.rttMs = rttMs
    if (fault !== undefined) one.fault = fault
  }
}
