/** Options that the dispatcher and the agents share, with their defaults. */
import { heedingRules } from "./heedingRules.ts"
import type { TlsOptions } from "./handshake.ts"
import type { HandshakeLimits, OpenTls } from "./openTls.ts"
import { openTls } from "./openTls.ts"
import { byRules } from "./ruledTls.ts"
import type { Connector, Served } from "./Connector.ts"
import { SessionCache } from "./SessionCache.ts"
import type { Limits, WarmTlsOptions } from "./WarmTls.ts"
import { WarmTls } from "./WarmTls.ts"

export interface HttpOptions extends Partial<HandshakeLimits> {
  /** Options of TLS for all origins, such as `ca`, `cert` and `key`. */
  readonly tls?: TlsOptions
  /** TLS sessions that are kept to resume them. 0: each connection makes a full handshake. The default is 100. */
  readonly maxCachedSessions?: number
  /**
   * Statuses that count against the candidate, such as `[429, 500, 502, 503]`. The answer is passed on all the same. Its
   * connection is not used again, so that the next request can go to another candidate. The default is none.
   */
  readonly failingStatuses?: ReadonlyArray<number>
  /** Called for each response, before its body. */
  readonly onResponse?: (response: ResponseInfo) => void
  /**
   * How long a connection to the origin may have been idle and still take a request, in ms; undefined: as long as it is open.
   * The origin is such as `https://web.example`. By default Fairlead learns that of each origin.
   */
  readonly idleLimitMs?: (origin: string) => number | undefined
  /** Opens the TLS connections instead of the usual way. */
  readonly openTls?: OpenTls
  /** Opens TLS connections ahead of use, for origins in use. true: one for each of them. The default is false. */
  readonly warmTls?: WarmTlsOptions | boolean
}

export interface ResponseInfo {
  readonly origin: string
  readonly method: string
  readonly path: string
  readonly statusCode: number
  /** undefined: a connection that Fairlead did not make. */
  readonly served: Served | undefined
  /** From the request to its response, in ms. */
  readonly tookMs: number
}

/** 3 s as for a dial, and 500 ms until another candidate joins. */
export const HANDSHAKES: HandshakeLimits = { handshakeTimeoutMs: 3_000, hedgeAfterMs: 500, attempts: 4 }

const tlsOpener = (connector: Connector, options: HttpOptions): OpenTls =>
  heedingRules(
    connector,
    options.openTls ?? byRules(
      connector,
      openTls(
        connector,
        {
          handshakeTimeoutMs: options.handshakeTimeoutMs ?? HANDSHAKES.handshakeTimeoutMs,
          hedgeAfterMs: options.hedgeAfterMs ?? HANDSHAKES.hedgeAfterMs,
          attempts: options.attempts ?? HANDSHAKES.attempts
        },
        new SessionCache(options.maxCachedSessions ?? 100)
      )
    )
  )

/** The same with TLS connections that are there before they are needed, where the program wants them. */
export function warmTlsOf(connector: Connector, options: HttpOptions, limits: Limits): WarmTls {
  const { warmTls = false } = options
  const wanted = warmTls === true ? {} : warmTls === false ? { perOrigin: 0 } : warmTls
  return new WarmTls(tlsOpener(connector, options), wanted, limits)
}
