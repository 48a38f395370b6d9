/**
 * A candidate: one address that can serve one upstream, and all that the core has learned about it.
 *
 * An id is generation x 2^20 + slot, and no id is ever used twice. The slot finds the record in one step. The generation shows
 * whether an event means this candidate or an earlier one in the same slot.
 *
 * Rules for the fields here and in the other files of this folder:
 * - `...Us` is a time in microseconds, `...Ms` one in milliseconds.
 * - `...AtUs` and `...SinceUs` are moments of the monotonic clock; -1 means never.
 * - `...DueUs` is the moment of a deadline; -1 means that none is scheduled.
 */
import type { Ewma } from "../math/Ewma.ts"
import type { SuccessWindow } from "../math/SuccessWindow.ts"
import type { CandidateId, Endpoint, ProbeTarget, UpstreamId } from "../schema/ids.ts"
import type { Prior } from "./History.ts"
import type { Source } from "./Source.ts"

/** Whatever can stand where a candidate may. `none`: there is none. */
export type CandidateRef = Endpoint | ProbeTarget | "none"
export type { CandidateId, Endpoint, ProbeTarget, UpstreamId } from "../schema/ids.ts"
export type { Source } from "./Source.ts"

/** Slots: 2^20, more candidates than `maxCandidates` may ever allow. */
export const SLOTS = 0x10_0000

/** The circuit breaker. `closed`: the candidate serves. `open`: it gets no clients. `half-open`: its one trial is under way. */
export interface BreakerState {
  readonly state: "closed" | "open" | "half-open"
  /** Failures to connect in a row. */
  readonly consecutive: number
  /** Failures after connect in a row. */
  readonly consecutiveAfter: number
  /** The last failure after connect. An upstream byte clears only failures before it. */
  readonly failedAfterAtUs: number
  /** Handshakes that succeeded and failed within `breaker.window`. */
  readonly window: SuccessWindow
  /**
   * Times that the breaker opened without staying closed long enough in between. Each one doubles the longest wait for a trial.
   */
  readonly openings: number
  /** Trials in a row that failed. They lengthen the wait for the next trial. */
  readonly trials: number
  /** The last change from closed to open. */
  readonly openedAtUs: number
  /** How long the breaker was open the last time. */
  readonly openForMs: number
  /** The next trial: while the breaker is open, and while it is closed and the last handshake failed. */
  readonly trialDueUs: number
  readonly closedAtUs: number
  /** Share of new clients that the candidate may get after its breaker closed, from 0 to 1. */
  readonly slowStartWeight: number
  /** The next step of that share. */
  readonly rampDueUs: number
  /** Failures after connect in the last minute, by client address: at most two of each address. */
  readonly blamed: ReadonlyArray<{ readonly client: number; readonly atUs: number }>
}

/** Signs that a candidate may have died, before there is proof: see reducers/suspicion.ts. */
export interface Suspicion {
  /** A handshake is pending for too long. */
  readonly pending: boolean
  /** When the handshake under way has been pending for too long; -1: the core watches no handshake. */
  readonly pendingDueUs: number
  /** When the latest answered handshake began. A handshake that began before it and is still pending was overtaken. */
  readonly provenAtUs: number
  /** The latest upstream byte that the core knows of. */
  readonly byteAtUs: number
  /** Sessions that wait too long for their first upstream byte and began to wait after `byteAtUs`: the latest two at most. */
  readonly silent: ReadonlyArray<{ readonly session: number; readonly sinceUs: number }>
  /** When the first of them has waited so long that it is a sign by itself. */
  readonly silentDueUs: number
  /** Sessions were reset or stayed silent, or warm sockets were reset together. */
  readonly session: boolean
  /** Since when the candidate is a suspect; -1: it is none. */
  readonly sinceUs: number
  /** When a suspicion from sessions lapses. */
  readonly lapseDueUs: number
  /** When it lapsed last; -1: never. */
  readonly lapsedAtUs: number
  /** Times that such a suspicion was renewed since the last upstream byte. */
  readonly renewals: number
  /** Sessions in a row that failed after connect. */
  readonly failures: number
  readonly failedAtUs: number
  /** Times that an upstream byte refuted a suspicion from such failures, and the last of these moments. */
  readonly refutations: number
  readonly refutedAtUs: number
}

/** What the latency of a candidate usually is: the harmonic mean of its samples over `scoring.habitDecay`. */
export interface Baseline {
  /** Mean of 1 / sample, in 1/ms. The harmonic mean is 1 / inverse. */
  readonly inverse: number
  readonly samples: number
  readonly atUs: number
}

/** Warm sockets as the core counts them. The shell's warm pool owns the sockets. */
export interface Warm {
  /** Ids of the sockets that are connected and wait, the oldest first. */
  readonly ready: ReadonlyArray<number>
  /** Dials under way, and when each began. */
  readonly dialling: ReadonlyArray<{ readonly id: number; readonly atUs: number }>
  /** Dials in a row that failed. */
  readonly failures: number
  /** The next dial may not begin before this moment. */
  readonly notBeforeUs: number
  /** When the rate limit or the backoff lets the next dial begin. */
  readonly refillDueUs: number
  /** Sockets that clients took in the last refill time: a count that decays over that time. */
  readonly takes: Ewma
  /** The recent peak of `takes`. It fades over a minute. */
  readonly peak: Ewma
  /** Theoretical arrival time of the rate limit on dials (GCRA). */
  readonly tatUs: number
  /** When the pool gives up half of its surplus, since no client came. */
  readonly idleDueUs: number
  /** The number of sockets in the last fact `PoolResized`. */
  readonly target: number
  /** Warm sockets that were reset within 100 ms of the first of them. */
  readonly resets: number
  readonly firstResetAtUs: number
}

/** `serial`: the server serves one connection at a time. `full`: the server turns new connections away. */
export type WithheldReason = "serial" | "full"

/** Whether warm sockets keep clients from being served: see reducers/relief.ts. */
export interface Relief {
  /**
   * The phase:
   * - `watching`: a session is silent while warm sockets wait at its address.
   * - `relieved`: those sockets were closed as a trial.
   * - `withheld`: the pool stays empty.
   */
  readonly phase: "idle" | "watching" | "relieved" | "withheld"
  /** When the phase ends; -1: the phase is `idle`. */
  readonly dueUs: number
  /** The silent session; 0: none, or a session of another candidate at the same address. */
  readonly session: number
  /** When a warm socket, or all of them, ended in this phase. */
  readonly endedAtUs: number
  /** Trials in a row after which the first byte came. */
  readonly hits: number
  /** Trials in a row after which it did not. */
  readonly misses: number
  /** The next trial may not begin before this moment. */
  readonly notBeforeUs: number
  /** New connections in a row that the server turned away, and the last of these moments. */
  readonly strikes: number
  readonly struckAtUs: number
  /** Why warm sockets are withheld, or were the last time. */
  readonly reason: WithheldReason
  readonly withheldUntilUs: number
  /** Times that they were withheld. */
  readonly times: number
}

/**
 * Whether the candidate has shown a certificate for the upstream's name (reducers/identity.ts). `unchecked`: the upstream has
 * no `identity`. `unknown`: no probe has asked for the certificate yet.
 */
export interface Proof {
  readonly state: "unchecked" | "unknown" | "verified" | "failed"
  /** When the core learned this. */
  readonly atUs: number
  /** From this moment on a probe asks for the certificate again; -1: from the next probe on. */
  readonly dueUs: number
}

/** What failures change in a candidate. A local outage and a common cause roll back these beliefs, and no others. */
export type Beliefs = Pick<
  Candidate,
  "success" | "countedAtUs" | "penalty" | "streak" | "breaker" | "suspicion" | "identity"
>

/** Beliefs about a candidate as they were before its first failure in a trouble of its upstream (rules/rollBack.ts). */
export interface Checkpoint extends Beliefs {
  /** The trouble (`Trouble.seq`) that it belongs to. When that trouble is over, the checkpoint is void. */
  readonly trouble: number
  /** How the candidate failed since then: to connect, or in sessions alone. null: there were only signs of a failure. */
  readonly failed: "connect" | "session" | null
}

/** The record of one candidate. */
export interface Candidate {
  readonly id: CandidateId
  readonly upstream: UpstreamId
  /** Number within the upstream, used once: `web#3` in labels, facts and traces. */
  readonly ordinal: number
  readonly host: string
  readonly port: number
  /**
   * Sources that name the candidate, in the order in which they came. Empty: the candidate left, and its sessions drain.
   * `fallback` alone: it serves on the last resort only.
   */
  readonly sources: ReadonlyArray<Source>
  /** When the core forgets a candidate that left; -1: a source still names it. */
  readonly forgetDueUs: number
  /** Handshake time in ms, averaged over `scoring.decay`. */
  readonly latency: Ewma
  /** Mean deviation of the handshake time, in ms. */
  readonly jitter: Ewma
  /** Samples that succeeded and failed within `scoring.successWindow`. */
  readonly success: SuccessWindow
  /** What the last failure adds to the cost, in ms, and when that failure was: see blame.ts. */
  readonly penalty: Ewma
  /** The last failure that entered the success window. */
  readonly countedAtUs: number
  /** When the penalty has faded by one step. */
  readonly fadeDueUs: number
  /** When the last handshake succeeded that only a repeated SYN explains; -1: an ordinary one came after it. */
  readonly resentAtUs: number
  /** Successes since the last failure. */
  readonly streak: number
  /**
   * The sample window: handshake times in ms since it opened, ascending. When it closes, their median is one sample of
   * `latency`.
   */
  readonly sampleWindow: ReadonlyArray<number>
  /** When the last sample window closed. */
  readonly windowClosedAtUs: number
  /** When the open one closes. */
  readonly windowDueUs: number
  /** The last sample: a handshake that succeeded or failed. */
  readonly lastSampleAtUs: number
  /** When the candidate expires, `cache.scoreTtl` after its last sample. */
  readonly expireDueUs: number
  /** What the latency usually is. */
  readonly baseline: Baseline
  /** Expected cost of a connection in ms; -1 before the first success and after the candidate expired. */
  readonly costMs: number
  /** The cost with a part of the latency replaced by the baseline. */
  readonly forecastMs: number
  /** Id of the probe under way; 0: none. */
  readonly probe: number
  readonly probedAtUs: number
  /** Short tries without an answer before the first sample: see rules/brief.ts. */
  readonly briefs: number
  /** Probes that the candidate answered since it last served a client. */
  readonly unused: number
  /** Queue in which the candidate waits for a probe. `urgent`: members, challengers and trials. `backlog`: all others. */
  readonly queue: "none" | "urgent" | "backlog"
  readonly queuedAtUs: number
  /** Open sessions of clients, one count for each worker. */
  readonly connections: ReadonlyArray<number>
  readonly breaker: BreakerState
  readonly suspicion: Suspicion
  readonly warm: Warm
  readonly relief: Relief
  /** What an earlier run measured; null: nothing. */
  readonly prior: Prior | null
  readonly identity: Proof
  /** What a rollback restores; null: the candidate has not failed in the trouble under way. */
  readonly checkpoint: Checkpoint | null
}
