/**
 * One address that can serve one upstream, with everything learned about it.
 *
 * Ids are never reused: an id is generation x 2^20 + slot, so a record is found by its slot in one step and a stranger's
 * answer is told by its generation.
 */
import type { Ewma } from "../math/Ewma.ts"
import type { SuccessWindow } from "../math/SuccessWindow.ts"
import type { Prior } from "./History.ts"
import type { Source } from "./Source.ts"

export type CandidateId = number
export type UpstreamId = number
export type { Source } from "./Source.ts"

/** 2^20 slots: more candidates at once than `maxCandidates` may ever allow. */
export const SLOTS = 0x10_0000

/**
 * `closed` serves, `open` is shut out, `half-open` has its one trial under way. `consecutive` counts failures to connect,
 * `consecutiveAfter` failures after connect.
 */
export interface BreakerState {
  readonly state: "closed" | "open" | "half-open"
  readonly consecutive: number
  readonly consecutiveAfter: number
  /** The last failure after connect: an upstream byte clears only what came before it. */
  readonly failedAfterAtUs: number
  readonly window: SuccessWindow
  /** How often it opened since it was last forgiven: it raises the ceiling of the wait for a trial. */
  readonly openings: number
  /** Trials in a row that failed: they lengthen the wait for the next one. */
  readonly trials: number
  /** When it opened last from being closed, and for how long it was open the last time. */
  readonly openedAtUs: number
  readonly openForMs: number
  /** The next trial: of an open breaker, or of a closed one whose candidate failed last. */
  readonly trialDueUs: number
  readonly closedAtUs: number
  /** From 0 to 1: the share of new clients it may get after closing. */
  readonly slowStartWeight: number
  readonly rampDueUs: number
  /** Who blamed it in the last minute: at most two entries for each client address. */
  readonly blamed: ReadonlyArray<{ readonly client: number; readonly atUs: number }>
}

/** Signs that it may have died, from before there is proof. */
export interface Suspicion {
  /** A handshake is pending for too long. */
  readonly pending: boolean
  /** When the handshake under way will have been pending for too long; -1 when none is watched. */
  readonly pendingDueUs: number
  /** When the latest of the handshakes began that were answered: what began before it and is still pending was overtaken. */
  readonly provenAtUs: number
  /** The latest upstream byte heard of. */
  readonly byteAtUs: number
  /** The latest sessions, at most two, that began after that byte to wait for their first one, and wait for too long. */
  readonly silent: ReadonlyArray<{ readonly session: number; readonly sinceUs: number }>
  readonly silentDueUs: number
  /** A session was reset or stayed silent, or parked sockets were reset together. */
  readonly session: boolean
  /** Since when, -1 when it is not suspected. */
  readonly sinceUs: number
  /** When session suspicion lapses, and how often it was renewed since an upstream byte. */
  readonly lapseDueUs: number
  readonly renewals: number
  /** Sessions in a row that failed after connect, and when the last of them did. */
  readonly failures: number
  readonly failedAtUs: number
  /** How often an upstream byte has refuted a suspicion from such failures lately, and when last. */
  readonly refutations: number
  readonly refutedAtUs: number
}

export interface Baseline {
  /** Mean of 1 / entry, in 1/ms; the mean itself is 1 / inverse. */
  readonly inverse: number
  readonly samples: number
  readonly atUs: number
}

/** Warm sockets as the core knows them; the shelf owns them. */
export interface Warm {
  /** Parked, oldest first. */
  readonly ready: ReadonlyArray<number>
  readonly dialling: ReadonlyArray<{ readonly id: number; readonly atUs: number }>
  /** Failed dials in a row, and when the next dial may go out. */
  readonly failures: number
  readonly notBeforeUs: number
  readonly refillDueUs: number
  /** Takes in the last refill time, and the peak of that, fading. */
  readonly takes: Ewma
  readonly peak: Ewma
  readonly tatUs: number
  readonly idleDueUs: number
  /** The wanted size that was told last. */
  readonly target: number
  /** Resets of parked sockets within 100 ms of the first of them. */
  readonly resets: number
  readonly firstResetAtUs: number
}

/** `serial`: it serves one connection at a time; `full`: it turns new connections away. */
export type WithheldReason = "serial" | "full"

/** Whether warm sockets stand in the way of clients: see reducers/relief.ts. */
export interface Relief {
  /** `watching`: a session is silent; `relieved`: its shelf was emptied for that; `withheld`: no warm sockets are kept. */
  readonly phase: "idle" | "watching" | "relieved" | "withheld"
  /** When the phase ends; -1: idle. */
  readonly dueUs: number
  /** The one that is silent; 0: none, or it is another candidate's at the same address. */
  readonly session: number
  /** When a warm socket ended since, or all of them did. */
  readonly endedAtUs: number
  /** Trials in a row that ended a silence, and that did not. */
  readonly hits: number
  readonly misses: number
  readonly notBeforeUs: number
  /** New connections in a row that were turned away. */
  readonly strikes: number
  readonly struckAtUs: number
  /** Why warm sockets are, or were last, withheld, until when, and how often. */
  readonly reason: WithheldReason
  readonly withheldUntilUs: number
  readonly times: number
}

/**
 * Whether it could show the certificate of the upstream's name (reducers/identity.ts). `unchecked`: nobody asks for one;
 * `unknown`: it was not asked yet.
 */
export interface Proof {
  readonly state: "unchecked" | "unknown" | "verified" | "failed"
  /** When that was found out. */
  readonly atUs: number
  /** From then on a probe asks for it (again); -1: from the next one on. */
  readonly dueUs: number
}

/** What failures change of a candidate, as it was before the first one in a trouble of its upstream. */
export interface Checkpoint {
  /** The trouble in which it was made; without that trouble it is void. */
  readonly trouble: number
  /** How it failed since then: to connect, or only in sessions; null: it only showed signs of failing. */
  readonly failed: "connect" | "session" | null
  readonly success: SuccessWindow
  readonly countedAtUs: number
  readonly penalty: Ewma
  readonly streak: number
  readonly breaker: BreakerState
  readonly suspicion: Suspicion
  readonly identity: Proof
}

/** -1 in any `...AtUs` field means never, in a `...DueUs` field not scheduled. */
export interface Candidate {
  readonly id: CandidateId
  readonly upstream: UpstreamId
  /** Number within the upstream, minted once: `web#3` in labels, facts and traces. */
  readonly ordinal: number
  readonly host: string
  readonly port: number
  /** Where it is listed, in order of joining; empty: it left, and drains; only fallback: it waits for the last resort. */
  readonly sources: ReadonlyArray<Source>
  /** The moment at which it is forgotten, -1 while it is listed. */
  readonly forgetDueUs: number
  readonly latency: Ewma
  readonly jitter: Ewma
  readonly success: SuccessWindow
  /** What the last failure costs, and when it failed: see blame.ts. */
  readonly penalty: Ewma
  /** The last failure that entered the success rate. */
  readonly countedAtUs: number
  /** When its blame has faded by a step. */
  readonly fadeDueUs: number
  /** When the last handshake was answered that only a repeated SYN explains; -1: another one was answered since. */
  readonly resentAtUs: number
  /** Successes since the last failure. */
  readonly streak: number
  /** Handshakes in ms gathered for the next entry, ascending. */
  readonly sampleWindow: ReadonlyArray<number>
  readonly windowClosedAtUs: number
  readonly windowDueUs: number
  readonly lastSampleAtUs: number
  readonly expireDueUs: number
  /** How good it usually is: harmonic mean of its entries over `habitDecay`. */
  readonly baseline: Baseline
  /** Expected price of a connection in ms; -1 before the first successful sample and after expiry. */
  readonly costMs: number
  /** The same for the time to come: part of the latency now, part of what is usual. */
  readonly forecastMs: number
  /** Id of the probe under way, 0 when none. */
  readonly probe: number
  readonly probedAtUs: number
  /** Short tries that it let pass before anything was heard of it: see brief.ts. */
  readonly briefs: number
  /** Probes that it answered since it served a client last: connections that said nothing. */
  readonly unused: number
  /** Its place in the queue for a probe: members and challengers are urgent, all others the backlog. */
  readonly queue: "none" | "urgent" | "backlog"
  readonly queuedAtUs: number
  /** Connections that clients hold through it, by worker. */
  readonly connections: ReadonlyArray<number>
  readonly breaker: BreakerState
  readonly suspicion: Suspicion
  readonly warm: Warm
  readonly relief: Relief
  /** What an earlier run knew of it; null: nothing. */
  readonly prior: Prior | null
  readonly identity: Proof
  /** What it is rolled back to when its failures turn out to say nothing; null: nothing to be taken back. */
  readonly checkpoint: Checkpoint | null
}
