/** The requests that a worker answers. Callers choose among what is configured, and name no address. */
import { sameText } from "../../adapters/edge/sameText.ts"
import type { Ranking } from "../../adapters/edge/ranking.ts"
import type { EdgeContext } from "../../adapters/edge/sockets.ts"
import type { Status } from "../../shell/status.ts"

export interface Answering {
  /** null: a request needs none. */
  readonly token: string | null
  readonly refreshed: (context: EdgeContext | undefined, upstream?: string) => Promise<void>
  /** Throws where no upstream has the name. */
  readonly rank: (upstream: string, candidates: number) => Ranking
  readonly status: (candidates: number) => Status
  /** Candidates of each upstream by default. */
  readonly shown: number
}

export const answering =
  ({ token, refreshed, rank, status, shown }: Answering) =>
  async (request: Request, _env?: unknown, context?: EdgeContext): Promise<Response> => {
    if (request.method !== "GET" && request.method !== "HEAD") return said(405, "GET alone", { allow: "GET, HEAD" })
    if (token !== null && !await hasToken(request, token)) {
      return said(401, "this needs `Authorization: Bearer TOKEN`", { "www-authenticate": 'Bearer realm="fairlead"' })
    }
    const { pathname, searchParams } = new URL(request.url)
    const candidates = wanted(searchParams.get("candidates"), shown)
    if (candidates === undefined) return said(400, "candidates: expected a whole number from 0 to 1000000")
    if (pathname === "/status") {
      await refreshed(context)
      return json(status(candidates))
    }
    const upstream = upstreamIn(pathname)
    if (upstream === undefined) return said(404, "known paths are /rank/UPSTREAM and /status")
    try {
      rank(upstream, 0)
    } catch (cause) {
      return said(404, cause instanceof Error ? cause.message : String(cause))
    }
    await refreshed(context, upstream)
    return json(rank(upstream, candidates))
  }

function upstreamIn(pathname: string): string | undefined {
  const [, name] = /^\/rank\/([^/]+)$/.exec(pathname) ?? []
  try {
    return name === undefined ? undefined : decodeURIComponent(name)
  } catch {
    return undefined
  }
}

function wanted(text: string | null, shown: number): number | undefined {
  if (text === null) return shown
  return /^\d{1,6}$|^1000000$/.test(text) ? Number(text) : undefined
}

async function hasToken(request: Request, token: string): Promise<boolean> {
  const [, given] = /^bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "") ?? []
  return given !== undefined && await sameText(given, token)
}

function json(value: unknown): Response {
  return Response.json(value, { headers: { "cache-control": "no-store" } })
}

function said(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${text}\n`, { status, headers: { ...headers, "cache-control": "no-store" } })
}
