/**
 * A connection for the program: the dial plan of the best member, or the last resort. The core hears how each attempt ended. It
 * hears of no session, because a worker cannot see the end of one that outlives its request.
 */
import * as Candidates from "../../core/candidates.ts"
import type { UpstreamRoutes } from "../../core/model/Routes.ts"
import type { Event } from "../../core/model/Event.ts"
import { pick, reasonOf } from "../../core/pick.ts"
import type { Dialled } from "../../plane/DialRun.ts"
import { runPlanUnsafe } from "../../plane/DialRun.ts"
import type { Dialler } from "../../plane/ports/Transport.ts"
import type { EdgeCore } from "./EdgeCore.ts"
import { EdgeUpstream } from "./EdgeDialler.ts"
import type { ResolveHost } from "./resolving.ts"
import { resolving } from "./resolving.ts"
import type { EdgeSocket } from "./sockets.ts"

/** What the core calls the listener of these clients. */
const PROGRAM = "program"

/** No address of the upstream could be reached. */
export class EdgeConnectError extends Error {
  override readonly name = "EdgeConnectError"
  readonly upstream: string
  /** In the order in which the attempts ended. */
  readonly tried: ReadonlyArray<{ readonly candidate: string; readonly outcome: string; readonly tookMs: number }>

  constructor(upstream: string, tried: EdgeConnectError["tried"]) {
    const each = tried.map(({ candidate, outcome, tookMs }) => `${candidate} ${outcome} after ${tookMs} ms`)
    super(
      `cannot connect to ${upstream}: ${
        each.length === 0 ? "no address is known" : `tried ${each.join(", ")}`
      }; see its candidates in status`
    )
    this.upstream = upstream
    this.tried = tried
  }
}

export function connecting<S extends EdgeSocket>(
  dialler: Dialler,
  resolve: ResolveHost | undefined,
  coreOf: () => EdgeCore
): (routes: UpstreamRoutes) => Promise<S> {
  let session = 0
  let turn = 0
  const chance = { draw: () => Math.random(), turn: () => turn++ }
  const none = () => 0

  return (upstream) => {
    const core = coreOf()
    const { version } = core.state.routes
    const member = pick(upstream, none, none, chance)
    const chosen = member?.candidate ?? "none"
    const accepted = ({ candidate, tried }: Dialled): Event => ({
      _tag: "ClientAccepted",
      worker: 0,
      session: ++session,
      listener: PROGRAM,
      upstream: upstream.id,
      routes: version,
      chosen,
      why: reasonOf(upstream, chosen),
      candidate,
      warm: 0,
      client: 0,
      tried
    })
    return new Promise((connected, failed) => {
      runPlanUnsafe(
        dialler,
        (host, limits, answer) =>
          resolving(dialler, resolve, host, limits, (found) => answer(Array.isArray(found) ? found : [], true)),
        member?.plan ?? upstream.lastResort,
        0,
        (candidate, pendingUs) => core.post({ _tag: "DialPending", worker: 0, candidate, pendingUs }),
        (dialled) => {
          core.post(accepted(dialled))
          const { socket, candidate } = dialled
          if (socket instanceof EdgeUpstream && candidate !== "none") {
            core.post({ _tag: "ClientClosed", worker: 0, session, candidate, client: 0, ...SEEN_NOTHING })
            return connected(socket.socket as S)
          }
          failed(
            new EdgeConnectError(
              upstream.name,
              dialled.tried.map(({ candidate: id, host, outcome, tookUs }) => ({
                candidate: host ?? Candidates.labelOf(core.state, id),
                outcome,
                tookMs: Math.round(tookUs / 1000)
              }))
            )
          )
        }
      )
    })
  }
}

/** The end of a session that tells nothing about the candidate. */
const SEEN_NOTHING = {
  bytesUp: 0,
  bytesDown: 0,
  firstByteUs: -1,
  answerUs: -1,
  durationUs: 0,
  silence: "none",
  cause: "stopped"
} as const
