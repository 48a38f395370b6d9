/** Reports to the core which families the machine has addresses of: at the start, and when the addresses change. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { Engine } from "./Engine.ts"
import { Interfaces } from "./Interfaces.ts"

export const layer = (everyMs: number): Layer.Layer<never, never, Engine | Interfaces> =>
  Layer.effectDiscard(Effect.gen(function* () {
    const engine = yield* Engine
    const interfaces = yield* Interfaces
    let print: string | undefined
    const look = Effect.sync(() => {
      const attached = interfaces.attachedUnsafe()
      if (attached === undefined || attached.print === print) return
      print = attached.print
      engine.controlUnsafe({ _tag: "InterfacesChanged", worker: 0, families: attached.families })
    })
    yield* Effect.forkScoped(Effect.repeat(look, Schedule.spaced(everyMs)))
  }))
