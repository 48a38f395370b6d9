/**
 * The package as a user gets it: built, packed, and unpacked into folders whose `node_modules` have nothing but it, the
 * packages that it declares, and those that the project asks for.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { lacks } from "./able.ts"
import { binaryOf, ROOT } from "./command.ts"

export const noNpm = lacks("npm", spawnSync("npm", ["--version"]).status === 0 ? "" : "npm is not installed")

/** A build takes some seconds, on a busy machine many: for `beforeAll`. */
export const BUILD_MS = 240_000

export interface Packed {
  readonly tarball: string
  /** Files of the package, with their sizes. */
  readonly files: ReadonlyArray<{ readonly path: string; readonly size: number }>
  /** Where it is unpacked: `node_modules/fairlead`, with what it declares beside it. */
  readonly folder: string
}

const MODULES = path.join(ROOT, "node_modules")
const DAY_MS = 86_400_000

let made: Packed | undefined

/** Builds and packs once for the same sources: other processes and later runs find it. */
export function packed(): Packed {
  return made ??= unpacked()
}

/** Builds dist, unless it is built; gives the digest that it was built from. */
export function built(): string {
  run(binaryOf("node"), [path.join(ROOT, "tools/build.ts")])
  return fs.readFileSync(path.join(ROOT, "dist/.built"), "utf8")
}

function unpacked(): Packed {
  const all = path.join(os.tmpdir(), `fairlead-packed-${process.getuid?.() ?? 0}`)
  // The links lead into this checkout.
  const key = createHash("sha256").update(`${built()} ${ROOT}`).digest("hex").slice(0, 16)
  const home = path.join(all, key)
  if (!fs.existsSync(home)) pack(all, home)
  const report = JSON.parse(fs.readFileSync(path.join(home, "pack.json"), "utf8"))
  const { filename, files } = Array.isArray(report) ? report[0] : Object.values(report)[0]
  return { tarball: path.join(home, filename), files, folder: path.join(home, "node_modules/fairlead") }
}

function pack(all: string, home: string): void {
  fs.mkdirSync(all, { recursive: true, mode: 0o700 })
  for (const name of fs.readdirSync(all)) {
    const old = path.join(all, name)
    if (Date.now() - fs.statSync(old).mtimeMs > DAY_MS) fs.rmSync(old, { recursive: true, force: true })
  }
  // Made aside, so that another process sees all of it or nothing.
  const next = fs.mkdtempSync(path.join(all, "next-"))
  const folder = path.join(next, "node_modules/fairlead")
  fs.mkdirSync(folder, { recursive: true })
  const report = run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", next])
  fs.writeFileSync(path.join(next, "pack.json"), report)
  const tarball = fs.readdirSync(next).find((name) => name.endsWith(".tgz")) as string
  run("tar", ["-xzf", path.join(next, tarball), "-C", folder, "--strip-components=1"])
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(
    fs.readFileSync(path.join(folder, "package.json"), "utf8")
  )
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) linkPackage(name, path.dirname(folder))
  try {
    fs.renameSync(next, home)
  } catch (cause) {
    if (!fs.existsSync(home)) throw cause
    fs.rmSync(next, { recursive: true })
  }
}

function linkPackage(name: string, modules: string): void {
  const link = path.join(modules, name)
  fs.mkdirSync(path.dirname(link), { recursive: true })
  fs.symlinkSync(fs.realpathSync(path.join(MODULES, name)), link)
}

function run(command: string, args: ReadonlyArray<string>): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8" })
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(" ")} ended with ${status ?? error}:\n${stdout}${stderr}`)
}

/**
 * An empty project in `directory` that has installed the package, and `packages` of this checkout. `fairlead` is installed by
 * a link, so its own imports find what it declares and nothing of the project.
 */
export function project(directory: string, packages: ReadonlyArray<string> = ["effect"]): string {
  const modules = path.join(directory, "node_modules")
  fs.mkdirSync(modules, { recursive: true })
  fs.symlinkSync(packed().folder, path.join(modules, "fairlead"))
  for (const name of packages) linkPackage(name, modules)
  const dependencies = Object.fromEntries(["fairlead", ...packages].map((name) => [name, versionOf(modules, name)]))
  fs.writeFileSync(
    path.join(directory, "package.json"),
    JSON.stringify({ name: "project", private: true, type: "module", dependencies })
  )
  fs.writeFileSync(path.join(directory, "deno.json"), JSON.stringify({ nodeModulesDir: "manual" }))
  return directory
}

function versionOf(modules: string, name: string): string {
  return JSON.parse(fs.readFileSync(path.join(modules, name, "package.json"), "utf8")).version
}
