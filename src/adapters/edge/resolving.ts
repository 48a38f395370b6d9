/** Names at the edge, where no system resolver answers: the program brings a function, or uses DNS over HTTPS. */
import type { Cancel, Dialler } from "../../plane/ports/Transport.ts"

export interface ResolveLimits {
  /** For the whole answer. */
  readonly timeoutMs: number
  /** `dns.servers` of the configuration. */
  readonly servers: ReadonlyArray<string>
}

/** The IP addresses of a name. It rejects when there are none, or when the signal ends it. */
export type ResolveHost = (
  host: string,
  options: ResolveLimits & { readonly signal: AbortSignal }
) => Promise<ReadonlyArray<string>>

/** Calls back once with the addresses or with the code of a failure. The cancel ends the query. */
export function resolving(
  dialler: Dialler,
  resolve: ResolveHost | undefined,
  host: string,
  { timeoutMs, servers }: ResolveLimits,
  answer: (result: ReadonlyArray<string> | string) => void
): Cancel {
  if (resolve === undefined) return dialler.timerUnsafe(0, () => answer("ENOTIMP"))
  const abort = new AbortController()
  let over = false
  const settle = (result: ReadonlyArray<string> | string) => {
    if (over) return
    over = true
    stopTimer()
    answer(result)
  }
  const stopTimer = dialler.timerUnsafe(timeoutMs, () => {
    settle("timeout")
    abort.abort()
  })
  resolve(host, { timeoutMs, servers, signal: abort.signal }).then(settle, () => settle("ENOTFOUND"))
  return () => {
    over = true
    stopTimer()
    abort.abort()
  }
}

/** Larger answers are refused. */
const MOST_BYTES = 65_536
const TYPES = { A: 1, AAAA: 28 }

/**
 * Resolves names by DNS over HTTPS in JSON, as `https://dns.google/resolve` and `https://cloudflare-dns.com/dns-query` serve
 * it. The service learns each name that is asked for.
 */
export function dnsOverHttps(url: string, request: typeof fetch = fetch): ResolveHost {
  const ask = async (host: string, type: keyof typeof TYPES, signal: AbortSignal): Promise<ReadonlyArray<string>> => {
    const target = new URL(url)
    target.searchParams.set("name", host)
    target.searchParams.set("type", type)
    const response = await request(target, { headers: { accept: "application/dns-json" }, signal })
    const text = response.ok ? await response.text() : ""
    const answer: unknown = text.length > MOST_BYTES || text === "" ? undefined : JSON.parse(text)
    const records = (answer as { readonly Answer?: unknown } | undefined)?.Answer
    if (!Array.isArray(records)) return []
    return records.filter((one) => one?.type === TYPES[type] && typeof one.data === "string").map((one) => one.data)
  }
  return async (host, { signal }) => {
    const answers = await Promise.allSettled([ask(host, "A", signal), ask(host, "AAAA", signal)])
    const addresses = answers.flatMap((one) => one.status === "fulfilled" ? one.value : [])
    if (addresses.length > 0) return addresses
    throw new Error(`${host} has no address`)
  }
}
