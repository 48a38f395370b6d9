/**
 * The program as `npm start` and the package run it: one bundle, made of the sources as they are now. It starts in a quarter
 * of the time that the sources take.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { digest } from "../../tools/build/digest.ts"
import { ROOT } from "../../tools/build/entries.ts"

export const FOLDER = path.join(ROOT, "dist/.test")

let file: string | undefined

/** Makes the bundle with `node`, unless it is there already for the same sources; gives the file to start. */
export function bundle(node: string): string {
  return file ??= made(node)
}

function made(node: string): string {
  const wanted = digest()
  const stamp = path.join(FOLDER, ".built")
  if (!fs.existsSync(stamp) || fs.readFileSync(stamp, "utf8") !== wanted) {
    const args = [path.join(ROOT, "tools/bundle.ts"), FOLDER, wanted]
    const { status, stderr, error } = spawnSync(node, args, { cwd: ROOT, encoding: "utf8" })
    if (status !== 0) throw new Error(`the program cannot be bundled: ${status ?? error}\n${stderr}`)
  }
  return path.join(FOLDER, "fairlead.cjs")
}
