/** Paths on the command line: shells complete them, and messages show them as they are typed. */
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as path from "node:path"

/** The parser of the command line makes paths absolute. */
function asTyped(absolute: string): string {
  const relative = path.relative("", absolute)
  return relative === "" || relative.startsWith("..") || path.isAbsolute(relative) ? absolute : relative
}

export const pathFlag = (name: string) => Flag.map(Flag.Path(name, { pathType: "either" }), asTyped)

export const pathArgument = (name: string) => Argument.map(Argument.Path(name, { pathType: "either" }), asTyped)
