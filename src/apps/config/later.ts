/**
 * Keys of later work. They are accepted, so that one file fits every version, and each one that is set gets a warning that it
 * has no effect yet. A key that would protect is a mistake instead, because the author of the file relies on it.
 */
import type * as SchemaAST from "effect/SchemaAST"
import type { Found, Path } from "./Problem.ts"
import { eachValue, note } from "./schemaKeys.ts"

interface Protection {
  /** Whether a value would keep clients or data back. */
  readonly holds: (value: unknown) => boolean
  readonly message: string
}

const LISTENERS: Readonly<Record<string, Protection>> = {
  proxyProtocol: {
    holds: (value) => JSON.stringify({ mode: "off", trusted: [], ...Object(value) }) !== '{"mode":"off","trusted":[]}',
    message: "would be neither required nor read, as this version serves every peer and hands such a header on as data: "
      + "take it out, and let the peer send none"
  }
}

const UPSTREAMS: Readonly<Record<string, Protection>> = {
  proxyProtocol: {
    holds: (value) => value !== "off",
    message: "would be sent to no candidate, which would take every client for this machine: take it out"
  }
}

export interface Later {
  readonly problems: ReadonlyArray<Found>
  readonly warnings: ReadonlyArray<Found>
}

/**
 * Messages about the later keys in a file as it was written. `isWrong`: such a value has a mistake that is reported elsewhere.
 */
export function laterOf(ast: SchemaAST.AST, file: unknown, isWrong: (path: Path) => boolean): Later {
  const problems: Array<Found> = []
  const warnings: Array<Found> = []
  eachValue(ast, file, (path, type, value) => {
    if (note(type, "later") !== true || value === null || isWrong(path)) return
    const protection = protectionAt(path)
    const expected = "nothing in this version"
    if (protection?.holds(value) === true) problems.push({ path, expected, message: protection.message })
    else warnings.push({ path, expected, message: "has no effect yet in this version" })
  })
  return { problems, warnings }
}

function protectionAt([section, , key, ...rest]: Path): Protection | undefined {
  if (key === undefined || rest.length > 0) return undefined
  return section === "listeners" ? LISTENERS[key] : section === "upstreams" ? UPSTREAMS[key] : undefined
}
