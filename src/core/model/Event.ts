/** Events and the entries around them. Their types follow from their schemas (schema/Event.ts). */
import type { ConfigChanged, EnabledOverridden, RefreshRequested } from "../schema/Event.ts"
import type { WarmLost } from "../schema/searchEvents.ts"
import type { ClientAccepted, ClientClosed } from "../schema/sessionEvents.ts"

export type { Attempt, AttemptOutcome, DialFailure } from "../schema/Attempt.ts"
export type {
  ConfigChanged,
  EnabledOverridden,
  Entry,
  Event,
  HistoryLoaded,
  InterfacesChanged,
  RefreshRequested,
  Started,
  Ticked,
  WallRead,
  WorkerLost
} from "../schema/Event.ts"
export type {
  ProbeFailed,
  ProbeSucceeded,
  Raced,
  Resolved,
  ResolveFailed,
  WarmConnected,
  WarmFailed,
  WarmLost
} from "../schema/searchEvents.ts"
export type {
  ClientAccepted,
  ClientClosed,
  ConnectionKept,
  DialPending,
  DomainRequested,
  SessionSilent,
  SessionSpoke,
  SessionStalled
} from "../schema/sessionEvents.ts"

export type { TlsAttempt, TlsOutcome, TlsStage, TlsTried } from "../schema/tlsEvents.ts"

export type ChoiceReason = ClientAccepted["why"]
export type CloseCause = ClientClosed["cause"]
/** Why a warm socket is gone without having served a client. */
export type WarmLoss = WarmLost["reason"]

/** Events that an operator causes. */
export type ControlEvent = ConfigChanged | EnabledOverridden | RefreshRequested
