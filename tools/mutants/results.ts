/** The file of results: a JSON line for each mutant that was tried. A later line of a mutant replaces an earlier one. */
import * as fs from "node:fs"
import * as path from "node:path"
import type { Result } from "./Mutant.ts"

export interface Results {
  readonly file: string
  readonly get: (key: string) => Result | undefined
  readonly all: () => ReadonlyArray<Result>
  readonly add: (result: Result) => void
}

export function openResults(file: string): Results {
  const results = new Map<string, Result>()
  for (const line of fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n") : []) {
    const result = parsed(line)
    if (result !== undefined) results.set(result.key, result)
  }
  fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true })
  return {
    file,
    get: (key) => results.get(key),
    all: () => [...results.values()],
    add: (result) => {
      results.set(result.key, result)
      fs.appendFileSync(file, `${JSON.stringify(result)}\n`)
    }
  }
}

/** Undefined for what a run that was killed left of its last line. */
function parsed(line: string): Result | undefined {
  try {
    return line === "" ? undefined : JSON.parse(line) as Result
  } catch {
    return undefined
  }
}
