/**
 * The control group: it dials as a program without Fairlead does. It resolves the name anew for each connection, takes the
 * addresses in the order in which the resolver gives them (in turn, as chance says), and goes on to the next one when a dial
 * fails or takes too long.
 */
import type { Connect } from "../../adapters/soak/client.ts"
import { nearOf } from "../../adapters/demo/distance.ts"
import type { PlainUpstream } from "../../adapters/node/PlainUpstream.ts"
import type { Address } from "../../core/model/Config.ts"
import type { Cancel, Transport } from "../../plane/ports/Transport.ts"
import { runPlanUnsafe } from "../../plane/DialRun.ts"
import { NO_NAMES, roundRobin } from "../demo/plainForwarder.ts"

export interface ControlGroup {
  /** For sockets that a program may have. */
  readonly transport: Transport["Service"]
  readonly timeoutMs: number
  readonly isResolverDead: () => boolean
  readonly draw: () => number
}

export function overControl(group: ControlGroup, addresses: ReadonlyArray<Address>): Connect {
  const { transport, timeoutMs, isResolverDead, draw } = group
  return (connected): Cancel => {
    if (isResolverDead()) return transport.timerUnsafe(timeoutMs, () => connected(undefined))
    const plan = roundRobin(addresses, Math.floor(draw() * addresses.length), timeoutMs)
    return runPlanUnsafe(transport, NO_NAMES, plan, 0, () => {}, ({ socket }) => {
      connected(socket === undefined ? undefined : (nearOf(socket) as PlainUpstream).lend())
    })
  }
}
