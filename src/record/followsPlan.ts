/** Judges what a client tried by the routes it used. */
import { admits } from "../core/access.ts"
import { wordsOf } from "../core/addressWords.ts"
import { isAvoided } from "../core/identity.ts"
import type { Attempt, ClientAccepted } from "../core/model/Event.ts"
import type { DialAttempt, UpstreamRoutes } from "../core/model/Routes.ts"

/**
 * Whether what a client tried follows from its plan:
 * - Each address is a candidate of the plan, or an address of a name in the plan that `access` admits and the plan does not
 *   avoid.
 * - An address that has to prove its identity has done so before it connected.
 * - The client is served by the warm socket's candidate, or by the address that connected.
 */
export function followsPlan(routes: UpstreamRoutes, { chosen, candidate, warm, tried }: ClientAccepted): boolean {
  const { attempts } = routes.members.find((one) => one.candidate === chosen)?.plan ?? routes.lastResort
  const name = attempts.find(({ resolve }) => resolve !== undefined)
  const planned = tried.every((one) =>
    one.candidate === "system"
      ? name !== undefined && isOfName(one, name)
      : attempts.some((attempt) => attempt.candidate === one.candidate)
  )
  const proven = tried.every(({ candidate, outcome, verified }) =>
    outcome !== "connected" || verified === true
    || attempts.some((attempt) => attempt.candidate === candidate && attempt.verify === undefined)
  )
  const connected = tried.filter(({ outcome }) => outcome === "connected").map((one) => one.candidate)
  const server = warm > 0 ? chosen : connected[0] ?? "none"
  return planned && proven && connected.length <= 1 && candidate === server
}

/**
 * Whether the attempt is the query for a name of the plan, or an address of that name. An address was dialled exactly when
 * `access` admits it.
 */
function isOfName({ host, outcome }: Attempt, name: DialAttempt): boolean {
  if (host === undefined) return false
  const isQuestion = wordsOf(host) === undefined || outcome === "unresolved" || outcome === "timeout"
    || outcome === "cancelled"
  if (host === name.host && isQuestion) return true
  const { resolve } = name
  if (resolve === undefined) return false
  return outcome === "denied" ? !admits(resolve.access, host) : admits(resolve.access, host) && !isAvoided(resolve, host)
}
