/**
 * A TLS connection for the program, by the chain of its upstream: each stage is another way to ask for the server, and in each
 * the certificate has to be valid for the real host (core/tlsChain.ts). The outcome of every attempt is an event of the core.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as net from "node:net"
import type * as tls from "node:tls"
import type { OwnTls, Refused, Secured } from "../../adapters/node/secure.ts"
import { secure } from "../../adapters/node/secure.ts"
import * as Candidates from "../../core/candidates.ts"
import { isLiteral } from "../../core/domain.ts"
import type { UpstreamId } from "../../core/model/Candidate.ts"
import type { TlsAttempt, TlsStage } from "../../core/model/Event.ts"
import type { PlannedStage } from "../../core/tlsChain.ts"
import { after, stagesOf, START } from "../../core/tlsChain.ts"
import * as Upstreams from "../../core/upstreams.ts"
import type { Target } from "../../plane/Target.ts"
import { FailedTls, TlsPart } from "../../plane/TlsPart.ts"
import type { Ports } from "./connecting.ts"
import { connecting } from "./connecting.ts"
import type { ConnectError } from "./errors.ts"
import { TlsError } from "./errors.ts"

/** Trials of stages that are off. One client at a time has the trial of a stage. */
export class StageTrials {
  readonly #underWay = new Set<string>()

  /** The stages that this client may try. */
  claim(id: UpstreamId, stages: ReadonlyArray<PlannedStage>): ReadonlyArray<PlannedStage> {
    return stages.filter(({ stage, isTrial }) => {
      if (!isTrial) return true
      const key = `${id} ${stage}`
      return !this.#underWay.has(key) && this.#underWay.add(key)
    })
  }

  release(id: UpstreamId, stages: ReadonlyArray<PlannedStage>): void {
    for (const { stage, isTrial } of stages) if (isTrial) this.#underWay.delete(`${id} ${stage}`)
  }
}

type Told = TlsError["tried"][number]

/** One attempt to ask a connected address. */
interface Asked {
  readonly stage: TlsStage
  readonly candidate: TlsAttempt["candidate"]
  readonly beganUs: number
}

/** An interruption stops the attempt under way and closes its connection. */
export const stagedTls = (
  ports: Ports,
  trials: StageTrials,
  target: Target,
  id: UpstreamId,
  name: string,
  own: OwnTls
): Effect.Effect<tls.TLSSocket, ConnectError | TlsError> =>
  Effect.suspend(() => {
    const { engine, connections } = ports
    const config = Upstreams.configOf(engine.stateUnsafe(), id)
    const { tls: limits, dial: { deadlineMs } } = config
    if (config.host === "") return Effect.fail(new TlsError({ upstream: name, reason: "nameless", tried: [] }))
    // A name may end in a dot, and a certificate never does.
    const host = config.host.replace(/\.$/, "")
    const beganUs = engine.nowUs()
    const stages = trials.claim(id, stagesOf(engine.stateUnsafe(), id, beganUs))
    const tried: Array<TlsAttempt> = []
    const told: Array<Told> = []
    const failed = { cover: new FailedTls(), real: new FailedTls(), system: new FailedTls() }
    let asked: Asked | undefined
    let won: tls.TLSSocket | undefined

    const note = (outcome: TlsAttempt["outcome"], label: string, why: string, unpinned = false) => {
      if (asked === undefined) return
      const { stage, candidate, beganUs } = asked
      const tookUs = engine.nowUs() - beganUs
      const foreign = own.ca === undefined ? {} : { foreign: true } as const
      tried.push({ stage, candidate, outcome, tookUs, ...(unpinned ? { unpinned } : {}), ...foreign })
      told.push({ stage, candidate: label, outcome, why, tookMs: Math.round(tookUs / 1000) })
      asked = undefined
    }
    const post = Effect.sync(() => {
      note("cancelled", "", "")
      if (tried.length > 0 && engine.reserveUnsafe(1)) {
        engine.postUnsafe({ _tag: "TlsTried", worker: 0, upstream: id, tried, tookUs: engine.nowUs() - beganUs })
      }
      trials.release(id, stages)
    })
    const handshake = (socket: net.Socket, stage: TlsStage) =>
      Effect.callback<Secured | Refused>((resume) => {
        const servername = stage === "cover" ? limits.coverName : isLiteral(host) ? "" : host
        const { pins, pinsReportOnly, timeoutMs } = limits
        const options = { servername, host, ca: config.ca, pins, pinsReportOnly, timeoutMs, own }
        return Effect.sync(secure(socket, options, (result) => {
          // The session's end is told in the next turn at the earliest, so this is in time.
          if (result.outcome !== "served") judge(socket, stage, result.outcome)
          resume(Effect.succeed(result))
        }))
      })
    /** Under another name, or by other authorities, a candidate is not to be blamed, and neither is one with another key. */
    const judge = (socket: net.Socket, stage: TlsStage, outcome: Refused["outcome"]) => {
      const isExcused = stage === "cover" || outcome === "pin" || (outcome === "certificate" && own.ca !== undefined)
      if (isExcused) connections.excuse(socket)
      else connections.fail(socket)
    }

    const attempt = Effect.fnUntraced(function* (stage: TlsStage) {
      asked = { stage, candidate: "none", beganUs: engine.nowUs() }
      const connected = yield* Effect.result(connecting(ports, target, name, new TlsPart(stage, failed[stage])))
      if (Result.isFailure(connected)) {
        if (connected.failure.reason !== "unreachable") return yield* connected.failure
        const dials = connected.failure.tried.map(({ candidate, outcome }) => `${candidate} ${outcome}`)
        note("unreached", "", dials.join(", ") || "no further address")
        return "unreached" as const
      }
      const socket = connected.success
      const reached = connections.reachedBy(socket)
      const candidate = reached?.candidate ?? "system"
      asked = { stage, candidate, beganUs: engine.nowUs() }
      const result = yield* handshake(socket, stage)
      const address = candidate === "system"
        ? reached?.tried.find(({ outcome }) => outcome === "connected")?.host ?? ""
        : Candidates.find(engine.stateUnsafe(), candidate)?.host ?? ""
      const label = candidate === "system" ? address : Candidates.labelOf(engine.stateUnsafe(), candidate)
      if (result.outcome === "served") {
        note("served", label, "", result.unpinned)
        won = result.socket
        connections.secure(won, socket, stage)
        return won
      }
      note(result.outcome, label, result.why)
      failed[stage].add(candidate, address)
      // The last stage asks in the same way as the real one.
      if (stage === "real") failed.system.add(candidate, address)
      return result.outcome
    })

    const chain = Effect.gen(function* () {
      let place = START
      for (;;) {
        const stage = stages[place.at]?.stage
        if (stage === undefined) return yield* new TlsError({ upstream: name, reason: "exhausted", tried: told })
        const result = yield* attempt(stage)
        if (typeof result !== "string") return result
        const next = after(place, result, limits.attempts)
        if (typeof next === "string") return yield* new TlsError({ upstream: name, reason: "pin", tried: told })
        place = next
      }
    })
    return Effect.timeoutOrElse(chain, {
      duration: deadlineMs,
      orElse: () =>
        Effect.suspend(() => {
          note("cancelled", "", "the deadline was over")
          return Effect.fail(new TlsError({ upstream: name, reason: "timeout", tried: told }))
        })
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => won?.destroy())), Effect.ensuring(post))
  })
