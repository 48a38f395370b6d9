/**
 * Plane: the data plane before its listeners. It holds what acts of the control plane are about, so it is there before the control
 * plane takes its first turn; listeners (Acceptor.ts) come once there are routes. Dials, races and warm sockets end with its scope.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import type { PlaneAct, PlaneEvent } from "./ports/PlanePort.ts"
import { PlanePort } from "./ports/PlanePort.ts"
import { race } from "./race.ts"
import { Transport } from "./ports/Transport.ts"
import { WarmPool } from "./WarmPool.ts"

export class Plane extends Context.Service<Plane, {
  /** Warm sockets, for a client to take one. */
  readonly warmPool: WarmPool
}>()("fairlead/plane/Plane") {
  /** Gives the control plane its port as well. */
  static readonly layer: Layer.Layer<Plane | PlanePort, never, Transport> = Layer.effectContext(Effect.suspend(() => make))
}

const make = Effect.gen(function* () {
  const transport = yield* Transport
  const races = yield* FiberSet.make<void>()
  const fork = yield* FiberSet.runtime(races)<never>()
  let post: (event: PlaneEvent) => void = () => {}
  const warmPool = new WarmPool(transport, (event) => post(event))
  const actUnsafe = (act: PlaneAct): void => {
    switch (act._tag) {
      case "DialWarm":
        return warmPool.dial(act)
      case "Retire":
        return warmPool.retire(act)
      case "Race":
        return void fork(race(transport, warmPool, act, (event) => post(event)))
      default:
        act satisfies never
    }
  }
  const closeUnsafe = () => {
    warmPool.close()
    for (const fiber of races) fiber.interruptUnsafe()
  }
  yield* Effect.addFinalizer(() => Effect.sync(closeUnsafe))
  const port = PlanePort.of({ connectUnsafe: (to) => void (post = to), actUnsafe, closeUnsafe })
  return Context.make(Plane, Plane.of({ warmPool })).pipe(Context.add(PlanePort, port))
})
