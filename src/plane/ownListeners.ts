/** Which listener of our own stands in the way of a new one. */
import type { Address } from "../core/model/Routes.ts"
import type { BindError } from "./ports/errors.ts"
import { covers, overlap } from "./overlap.ts"
import { endpointText } from "../core/endpointText.ts"

interface Wanted {
  readonly name: string
  readonly listen: Address
}

interface Bound {
  readonly options: Wanted
  readonly listening: { readonly address: Address } | undefined
  readonly phase: "new" | "open" | "gone"
}

/** No other program is to blame for an address that a listener of ours has. */
export function blameOwn(listeners: ReadonlyArray<Bound>, error: BindError): BindError {
  if (error.code !== "EADDRINUSE") return error
  for (const { options, listening, phase } of listeners) {
    if (phase === "gone" || listening === undefined || !overlap(listening.address, error)) continue
    return error.heldBy(`listener ${options.name} on ${endpointText(listening.address)}`)
  }
  return error
}

/** Whether what is sent there comes to one of these listeners. */
export function isListenerOf(listeners: ReadonlyArray<Bound>, host: string, port: number): boolean {
  return listeners.some(({ listening, phase }) =>
    phase !== "gone" && listening !== undefined && listening.address.port === port && covers(listening.address.host, host)
  )
}
