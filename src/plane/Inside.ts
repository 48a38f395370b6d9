/** Clients within this program. They come by no listener, and are sessions like all others. */
import type { Member, UpstreamRoutes } from "../core/model/Routes.ts"
import type { Avoid } from "./Avoid.ts"
import type { Cancel, ClientSocket } from "./ports/Transport.ts"
import type { Target } from "./Target.ts"

/** Stands for listener and client address if a client came by no listener. */
export const INSIDE = "program"

export interface Inside {
  /**
   * Serves a client from now on; undefined: not now. Then there are no permits for it, the routes do not have its upstream
   * yet, or no client is accepted any more.
   */
  readonly enterUnsafe: (socket: ClientSocket, target: Target, avoid?: Avoid) => Cancel | undefined
  /** The member that would serve a client now; undefined: the last resort would. */
  readonly chooseUnsafe: (upstream: UpstreamRoutes) => Member | undefined
  /** Numbers for a session that the program carries by itself: its own, and that of the program as a client. */
  readonly sessionUnsafe: () => { readonly session: number; readonly client: number }
}
