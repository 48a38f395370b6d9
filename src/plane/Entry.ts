/** Entry: what has to happen before a client of a listener is served, where it is not enough that it connects. */
import type { Network } from "../core/model/Routes.ts"

export interface Entry {
  readonly protocol: "tcp" | "proxy" | "sni"
  /** A client that takes longer to name its target is cut off. */
  readonly timeoutMs: number
  /** Handshakes of one client address at once. */
  readonly perClient: number
  /** Networks that its clients may not reach. */
  readonly deny: ReadonlyArray<Network>
  /** Whether its clients may reach this machine's own addresses. */
  readonly ownAddresses: boolean
  /** Whether a client has to show a name and a password. */
  readonly asksUser: boolean
}

/** Why a client was turned away before it was served. */
export type TurnedAway =
  /** Its address, its credentials or its target is not allowed. */
  | "denied"
  /** Its handshake is wrong, longer than allowed, or of another protocol. */
  | "malformed"
  /** Its handshake took too long, or had to make room for another client's. */
  | "late"

export const TURNED_AWAY: ReadonlyArray<TurnedAway> = ["denied", "malformed", "late"]
