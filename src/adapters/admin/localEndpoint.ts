/** Where a program on this machine reaches a listener. */
import type { Address } from "../../core/model/Config.ts"

/** A listener on all addresses of the machine is on its loopback address too. */
export function localEndpoint({ host, port }: Address): Address {
  return { host: host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host, port }
}
