/**
 * Fairlead in an edge runtime: candidates are probed and scored by the same core. A worker runs during requests only, so rounds
 * of probes begin with a request or a scheduled event, and what was learned stays in the isolate between them.
 */
import { connecting } from "../../adapters/edge/EdgeConnections.ts"
import { EdgeCore } from "../../adapters/edge/EdgeCore.ts"
import { EdgeDialler } from "../../adapters/edge/EdgeDialler.ts"
import type { Ranking } from "../../adapters/edge/ranking.ts"
import { rankingOf } from "../../adapters/edge/ranking.ts"
import type { ResolveHost } from "../../adapters/edge/resolving.ts"
import type { RoundLimits } from "../../adapters/edge/Rounds.ts"
import { Rounds } from "../../adapters/edge/Rounds.ts"
import type { ConnectSocket, EdgeContext, EdgeSocket } from "../../adapters/edge/sockets.ts"
import type { UpstreamRoutes } from "../../core/model/Routes.ts"
import type { Status } from "../../shell/status.ts"
import { statusOf } from "../../shell/status.ts"
import type { EdgeConfig, EdgeSettings } from "./config.ts"
import { EdgeConfigError, settingsOf } from "./config.ts"
import { answering } from "./handler.ts"

/** Candidates of each upstream in `rank` and `status`. */
const CANDIDATES_SHOWN = 256

export interface EdgeOptions<S extends EdgeSocket> extends Partial<RoundLimits> {
  /** `connect` of `cloudflare:sockets`. */
  readonly connect: ConnectSocket<S>
  /**
   * The token that a request to `fetch` has to show as `Authorization: Bearer TOKEN`; null: every caller may read the ranking
   * and the status, which tell addresses.
   */
  readonly token: string | null
  /** Resolves the names of upstreams; absent: no upstream may have a `host`. */
  readonly resolve?: ResolveHost
  /** A request waits for its round at most this long where no candidate has answered yet, in ms; 1000 by default. */
  readonly waitMs?: number
}

export class UnknownEdgeUpstreamError extends Error {
  override readonly name = "UnknownEdgeUpstreamError"
  constructor(upstream: string, known: ReadonlyArray<string>) {
    super(`no upstream has the name ${upstream}: known upstreams are ${known.join(", ") || "none"}`)
  }
}

/** As the default export of a worker it answers requests and scheduled events. */
export interface Edge<S extends EdgeSocket> {
  /** Answers `GET /rank/UPSTREAM` and `GET /status`, and begins a round of probes that is due. It dials configured addresses only. */
  readonly fetch: (request: Request, env?: unknown, context?: EdgeContext) => Promise<Response>
  /** Carries out a round. */
  readonly scheduled: (event?: unknown, env?: unknown, context?: EdgeContext) => Promise<void>
  /** Carries out what is due. Resolves when that is over; at once, if a round of another request is under way. Never rejects. */
  readonly round: () => Promise<void>
  /** The candidates of an upstream, the best first. Throws an `UnknownEdgeUpstreamError`. */
  readonly rank: (upstream: string) => Ranking
  /** As `/status`, with addresses in full. */
  readonly status: () => Status
  /**
   * A connection to the best address, by its dial plan: the next candidates are tried as `dial` and the ladder say. The outcomes of
   * the attempts count as samples. The socket belongs to the request. Rejects with an `EdgeConnectError`.
   */
  readonly connect: (upstream: string, context?: EdgeContext) => Promise<S>
}

/** Makes nothing but a checked configuration: clocks, random numbers and sockets come with the first request. */
export function createEdge<S extends EdgeSocket>(config: EdgeConfig, options: EdgeOptions<S>): Edge<S> {
  const { connect, token, resolve, waitMs = 1_000 } = options
  const settings = settingsOf(config, resolve !== undefined)
  if (token === undefined || token === "") {
    throw new EdgeConfigError([{
      path: "token",
      expected: "a text, or null",
      message: "is missing: name the token that a request must show, or null if every caller may read the ranking"
    }])
  }
  const limits = limitsOf(options, settings)
  const dialler = new EdgeDialler(connect)
  const begun = once(() => {
    const [seed = 0] = crypto.getRandomValues(new Uint32Array(1))
    const core = new EdgeCore({ config: settings.core, seed, nowUs: dialler.nowUs, wallMs: () => Date.now() })
    return { core, rounds: new Rounds(core, dialler, resolve, limits) }
  })

  const routesOf = (upstream: string): UpstreamRoutes => {
    const { core } = begun()
    core.catchUp()
    const { upstreams } = core.state.routes
    const found = upstreams.find(({ name }) => name === upstream)
    // With `preheat: false` the first use begins the search.
    if (found?.needsDiscovery === true) {
      core.post({ _tag: "DomainRequested", worker: 0, upstream: found.id, host: "", port: 0 })
    }
    if (found !== undefined) return found
    throw new UnknownEdgeUpstreamError(upstream, upstreams.map(({ name }) => name))
  }
  const round = () => begun().rounds.run()

  /** Begins a round that is due in this request, and waits for it where what was asked for has no candidate that serves. */
  const refreshed = async (context: EdgeContext | undefined, upstream?: string): Promise<void> => {
    const { core, rounds } = begun()
    core.catchUp()
    if (!rounds.isDue) return
    const running = rounds.run()
    context?.waitUntil(running)
    const { upstreams } = core.state.routes
    const asked = upstreams.filter(({ name }) => upstream === undefined || name === upstream)
    if (context !== undefined && asked.some(({ members }) => members.length > 0)) return
    let stop = () => {}
    await Promise.race([running, new Promise<void>((late) => (stop = dialler.timerUnsafe(waitMs, late)))])
    stop()
  }

  const status = (addresses: EdgeSettings["addresses"] = "full", candidates = CANDIDATES_SHOWN): Status => {
    const { core } = begun()
    core.catchUp()
    return statusOf({
      state: core.state,
      nowUs: core.nowUs(),
      restarts: core.restarts,
      listeners: [],
      record: { from: -1, to: -1, gaps: 0 },
      names: { of: () => undefined }
    }, { addresses, candidates })
  }
  const rank = (upstream: string, candidates = CANDIDATES_SHOWN) =>
    rankingOf(begun().core.state, routesOf(upstream), candidates)

  const connected = connecting<S>(dialler, resolve, () => begun().core)

  return {
    round,
    rank: (upstream) => rank(upstream),
    status: () => status(),
    fetch: answering({
      token,
      refreshed,
      rank,
      status: (candidates) => status(settings.addresses, candidates),
      shown: CANDIDATES_SHOWN
    }),
    scheduled: async (_event, _env, context) => {
      const running = round()
      context?.waitUntil(running)
      await running
    },
    connect: async (upstream, context) => {
      if (routesOf(upstream).needsDiscovery) await refreshed(context, upstream)
      const socket = await connected(routesOf(upstream))
      context?.waitUntil(begun().rounds.isDue ? round() : Promise.resolve())
      return socket
    }
  }
}

function limitsOf(
  { roundMs = 15_000, actsPerRound = 40, lingerMs = 100 }: Partial<RoundLimits>,
  { core }: EdgeSettings
): RoundLimits {
  const longestMs = Math.max(...core.upstreams.map(({ probing }) => probing.timeoutMs))
  const problems = [
    ...(roundMs > longestMs ? [] : [{
      path: "roundMs",
      expected: `more than ${longestMs}`,
      message: `a round of ${roundMs} ms ends before probing.timeout (${longestMs} ms): make it longer`
    }]),
    ...(Number.isSafeInteger(actsPerRound) && actsPerRound > 0 ? [] : [{
      path: "actsPerRound",
      expected: "a whole number from 1",
      message: `expected a whole number from 1, got ${actsPerRound}`
    }])
  ]
  if (problems.length > 0) throw new EdgeConfigError(problems)
  return { roundMs, actsPerRound, lingerMs }
}

function once<A>(make: () => A): () => A {
  let made: { readonly value: A } | undefined
  return () => (made ??= { value: make() }).value
}
