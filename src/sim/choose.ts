/** What one client does when it comes: it chooses as the data plane does, and takes a warm socket if there is one. */
import type { ChoiceReason, ClientAccepted } from "../core/model/Event.ts"
import type { DialPlan, Routes, UpstreamRoutes } from "../core/model/Routes.ts"
import type { Chance } from "../core/pick.ts"
import { pick, reasonOf } from "../core/pick.ts"
import type { SimShell } from "./SimShell.ts"
import type { WarmSocket } from "./WarmSockets.ts"

export interface Choice {
  /** The part of `ClientAccepted` that is known before a dial. */
  readonly told: Pick<ClientAccepted, "listener" | "upstream" | "routes" | "chosen" | "why" | "warm">
  readonly taken: WarmSocket | undefined
  /** What is dialled where no warm socket was taken. */
  readonly plan: DialPlan
}

export function choose(
  shell: SimShell,
  { version }: Routes,
  upstream: UpstreamRoutes,
  chance: Chance,
  client: number
): Choice {
  const member = pick(
    upstream,
    (id) => shell.sessions.countOf(id),
    (id) => shell.warm.countOf(id),
    chance,
    () => String(client)
  )
  const chosen: ClientAccepted["chosen"] = member?.candidate ?? "none"
  const why: ChoiceReason = reasonOf(upstream, chosen)
  const taken = member === undefined ? undefined : shell.warm.take(member.candidate)
  const told = { listener: "web", upstream: upstream.id, routes: version, chosen, why, warm: taken?.warm ?? 0 }
  return { told, taken, plan: member?.plan ?? upstream.lastResort }
}
