/**
 * The pure core: it imports nothing of a platform. Its driver stamps events, carries out acts and wakes it at its deadline.
 */
export { advance } from "./advance.ts"
export { nextDeadline } from "./deadline.ts"
export type { Config } from "./model/Config.ts"
export type { Decision } from "./model/Decision.ts"
export type { Entry, Event } from "./model/Event.ts"
export type { DialPlan, Routes, UpstreamRoutes } from "./model/Routes.ts"
export type { State } from "./model/State.ts"
export { pick } from "./pick.ts"
export { initial } from "./state.ts"
