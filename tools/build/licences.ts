/** The licences of the packages that a bundle contains: they ask to be passed on with the code. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import * as path from "node:path"

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
}

const LINE = "-".repeat(80)

/** `modules`: the files in the bundle. Each text stands once, after the packages that it is for. */
export function licences(modules: ReadonlyArray<string>): string {
  const folders = new Set(modules.map(packageOf).filter((folder) => folder !== undefined))
  const packages = new Map<string, Array<string>>()
  for (const folder of [...folders].sort()) {
    const { name, version, license = "licence as below" }: Manifest = manifestIn(folder)
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one))
    const text = file === undefined ? "" : readFileSync(path.join(folder, file), "utf8").trim()
    packages.set(text, [...packages.get(text) ?? [], `${name} ${version}, ${license}`])
  }
  return [...packages].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`).join(`\n${LINE}\n\n`)
}

/** The folder of the package that a file belongs to; undefined: it is a file of this project. */
function packageOf(file: string): string | undefined {
  if (!file.includes(`${path.sep}node_modules${path.sep}`)) return undefined
  let folder = path.dirname(file)
  while (!isPackage(folder)) folder = path.dirname(folder)
  return folder
}

/** Some packages have manifests without a version in folders of theirs. */
function isPackage(folder: string): boolean {
  return existsSync(path.join(folder, "package.json")) && manifestIn(folder).version !== undefined
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"))
}
