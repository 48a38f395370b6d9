/** The rules for what a client asks now. A reload changes them for clients that stay connected, too. */
import { contains } from "../../../core/access.ts"
import { wordsOf } from "../../../core/addressWords.ts"
import type { Network } from "../../../core/model/Config.ts"
import type { Connection } from "./Connection.ts"
import type { WayIn } from "./WayIn.ts"

/** undefined: the client may ask for nothing more. The new rules would not have let it in. */
export function inForce({ door, entry, peer, address }: Connection): WayIn | undefined {
  const now = door.entryUnsafe() as WayIn | undefined
  if (now === undefined || now.hasHeader !== entry.hasHeader) return undefined
  if (!now.hasHeader) return now
  const isLetIn = isIn(now.trusted, peer()) && (now.clients.length === 0 || isIn(now.clients, address()))
  return isLetIn ? now : undefined
}

export function isIn(networks: ReadonlyArray<Network>, address: string): boolean {
  const words = wordsOf(address)
  return words !== undefined && networks.some((network) => contains(network, words))
}
