/** HAProxy and nginx on loopback, as peers of the PROXY protocol. Both are found through PATH or where Debian has them. */
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import type { Means } from "./able.ts"
import { lacks } from "./able.ts"
import { freePorts } from "./freePorts.ts"

const FOLDERS = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin"]

function find(name: string): string | undefined {
  const files = FOLDERS.map((folder) => path.join(folder, name))
  return files.find((file) => fs.existsSync(file) && spawnSync(file, ["-v"]).status === 0)
}

const haproxyFile = find("haproxy")
const nginxFile = find("nginx")
const missing = (name: Means, file: string | undefined) => lacks(name, file === undefined ? `${name} is not installed` : "")
export const noHaproxy = missing("haproxy", haproxyFile)
export const noNginx = missing("nginx", nginxFile)

export interface Peer extends AsyncDisposable {
  /** Where it listens. */
  readonly port: number
}

/** `textOf` makes the configuration for a port. */
export function haproxy(textOf: (port: number) => string): Promise<Peer> {
  const start = (port: number) => `
global
  log stderr local0 emerg
defaults
  timeout connect 5s
  timeout client 5s
  timeout server 5s
${textOf(port)}
`
  return begin(haproxyFile as string, start, (file) => ["-db", "-f", file])
}

/** `textOf` makes the `stream` and `http` blocks for a port; files that they name lie in a folder of their own. */
export function nginx(textOf: (port: number) => string): Promise<Peer> {
  const modules = path.resolve(
    path.dirname(fs.realpathSync(nginxFile as string)),
    "../lib/nginx/modules/ngx_stream_module.so"
  )
  const start = (port: number) => `
${fs.existsSync(modules) ? `load_module ${modules};` : ""}
daemon off;
master_process off;
pid pid;
error_log stderr crit;
events {}
${textOf(port)}
`
  return begin(nginxFile as string, start, (file) => ["-p", path.dirname(file), "-c", file])
}

/** Tries again, as another process may have taken the free port meanwhile. */
async function begin(
  file: string,
  textOf: (port: number) => string,
  argsOf: (config: string) => ReadonlyArray<string>,
  tries = 5
): Promise<Peer> {
  const [port = 0] = await freePorts(1)
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-peer-"))
  const config = path.join(directory, "config")
  fs.writeFileSync(config, textOf(port))
  const child = spawn(file, argsOf(config), { stdio: ["ignore", "ignore", "pipe"] })
  let said = ""
  child.stderr.on("data", (chunk) => said += chunk)
  const ended = once(child, "close")
  while (child.exitCode === null && !await answers(port)) await sleep(20)
  const stop = async () => {
    child.kill("SIGKILL")
    await ended
    fs.rmSync(directory, { recursive: true })
  }
  if (child.exitCode === null) return { port, [Symbol.asyncDispose]: stop }
  await stop()
  if (tries === 1) throw new Error(`${file} ended: ${said}`)
  return begin(file, textOf, argsOf, tries - 1)
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1")
  try {
    await once(socket, "connect")
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
