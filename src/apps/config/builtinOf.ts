/** Addresses of well-known names: those that Fairlead brings, and those that the file gives instead. */
import type { BuiltinName } from "../../core/model/Config.ts"
import { isHost } from "../../core/hostName.ts"
import type { ConfigFile } from "../../core/schema/ConfigFile.ts"
import { expandNetwork, parseEndpoint } from "../../core/schema/units.ts"
import { BUILTIN } from "./builtinList.ts"
import type { Found, Show } from "./Problem.ts"

export interface Builtin {
  readonly names: ReadonlyArray<BuiltinName>
  readonly problems: ReadonlyArray<Found>
}

export function builtinOf(file: ConfigFile, show: Show): Builtin {
  const names = new Map(Object.entries(BUILTIN))
  const problems: Array<Found> = []
  const most = file.probing.maxCandidates
  for (const [name, texts] of Object.entries(file.builtin)) {
    const path = ["builtin", name]
    if (!isHost(name) || parseEndpoint(name) !== undefined) {
      problems.push({
        path,
        expected: "a name",
        message: "is not a name: write a domain such as example.com, then its addresses"
      })
    }
    const addresses: Array<string> = []
    texts.forEach((text, i) => {
      const endpoint = parseEndpoint(text)
      const found = endpoint === undefined ? expandNetwork(text, most) ?? [] : [endpoint]
      const fits = addresses.length <= most
      for (const { host } of found) if (addresses.length <= most) addresses.push(host)
      if (!fits || addresses.length <= most) return
      const message = `${show([...path, i], text)} makes more than ${most} addresses: `
        + "use a smaller network, or raise probing.maxCandidates"
      const uses = [[...path, i], ["probing", "maxCandidates"]]
      problems.push({ path: [...path, i], expected: "at most probing.maxCandidates addresses", message, uses })
    })
    names.set(name.toLowerCase(), addresses)
  }
  return { names: [...names].map(([host, addresses]) => ({ host, addresses })), problems }
}
