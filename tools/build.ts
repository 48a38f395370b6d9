/**
 * Builds the package into dist: `node tools/build.ts`. It does nothing when dist was built from the same files before;
 * `--force` builds anyway.
 *
 * What the package exports is listed in tools/build/entries.ts. A further product, such as a page for browsers, is one more
 * step here: a function that writes into the folder it is given.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { command } from "./build/command.ts"
import { digest } from "./build/digest.ts"
import { ROOT } from "./build/entries.ts"
import { library } from "./build/library.ts"
import { locked } from "./build/locked.ts"

type Step = (folder: string) => void | Promise<void>

const STEPS: ReadonlyArray<Step> = [library, command]

const DIST = path.join(ROOT, "dist")
const STAMP = path.join(DIST, ".built")

/** The digest that dist was built from; undefined: there is none. */
const built = () => existsSync(STAMP) ? readFileSync(STAMP, "utf8") : undefined

await locked(DIST, async () => {
  const wanted = digest()
  if (built() === wanted && !process.argv.includes("--force")) return
  // Made aside: a build that fails leaves dist as it was.
  const next = path.join(DIST, `.next-${process.pid}`)
  mkdirSync(next)
  try {
    for (const step of STEPS) await step(next)
    rmSync(STAMP, { force: true })
    for (const name of readdirSync(DIST)) if (!name.startsWith(".")) rmSync(path.join(DIST, name), { recursive: true })
    for (const name of readdirSync(next)) renameSync(path.join(next, name), path.join(DIST, name))
    writeFileSync(STAMP, wanted)
  } finally {
    rmSync(next, { recursive: true, force: true })
  }
})
