/** References that `access` forbids to dial. They are left out, with a warning. */
import { refusalOf } from "../../core/access.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { parseEndpoint } from "../../core/schema/units.ts"
import type { Found, Show } from "./Problem.ts"

export function refusedReferences({ probing: { connectivity }, access }: ConfigFile, show: Show): ReadonlyArray<Found> {
  return connectivity.flatMap((text, i) => {
    const refusal = refusalOf(access, parseEndpoint(text)?.host ?? text)
    if (refusal === undefined) return []
    const path = ["probing", "connectivity", i]
    const why = refusal.list === "deny" ? "access.deny refuses it" : "access.allow does not contain it"
    return [{ path, expected: "an address that access admits", message: `${show(path, text)} is never probed: ${why}` }]
  })
}
