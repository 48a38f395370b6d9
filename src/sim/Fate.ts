/** The fate of one dial. It has no time limit of its own: a transport leaves that to the dial plan. */
import type { DialFailure } from "../core/model/Event.ts"
import type { Network } from "./Network.ts"

/** The result, `afterMs` after the dial began; `never` leaves it unanswered. */
export interface Fate {
  readonly afterMs: number
  readonly result: "connected" | "never" | DialFailure
  /** With a proof of identity: its result, and when it comes after the connection. Left out: verified at once. */
  readonly proofAfterMs?: number
  readonly proof?: null | "never" | DialFailure
}

/** What a dial meets in this network. A proof takes as long again as the handshake. */
export function fateOf(network: Network, host: string): Fate {
  const answer = network.answerOf(host, "client")
  if (answer === "lost" || answer === "timeout") return { afterMs: 0, result: "never" }
  if (typeof answer !== "number") return { afterMs: network.failAfterMs, result: answer }
  const proof = network.isImpostor(host) ? "certificate" : null
  return { afterMs: answer, result: "connected", proofAfterMs: answer, proof }
}
