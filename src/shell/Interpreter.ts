/** Interpreter: carries out the core's decisions. It is one exhaustive switch, and has no policy. */
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import * as PubSub from "effect/PubSub"
import type { UpstreamId } from "../core/model/Candidate.ts"
import type { Decision, Fact } from "../core/model/Decision.ts"
import type { Event } from "../core/model/Event.ts"
import { probe } from "./Prober.ts"
import type { Resolver } from "../plane/ports/Resolver.ts"
import { resolve } from "./resolve.ts"
import type { PlanePort } from "../plane/ports/PlanePort.ts"
import { Transport } from "../plane/ports/Transport.ts"

/** Slow readers may fall behind by this many facts before the oldest are dropped. */
const FACTS_KEPT = 1024

export interface Interpreter {
  readonly runUnsafe: (decision: Decision) => void
  readonly facts: PubSub.PubSub<Fact>
}

/** `isAwaited`: whether no address of an upstream's name is known. */
export const make = Effect.fnUntraced(function* (
  plane: PlanePort["Service"],
  resolver: Resolver["Service"],
  post: (event: Event) => void,
  isAwaited: (upstream: UpstreamId) => boolean
) {
  const transport = yield* Transport
  const facts = yield* PubSub.sliding<Fact>(FACTS_KEPT)
  const forkProbe = yield* FiberMap.runtime(yield* FiberMap.make<number>())()
  const forkResolve = yield* FiberMap.runtime(yield* FiberMap.make<number>())()
  const publish = (fact: Fact) => {
    // If a reader has fallen behind, `publishUnsafe` drops the fact for all readers. Then the oldest fact must go.
    if (!PubSub.publishUnsafe(facts, fact)) Effect.runSync(PubSub.publish(facts, fact))
  }
  const interpreter: Interpreter = {
    facts,
    runUnsafe(decision) {
      switch (decision._tag) {
        case "Probe":
          return void forkProbe(decision.probe, Effect.map(probe(transport, decision), post))
        case "Resolve":
          return void forkResolve(
            decision.resolve,
            Effect.map(resolve(resolver, decision, isAwaited(decision.upstream) ? post : undefined), post)
          )
        case "DialWarm":
        case "Retire":
        case "Race":
          return plane.actUnsafe(decision)
        case "SelectionMoved":
        case "BreakerOpened":
        case "BreakerClosed":
        case "Suspected":
        case "Cleared":
        case "MembershipChanged":
        case "LadderStepped":
        case "PreheatStarted":
        case "PreheatCompleted":
        case "UpstreamRefreshed":
        case "PoolResized":
        case "WarmWithheld":
        case "ConfigApplied":
        case "EnabledChanged":
        case "AddressesRefused":
        case "IdentityFailed":
        case "IdentityProven":
        case "OutageBegan":
        case "OutageEnded":
        case "CommonCauseBegan":
        case "CommonCauseEnded":
        case "AutoDisabled":
        case "AutoEnabled":
        case "DomainDropped":
          return publish(decision)
        default:
          decision satisfies never
      }
    }
  }
  return interpreter
})
