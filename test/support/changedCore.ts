/**
 * The replay, or another module, with a changed core: built from the sources with one text of one file replaced. A build holds
 * the changed file and what imports it; all else is loaded once for all builds, which makes them small and fast.
 */
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

/** Inside the project, so that the built file finds Effect and the sources that it shares with others. */
const FOLDER = path.join(ROOT, "dist", `.changed-core-${process.pid}`)
let built = 0

/** Throws when the text to be replaced is not in its file exactly once. */
export async function changedReplay(change: Change | null): Promise<new () => Replay> {
  const module = await changedModule<{ readonly Replay: new () => Replay }>("src/record/replay.ts", change)
  return module.Replay
}

/** The same for a module, by its path from the project's root. */
export async function changedModule<M>(entry: string, change: Change | null): Promise<M> {
  const input = path.join(ROOT, entry)
  const changed = change === null ? undefined : path.join(ROOT, "src", change.file)
  const isAffected = changed === undefined ? undefined : affectedBy(changed, await importersBelow(input))
  let replaced = 0
  const build = await rolldown({
    input,
    external: (id) =>
      isPackage(id) || (isAffected !== undefined && path.isAbsolute(id) && id !== input && !isAffected.has(id)),
    makeAbsoluteExternalsRelative: false,
    plugins: [{
      name: "change",
      transform(code, id) {
        if (change === null || path.resolve(id) !== changed) return null
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

type Importers = ReadonlyMap<string, ReadonlyArray<string>>

const known = new Map<string, Promise<Importers>>()

/** For each file that the module imports, directly or not, the files that import it. */
function importersBelow(input: string): Promise<Importers> {
  const before = known.get(input)
  if (before !== undefined) return before
  const found = importersIn(input)
  known.set(input, found)
  return found
}

async function importersIn(input: string): Promise<Importers> {
  const found = new Map<string, ReadonlyArray<string>>()
  const build = await rolldown({
    input,
    external: isPackage,
    plugins: [{
      name: "importers",
      buildEnd() {
        for (const id of this.getModuleIds()) found.set(id, this.getModuleInfo(id)?.importers ?? [])
      }
    }]
  })
  await build.generate()
  await build.close()
  return found
}

/** The file, what imports it, and so on. */
function affectedBy(file: string, importers: Importers): ReadonlySet<string> {
  const affected = new Set([file])
  for (const one of affected) for (const importer of importers.get(one) ?? []) affected.add(importer)
  return affected
}

function isPackage(id: string): boolean {
  return id === "fast-check" || id.startsWith("effect")
}
