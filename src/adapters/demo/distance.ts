/**
 * A transport with distance: it dials real loopback sockets, and delays the answer to a handshake by the distance of its site.
 */
import type { Address } from "../../core/model/Config.ts"
import type { DialFailure } from "../../core/model/Event.ts"
import type { Cancel, Transport, UpstreamSocket } from "../../plane/ports/Transport.ts"

/** An address with a distance. */
export interface FarSite {
  /** What is dialled. */
  readonly address: Address
  /** Where its server listens in truth; absent: at that address. */
  readonly near?: Address
  /** `dark` and `refusing` change the handshake. */
  readonly fault: string
  /** One round trip in ms. */
  readonly tripMs: () => number
}

/** Counts of relayed clients by the kind of their upstream socket. */
export interface Relays {
  warm: number
  dialled: number
}

export interface Distant {
  readonly transport: Transport["Service"]
  readonly relays: Readonly<Relays>
}

/** A lost handshake is sent again after this time, then after twice as long, as TCP does. */
const SYN_AGAIN_MS = 1_000

/** A socket that remembers whether it was ever warm. */
class FarSocket implements UpstreamSocket {
  readonly near: UpstreamSocket
  wasWarm = false

  constructor(near: UpstreamSocket) {
    this.near = near
  }

  readonly closeUnsafe = (): void => this.near.closeUnsafe()
  readonly isAliveUnsafe = (): boolean => this.near.isAliveUnsafe()
  readonly watchUnsafe = (lost: (reason: "closed" | "reset") => void): void => {
    this.wasWarm = true
    this.near.watchUnsafe(lost)
  }
}

/** The socket without its distance. */
export function nearOf(socket: UpstreamSocket): UpstreamSocket {
  return socket instanceof FarSocket ? socket.near : socket
}

export function distant(near: Transport["Service"], sites: ReadonlyArray<FarSite>): Distant {
  const relays: Relays = { warm: 0, dialled: 0 }
  const siteAt = ({ host, port }: Address) => sites.find(({ address }) => address.host === host && address.port === port)

  const dialUnsafe: typeof near.dialUnsafe = (address, keepAliveMs, answer) => {
    const site = siteAt(address)
    if (site === undefined) return near.dialUnsafe(address, keepAliveMs, answer)
    let undo: Cancel = () => {}
    const handshake = (waitMs: number, againMs: number) => {
      undo = near.timerUnsafe(waitMs, () => {
        if (site.fault === "dark") return handshake(againMs, againMs * 2)
        if (site.fault === "refusing") return answer("refused")
        undo = near.dialUnsafe(
          { ...address, ...site.near },
          keepAliveMs,
          (result: UpstreamSocket | DialFailure) => answer(typeof result === "string" ? result : new FarSocket(result))
        )
      })
    }
    handshake(site.tripMs(), SYN_AGAIN_MS)
    return () => undo()
  }

  /** A proof of identity travels as far as two handshakes. */
  const identifyUnsafe: typeof near.identifyUnsafe = (address, identity, connected, answer) => {
    const site = siteAt(address)
    if (site === undefined) return near.identifyUnsafe(address, identity, connected, answer)
    let undo: Cancel = () => {}
    const arrive = (waitMs: number, then: () => void) => void (undo = near.timerUnsafe(waitMs, then))
    arrive(site.tripMs(), () => {
      if (site.fault === "dark") return
      if (site.fault === "refusing") return answer("refused")
      connected()
      arrive(2 * site.tripMs(), () => {
        undo = near.identifyUnsafe(site.near ?? address, identity, () => {}, answer)
      })
    })
    return () => undo()
  }

  const relayUnsafe: typeof near.relayUnsafe = (client, upstream, limits, silence, end) => {
    const far = upstream as FarSocket
    if (far.wasWarm) relays.warm++
    else relays.dialled++
    return near.relayUnsafe(client, far.near, limits, silence, end)
  }

  return { relays, transport: { ...near, dialUnsafe, identifyUnsafe, relayUnsafe } }
}
