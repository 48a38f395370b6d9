/**
 * Interpreter: carries out the core's decisions. It is one exhaustive switch, and has no policy. Each probe and each query is one
 * fiber of the scope, which reports its outcome as an event. The end of the scope ends them all.
 */
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as PubSub from "effect/PubSub"
import * as Candidates from "../core/candidates.ts"
import type { Decision, Fact, Probe, Resolve } from "../core/model/Decision.ts"
import type { Event } from "../core/model/Event.ts"
import type { State } from "../core/model/State.ts"
import { namedBy } from "../core/sources.ts"
import * as Upstreams from "../core/upstreams.ts"
import type { Handshake } from "./Prober.ts"
import { probe } from "./Prober.ts"
import type { Resolver } from "../plane/ports/Resolver.ts"
import type { Query } from "./resolve.ts"
import { resolve } from "./resolve.ts"
import { traced, Traces } from "./Traces.ts"
import type { PlanePort } from "../plane/ports/PlanePort.ts"
import { Transport } from "../plane/ports/Transport.ts"

/** Slow readers may fall behind by this many facts before the oldest are dropped. */
const FACTS_KEPT = 1024

export interface Interpreter {
  readonly runUnsafe: (decision: Decision) => void
  readonly facts: PubSub.PubSub<Fact>
}

/** `stateUnsafe` is the state from which a decision follows. */
export const make = Effect.fnUntraced(function* (
  plane: PlanePort["Service"],
  resolver: Resolver["Service"],
  post: (event: Event) => void,
  stateUnsafe: () => State
) {
  const transport = yield* Transport
  const tracing = yield* Traces
  const facts = yield* PubSub.sliding<Fact>(FACTS_KEPT)
  const fork = yield* FiberSet.makeRuntime<never, void>()
  const publish = (fact: Fact) => {
    // If a reader has fallen behind, `publishUnsafe` drops the fact for all readers. Then the oldest fact must go.
    if (!PubSub.publishUnsafe(facts, fact)) Effect.runSync(PubSub.publish(facts, fact))
  }

  /** A reference belongs to no upstream, and is not traced. */
  const tracedProbe = ({ probe, candidate }: Probe) => (handshake: Handshake) =>
    traced(candidate === "reference" ? null : tracing, handshake, {
      name: "fairlead.probe",
      number: probe,
      kind: "client",
      attributes: () => {
        const state = stateUnsafe()
        const upstream = Candidates.find(state, candidate)?.upstream
        return {
          "fairlead.upstream": upstream === undefined ? "unknown" : Upstreams.labelOf(state, upstream),
          "fairlead.candidate": Candidates.labelOf(state, candidate)
        }
      },
      ended: () => ({ "fairlead.outcome": "ok" })
    })

  const tracedQuery = ({ resolve, upstream }: Resolve) => (query: Query) =>
    traced(tracing, query, {
      name: "fairlead.resolve",
      number: resolve,
      kind: "client",
      attributes: () => ({ "fairlead.upstream": Upstreams.labelOf(stateUnsafe(), upstream) || "unknown" }),
      ended: ({ addresses }) => ({ "fairlead.outcome": "resolved", "fairlead.addresses": addresses.length })
    })

  /** Clients may wait for the first address where none of the name is known. */
  const early = ({ upstream }: Resolve) => namedBy(stateUnsafe(), upstream, "dns").length === 0 ? post : undefined

  const interpreter: Interpreter = {
    facts,
    runUnsafe(decision) {
      switch (decision._tag) {
        case "Probe":
          return void fork(Effect.map(probe(transport, decision, tracedProbe(decision)), post))
        case "Resolve":
          return void fork(Effect.map(resolve(resolver, decision, early(decision), tracedQuery(decision)), post))
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
        case "TlsServed":
        case "TlsFellBack":
        case "TlsPinMismatched":
        case "TlsStageDisabled":
        case "TlsStageEnabled":
          return publish(decision)
        default:
          decision satisfies never
      }
    }
  }
  return interpreter
})
