/** Requests to the admin port that served the page. */
import type { Explanation, Status } from "./answers.ts"

/** A service that takes longer counts as one that does not answer. */
const TIMEOUT_MS = 5_000

/** The port asks for the token. */
export class SignedOut extends Error {}

/** The port answered with something else than what was asked for. */
export class Refused extends Error {}

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, { ...init, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (response.status === 401) throw new SignedOut("the port asks for the token")
  return response
}

export interface Wanted {
  /** Of each upstream at most. */
  readonly candidates: number
  /** Past latencies too. */
  readonly course: boolean
  /** These alone; absent: all. */
  readonly upstreams?: ReadonlyArray<string>
}

/** The state of the service. */
export async function status({ candidates, course, upstreams = [] }: Wanted): Promise<Status> {
  const query = new URLSearchParams({ candidates: String(candidates), course: String(course) })
  for (const name of upstreams) query.append("upstream", name)
  const response = await ask(`/status?${query}`)
  if (!response.ok) throw new Refused(`/status: ${(await response.text()).trim()}`)
  return await response.json() as Status
}

/** Why the candidates of an upstream serve or do not. */
export async function explain(upstream: string, candidates: number): Promise<Explanation> {
  const response = await ask(`/explain?${new URLSearchParams({ upstream, candidates: String(candidates) })}`)
  if (!response.ok) throw new Refused((await response.text()).trim())
  return await response.json() as Explanation
}

/** Whether the port has a token, so that there is a session to end. */
export async function needsToken(): Promise<boolean> {
  const response = await ask("/session")
  return response.ok && (await response.json() as { readonly needsToken: boolean }).needsToken
}

/** Trades the token for a cookie. Throws `SignedOut` for a wrong token. */
export async function signIn(token: string): Promise<void> {
  const response = await ask("/session", { method: "POST", headers: { authorization: `Bearer ${token}` } })
  if (!response.ok) throw new Refused((await response.text()).trim())
}

export async function signOut(): Promise<void> {
  await ask("/session", { method: "DELETE" })
}

/** The sentences that an order leaves. */
export interface Outcome {
  readonly done: boolean
  readonly said: ReadonlyArray<string>
}

export async function setEnabled(enabled: boolean): Promise<Outcome> {
  const response = await ask("/enabled", { method: "PUT", body: JSON.stringify({ enabled }) })
  if (!response.ok) return refusedBy(response)
  return {
    done: true,
    said: [enabled ? "Fairlead chooses addresses again." : "Fairlead is off: every client goes to the last resort."]
  }
}

/** Measures and resolves anew. `upstream`: its name; undefined: all. */
export async function refresh(upstream: string | undefined): Promise<Outcome> {
  const query = upstream === undefined ? "" : `?${new URLSearchParams({ upstream })}`
  const response = await ask(`/refresh${query}`, { method: "POST" })
  if (!response.ok) return refusedBy(response)
  return { done: true, said: [`Measuring ${upstream ?? "all upstreams"} anew.`] }
}

export async function reload(): Promise<Outcome> {
  const response = await ask("/reload", { method: "POST" })
  if (response.status !== 200 && response.status !== 422) return refusedBy(response)
  const { applied, problems, warnings } = await response.json() as {
    readonly applied: boolean
    readonly problems: ReadonlyArray<string>
    readonly warnings: ReadonlyArray<string>
  }
  const first = applied ? "The configuration was read anew." : "The configuration has a mistake, so nothing changed."
  return { done: applied, said: [first, ...problems, ...warnings] }
}

async function refusedBy(response: Response): Promise<Outcome> {
  const text = (await response.text()).trim()
  return { done: false, said: [`The service refused (${response.status}): ${text}`] }
}
