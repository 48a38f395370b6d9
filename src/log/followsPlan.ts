/** Judges what a client tried by the routes it says it used. */
import { isAvoided } from "../core/identity.ts"
import type { ClientAccepted } from "../core/model/Event.ts"
import { STRANGER } from "../core/model/Event.ts"
import type { UpstreamRoutes } from "../core/model/Routes.ts"

/**
 * Whether what a client tried follows from its plan: only addresses of the plan, strangers only where the plan asks for those
 * of a name, and none that it avoids; whoever has to prove who it is has done so before it was connected; and the one that serves is the warm socket's or the one that connected.
 */
export function followsPlan(routes: UpstreamRoutes, { chosen, candidate, warm, tried }: ClientAccepted): boolean {
  const { attempts } = routes.members.find((one) => one.candidate === chosen)?.plan ?? routes.lastResort
  const mayBeStranger = attempts.some(({ resolve }) => resolve !== undefined)
  const planned = tried.every((one) =>
    one.candidate < 0
      ? mayBeStranger && !attempts.some(({ resolve }) => isAvoided(resolve, one.host ?? ""))
      : attempts.some((attempt) => attempt.candidate === one.candidate)
  )
  const proven = tried.every(({ candidate, outcome, verified }) =>
    outcome !== "connected" || verified === true
    || attempts.some((attempt) => attempt.candidate === candidate && attempt.verify === undefined)
  )
  const connected = tried.filter(({ outcome }) => outcome === "connected").map((one) => one.candidate)
  const server = warm > 0 ? chosen : connected.length === 0 ? -1 : connected[0] === -1 ? STRANGER : connected[0]
  return planned && proven && connected.length <= 1 && candidate === server
}
