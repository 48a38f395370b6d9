/** PostgreSQL on loopback, with the user `app`, its password `secret` and its database `app`, and TLS for `web.example`. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { lacks } from "../able.ts"
import { good } from "../certificates.ts"
import { freePorts } from "../freePorts.ts"
import type { Service } from "./service.ts"
import { begin, ownDirectory, USER } from "./service.ts"

const DEBIAN = "/usr/lib/postgresql"

/** Debian keeps each version in a folder of its own, and none in the path. */
const folder = ((): string | undefined => {
  const versions = fs.existsSync(DEBIAN) ? fs.readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : []
  return versions.map((version) => path.join(DEBIAN, version, "bin")).find((bin) => fs.existsSync(path.join(bin, "initdb")))
})()

export const noPostgres = lacks(
  "postgres",
  folder === undefined ? "PostgreSQL is not installed (Debian package postgresql)" : ""
)

/** A new cluster takes seconds to make, so it is made once for all processes and copied. */
function template(): string {
  const made = path.join(
    os.tmpdir(),
    `fairlead-postgres-${path.basename(path.dirname(folder as string))}-${USER?.uid ?? "own"}`
  )
  if (fs.existsSync(made)) return made
  const next = ownDirectory()
  const password = path.join(next, "password")
  fs.writeFileSync(password, "secret")
  const data = path.join(next, "data")
  run("initdb", [
    "-D",
    data,
    "-U",
    "app",
    "--auth=scram-sha-256",
    `--pwfile=${password}`,
    "--no-sync",
    "--no-locale",
    "-E",
    "UTF8"
  ])
  run("postgres", ["--single", "-D", data, "postgres"], "create database app\n")
  try {
    fs.renameSync(data, made)
  } catch (cause) {
    if (!fs.existsSync(made)) throw cause
  }
  fs.rmSync(next, { recursive: true })
  return made
}

function run(program: string, args: ReadonlyArray<string>, input = ""): void {
  const { status, stderr } = spawnSync(path.join(folder as string, program), args, { encoding: "utf8", input, ...USER })
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`)
}

export async function postgres(): Promise<Service> {
  const directory = ownDirectory()
  const { status, stderr } = spawnSync("cp", ["-a", `${template()}/.`, directory], { encoding: "utf8" })
  if (status !== 0) throw new Error(`cp: ${stderr}`)
  for (const [name, text] of [["server.key", good.key], ["server.crt", good.cert]] as const) {
    const file = path.join(directory, name)
    fs.writeFileSync(file, text, { mode: 0o600 })
    if (USER !== undefined) fs.chownSync(file, USER.uid, USER.gid)
  }
  const [port = 0] = await freePorts(1)
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    fsync: "off",
    ssl: "on",
    max_connections: 40,
    shared_buffers: "1MB"
  }
  const args = ["-D", directory, ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`])]
  const { stop } = await begin(path.join(folder as string, "postgres"), args, directory, /ready to accept connections/)
  return { port, stop }
}
