/** Code that users copy (blocks of the handbook, examples), run in this process against local servers. */
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { pathToFileURL } from "node:url"
import { format } from "node:util"
import { ROOT } from "./command.ts"

export interface Setting {
  /** Texts of the code, such as an address, and what stands for each of them here. */
  readonly replace?: Readonly<Record<string, string>>
  /** Arguments of the program. */
  readonly args?: ReadonlyArray<string>
}

/** Runs the code as a module until it is over, and gives what it printed. `fairlead` is the checkout's. */
export async function runSnippet(code: string, { replace = {}, args = [] }: Setting = {}): Promise<string> {
  const text = Object.entries(replace).reduce((all, [from, to]) => {
    if (!all.includes(from)) throw new Error(`the code does not have ${from}`)
    return all.replaceAll(from, to)
  }, withSources(code))
  const scratch = path.join(ROOT, ".fairlead")
  fs.mkdirSync(scratch, { recursive: true })
  const directory = fs.mkdtempSync(path.join(scratch, "snippet-"))
  const file = path.join(directory, "snippet.ts")
  fs.writeFileSync(file, text)
  const printed: Array<string> = []
  const { argv } = process
  const { log } = console
  process.argv = [...argv.slice(0, 1), file, ...args]
  console.log = (...values: ReadonlyArray<unknown>) => void printed.push(format(...values))
  try {
    await import(pathToFileURL(file).href)
  } finally {
    process.argv = argv
    console.log = log
    fs.rmSync(directory, { recursive: true, force: true })
  }
  return printed.join("\n")
}

/** `fairlead` is src/mod.ts, `fairlead/core` src/core/mod.ts, and `fairlead/NAME` src/NAME.ts. */
function withSources(code: string): string {
  return code.replaceAll(/from "fairlead(?:\/([a-z]+))?"/g, (_, name?: string) => {
    const source = name === undefined ? "mod.ts" : name === "core" ? "core/mod.ts" : `${name}.ts`
    return `from ${JSON.stringify(pathToFileURL(path.join(ROOT, "src", source)).href)}`
  })
}
