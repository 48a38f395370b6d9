/** The file for browsers: which URLs go through a proxy port. */
import type { Address } from "../../../core/model/Config.ts"
import { pacText } from "../../../ingress/pac.ts"
import type { WayIn } from "./WayIn.ts"
import { wishOf } from "./wishes.ts"

export const PAC_PATH = "/proxy.pac"
export const PAC_TYPE = "application/x-ns-proxy-autoconfig"

/** `at`: where browsers reach the port. */
export const pacFile = (at: Address, { allow }: WayIn): string => pacText(at, allow)

/** The host and port of a `Host` header; undefined: it has none that could be reached. */
export function hostOf(header: string | undefined, defaultPort: number): Address | undefined {
  return header === undefined ? undefined : wishOf(header, defaultPort)
}
