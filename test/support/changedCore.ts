/** The replay, or another module, with a changed core: built from the sources with one text of one file replaced. */
import * as fs from "node:fs"
import * as path from "node:path"
import { pathToFileURL } from "node:url"
import { rolldown } from "rolldown"
import type { Replay } from "../../src/record/replay.ts"
import { ROOT } from "./sources.ts"

export interface Change {
  /** The path of the file below src. */
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Below node_modules, so that the built file finds Effect. */
const FOLDER = path.join(ROOT, "node_modules", `.changed-core-${process.pid}`)
let built = 0

/** Throws when the text to be replaced is not in its file exactly once. */
export async function changedReplay(change: Change | null): Promise<new () => Replay> {
  const module = await changedModule<{ readonly Replay: new () => Replay }>("src/record/replay.ts", change)
  return module.Replay
}

/** The same for a module, by its path from the project's root. */
export async function changedModule<M>(entry: string, change: Change | null): Promise<M> {
  let replaced = 0
  const build = await rolldown({
    input: path.join(ROOT, entry),
    external: [/^effect/, "fast-check"],
    plugins: [{
      name: "change",
      transform(code, id) {
        if (change === null || path.resolve(id) !== path.join(ROOT, "src", change.file)) return null
        replaced = code.split(change.from).length - 1
        return code.replace(change.from, change.to)
      }
    }]
  })
  const file = path.join(FOLDER, `${++built}.mjs`)
  await build.write({ file, format: "esm" })
  await build.close()
  if (change !== null && replaced !== 1) throw new Error(`"${change.from}" stands ${replaced} times in ${change.file}`)
  return await import(/* @vite-ignore */ pathToFileURL(file).href) as M
}

export function removeChangedCores(): void {
  fs.rmSync(FOLDER, { recursive: true, force: true })
}
