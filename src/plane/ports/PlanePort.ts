/** Port: the data plane, as the control plane sees it. It takes acts, and answers each with events that need no permit. */
import * as Context from "effect/Context"
import type { DialWarm, Race, Retire } from "../../core/model/Decision.ts"
import type { Raced, WarmConnected, WarmFailed, WarmLost } from "../../core/model/Event.ts"

export type PlaneAct = DialWarm | Retire | Race

/** Outcomes of acts. The core bounds how many acts are under way, and so how many outcomes there can be. */
export type PlaneEvent = WarmConnected | WarmFailed | WarmLost | Raced

export class PlanePort extends Context.Service<PlanePort, {
  /** Events go there from now on. It is called once, before the first act. */
  readonly connectUnsafe: (post: (event: PlaneEvent) => void) => void
  readonly actUnsafe: (act: PlaneAct) => void
  /** Closes all warm sockets, reports that, and takes no more acts. */
  readonly closeUnsafe: () => void
}>()("fairlead/plane/PlanePort") {}
