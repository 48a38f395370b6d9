/**
 * The plain forwarder for comparison. It does round robin over the same addresses and distances, and goes on to the next
 * address when one refuses or does not connect in time. It relays with the same code, and measures nothing.
 */
import * as Effect from "effect/Effect"
import type { Address, UpstreamConfig } from "../../core/model/Config.ts"
import type { DialPlan } from "../../core/model/Routes.ts"
import { runPlanUnsafe } from "../../plane/DialRun.ts"
import type { QueryDns } from "../../plane/DnsQueries.ts"
import { Sessions } from "../../plane/Sessions.ts"
import type { Cancel, ClientSocket, Transport } from "../../plane/ports/Transport.ts"

export const PLAIN = "plain forwarder, round robin"

/** Each address once, from the one at `turn` on, and never two at a time. */
export function roundRobin(addresses: ReadonlyArray<Address>, turn: number, timeoutMs: number): DialPlan {
  const attempts = addresses.map((_, i) => {
    const candidate = (turn + i) % addresses.length
    const { host, port } = addresses[candidate] as Address
    return { candidate, host, port, startAfterMs: i * timeoutMs, timeoutMs, suspectAfterMs: Number.POSITIVE_INFINITY }
  })
  return { attempts, deadlineMs: addresses.length * timeoutMs }
}

/**
 * Listens on a port that the system chooses, and gives that port. Its dial timeout and session limits are those of `upstream`.
 */
export const plainForwarder = Effect.fnUntraced(function* (transport: Transport["Service"], upstream: UpstreamConfig) {
  const { candidates, dial, session } = upstream
  const sessions = new Sessions()
  let turn = 0
  const forward = (client: ClientSocket, end: () => void): Cancel => {
    const plan = roundRobin(candidates, turn++, dial.timeoutMs)
    let relaying: Cancel | undefined
    const stopDialling = runPlanUnsafe(transport, NO_NAMES, plan, session.keepAliveMs, () => {}, ({ socket }) => {
      if (socket !== undefined) relaying = transport.relayUnsafe(client, socket, session, NOBODY_TOLD(session.stallMs), end)
      else {
        client.resetUnsafe()
        end()
      }
    })
    return () => {
      if (relaying !== undefined) return relaying()
      stopDialling()
      client.resetUnsafe()
      end()
    }
  }
  yield* Effect.addFinalizer(() => Effect.sync(() => sessions.stopAll()))
  const listening = yield* transport.listen(PLAIN, { host: "127.0.0.1", port: 0 }, (client) => {
    sessions.add((end) => forward(client, end), () => {})
  })
  return listening.address.port
})

/** Its plans contain addresses alone. */
export const NO_NAMES: QueryDns = () => () => {}

const NOBODY_TOLD = (stallMs: number) => ({
  silentAfterMs: stallMs,
  stallMs,
  silent: () => false,
  stalled: () => false,
  spoke: () => {}
})
