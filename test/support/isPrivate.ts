/** Whether the guard of a listener without private targets refuses an address, because of the networks that are private. */
import { PRIVATE_NETWORKS } from "../../src/ingress/privateNetworks.ts"
import { Guard } from "../../src/plane/Guard.ts"

const ENTRY = {
  protocol: "proxy",
  timeoutMs: 1,
  perClient: 1,
  deny: PRIVATE_NETWORKS,
  ownAddresses: true,
  asksUser: false
} as const

export function isPrivate(host: string): boolean {
  return !new Guard(ENTRY, { isListener: () => false, addresses: () => [] }).admits(host, 443)
}
