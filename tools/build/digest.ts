/** The digest of all that the built package follows from: the same digest, the same package. */
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import * as path from "node:path"
import { ROOT } from "./entries.ts"

const FOLDERS = ["src", "tools/build"]
const FILES = ["package.json", "package-lock.json", "tsconfig.json", "README.md", "LICENSE", "tools/build.ts"]

export function digest(): string {
  const hash = createHash("sha256")
  for (const file of [...FOLDERS.flatMap(filesBelow), ...FILES]) {
    hash.update(`${file}\0`).update(readFileSync(path.join(ROOT, file))).update("\0")
  }
  return hash.digest("hex")
}

function filesBelow(folder: string): ReadonlyArray<string> {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile())
    .map((file) => path.relative(ROOT, path.join(file.parentPath, file.name)).split(path.sep).join("/"))
    .sort()
}
