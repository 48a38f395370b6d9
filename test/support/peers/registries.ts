/** A registry of npm and an index of Python packages, each with one package. */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import type * as http from "node:http"
import * as path from "node:path"

export const PACKAGE = "fairlead-sample"
const VERSION = "1.2.3"
const TARBALL = `${PACKAGE}-${VERSION}.tgz`
const WHEEL = `fairlead_sample-${VERSION}-py3-none-any.whl`

/** Writes the package of npm below `folder`, with the system's tar. */
export function makeNpmPackage(folder: string): void {
  const source = path.join(folder, "npm", "package")
  fs.mkdirSync(source, { recursive: true })
  fs.writeFileSync(path.join(source, "package.json"), JSON.stringify({ name: PACKAGE, version: VERSION, main: "index.js" }))
  fs.writeFileSync(path.join(source, "index.js"), 'module.exports = "from the registry"\n')
  run("tar", ["-czf", path.join(folder, "npm", TARBALL), "-C", path.join(folder, "npm"), "package"])
}

/** Writes the wheel below `folder`, with Python's zipfile. */
export function makeWheel(folder: string): void {
  const root = path.join(folder, "pypi")
  const info = path.join(root, `fairlead_sample-${VERSION}.dist-info`)
  fs.mkdirSync(info, { recursive: true })
  fs.writeFileSync(path.join(root, "fairlead_sample.py"), 'WORD = "from the index"\n')
  fs.writeFileSync(path.join(info, "METADATA"), `Metadata-Version: 2.1\nName: ${PACKAGE}\nVersion: ${VERSION}\n`)
  fs.writeFileSync(
    path.join(info, "WHEEL"),
    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
  )
  const files = ["fairlead_sample.py", ...["METADATA", "WHEEL", "RECORD"].map((name) => `${path.basename(info)}/${name}`)]
  fs.writeFileSync(path.join(info, "RECORD"), files.map((name) => `${name},,\n`).join(""))
  run("python3", ["-m", "zipfile", "-c", WHEEL, "fairlead_sample.py", `${path.basename(info)}/`], root)
}

function run(command: string, args: ReadonlyArray<string>, cwd = "."): void {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`)
}

export function npmRegistry(folder: string, name: string, base: string, response: http.ServerResponse): void {
  const bytes = fs.readFileSync(path.join(folder, "npm", TARBALL))
  if (name.endsWith(TARBALL)) return send(response, bytes, "application/octet-stream")
  if (name !== PACKAGE) return missing(response)
  const dist = {
    tarball: `${base}/${PACKAGE}/-/${TARBALL}`,
    integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`
  }
  const document = {
    name: PACKAGE,
    "dist-tags": { latest: VERSION },
    versions: { [VERSION]: { name: PACKAGE, version: VERSION, dist } }
  }
  send(response, Buffer.from(JSON.stringify(document)), "application/json")
}

export function pythonIndex(folder: string, name: string, response: http.ServerResponse): void {
  if (name === `files/${WHEEL}`) {
    return send(response, fs.readFileSync(path.join(folder, "pypi", WHEEL)), "application/octet-stream")
  }
  if (name !== `simple/${PACKAGE}/`) return missing(response)
  send(response, Buffer.from(`<!doctype html><a href="/pypi/files/${WHEEL}">${WHEEL}</a>\n`), "text/html")
}

function send(response: http.ServerResponse, body: Buffer, type: string): void {
  response.writeHead(200, { "content-type": type, "content-length": body.length })
  response.end(body)
}

function missing(response: http.ServerResponse): void {
  response.writeHead(404).end()
}
