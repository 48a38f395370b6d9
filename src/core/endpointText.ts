/** An address and its port as one text. */
import type { Address } from "./model/Config.ts"

/** `198.51.100.7:443`, `[2001:db8::7]:443`. */
export function endpointText({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`
}
