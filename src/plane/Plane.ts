/**
 * Plane: the data plane before its listeners. It holds what acts of the control plane are about, so it is there before the control
 * plane takes its first turn; listeners (Acceptor.ts) come once there are routes.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PlaneEvent } from "./ports/PlanePort.ts"
import { PlanePort } from "./ports/PlanePort.ts"
import { Transport } from "./ports/Transport.ts"
import { WarmPool } from "./WarmPool.ts"

export class Plane extends Context.Service<Plane, {
  /** Warm sockets, for a client to take one. */
  readonly warmPool: WarmPool
}>()("fairlead/plane/Plane") {
  /** Gives the control plane its port as well. */
  static readonly layer: Layer.Layer<Plane | PlanePort, never, Transport> = Layer.effectContext(
    Effect.map(Transport, (transport) => {
      let post: (event: PlaneEvent) => void = () => {}
      const warmPool = new WarmPool(transport, (event) => post(event))
      const port = PlanePort.of({
        connectUnsafe: (to) => void (post = to),
        actUnsafe: (act) => warmPool.act(act),
        closeUnsafe: () => warmPool.close()
      })
      return Context.make(Plane, Plane.of({ warmPool })).pipe(Context.add(PlanePort, port))
    })
  )
}
