/** Routes and plans offer only what may be dialled: listed, admitted by `access`, not shut out, and no impostor. */
import { accessFor, admits } from "../../../src/core/access.ts"
import { isVouched } from "../../../src/core/candidate/identity.ts"
import { same } from "../../../src/core/data/same.ts"
import * as Candidates from "../../../src/core/candidates.ts"
import type { Routes } from "../../../src/core/model/Routes.ts"
import type { State } from "../../../src/core/model/State.ts"
import type { Checker, MakeChecker } from "../Checker.ts"
import { mustHold } from "../Checker.ts"

/** A client that came before a reload follows its old plan to the end. */
const OLD_PLAN_MS = 10_000

export const routes: MakeChecker = ({ met, nowMs }): Checker => {
  let reloadedMs = 0
  const check = (state: State, { upstreams }: Routes) => {
    for (const { id, name, members, lastResort } of upstreams) {
      const config = state.config.upstreams[id]
      if (config === undefined) continue
      const access = accessFor(state.config, config)
      if (access.deny.length > 0) met("routes were checked while addresses were denied")
      for (const { attempts } of [lastResort, ...members.map(({ plan }) => plan)]) {
        for (const { candidate: ref, host, port, resolve } of attempts) {
          if (ref === "system") {
            mustHold(
              resolve !== undefined && same(resolve.access, access),
              () => `${name} resolves its name with another access than its own`
            )
            continue
          }
          const candidate = Candidates.find(state, ref)
          mustHold(candidate !== undefined, () => `${name} offers ${host}, which is gone`)
          if (candidate === undefined) continue
          mustHold(candidate.host === host && candidate.port === port, () => `${name} offers ${host} as another candidate`)
          mustHold(candidate.sources.length > 0, () => `${name} offers ${host}, which left`)
          mustHold(admits(access, host), () => `${name} offers ${host}, which access denies`)
          mustHold(candidate.identity.state !== "failed", () => `${name} offers ${host}, which is an impostor`)
        }
      }
      for (const { candidate: ref } of members) {
        const candidate = Candidates.find(state, ref)
        if (candidate === undefined) continue
        met("a member was checked")
        const { host, breaker } = candidate
        mustHold(breaker.state === "closed", () => `${name} sends clients to ${host}, which is shut out`)
        mustHold(isVouched(candidate), () => `${name} sends clients to ${host}, which has not shown its certificate`)
        mustHold(Candidates.isListed(candidate), () => `${name} sends clients to ${host}, which is not listed`)
      }
    }
  }
  return {
    began: () => void (reloadedMs = nowMs()),
    folded: (_process, { entry: { event }, advanced: { state } }) => {
      if (event._tag !== "ConfigChanged") return
      met("routes were checked after a reload")
      reloadedMs = nowMs()
      check(state, state.routes)
    },
    published: ({ state }, routes) => check(state, routes),
    dialled: ({ state: { config } }, host) => {
      if (config.access.deny.length === 0 || nowMs() - reloadedMs < OLD_PLAN_MS) return
      met("a dial was checked while addresses were denied")
      mustHold(admits(config.access, host), () => `${host} is dialled, which access denies`)
    }
  }
}
