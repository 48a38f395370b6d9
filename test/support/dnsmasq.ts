/** Debian's dnsmasq on loopback: a real DNS server whose names a test changes while it runs. */
import { spawn, spawnSync } from "node:child_process"
import * as dgram from "node:dgram"
import * as dns from "node:dns/promises"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { lacks } from "./able.ts"
import { freePorts } from "./freePorts.ts"

export type Hosts = Readonly<Record<string, ReadonlyArray<string>>>

export interface Dnsmasq {
  /** `127.0.0.1:5353` */
  readonly server: string
  /** Replaces all its names. */
  readonly knows: (hosts: Hosts) => Promise<void>
  /** Stops it: it takes every query and answers none. */
  readonly freeze: () => void
  readonly thaw: () => void
  readonly stop: () => Promise<void>
}

const PLACES = ["/usr/sbin/dnsmasq", "/usr/bin/dnsmasq", "/usr/local/sbin/dnsmasq", "/opt/homebrew/sbin/dnsmasq"]
const found = PLACES.find((file) => fs.existsSync(file) && spawnSync(file, ["--version"]).status === 0)

/** Why dnsmasq is missing; empty when it is installed. */
const missing = found === undefined ? "dnsmasq is not installed (Debian package dnsmasq-base)" : ""
/** Whether tests that need it must be skipped. */
export const isMissing = lacks("dnsmasq", missing)

const text = (hosts: Hosts) =>
  Object.entries(hosts).flatMap(([name, addresses]) => addresses.map((address) => `${address} ${name}\n`)).join("")

/** A name whose address gives the version of the file that it has read. */
const VERSION = "version.test"

/** Tries again, as another process may have taken the free port meanwhile. */
export async function dnsmasq(hosts: Hosts, tries = 5): Promise<Dnsmasq> {
  try {
    return await begin(hosts)
  } catch (cause) {
    if (tries === 1) throw cause
    return dnsmasq(hosts, tries - 1)
  }
}

async function begin(hosts: Hosts): Promise<Dnsmasq> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-dnsmasq-"))
  const file = path.join(directory, "hosts")
  let version = 0
  const write = (next: Hosts) => {
    version++
    fs.writeFileSync(file, text({ ...next, [VERSION]: [`198.18.${version >> 8}.${version & 255}`] }))
  }
  write(hosts)
  const port = await freePort()
  const child = spawn(found as string, [
    ...["--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts", "--no-poll"],
    ...["--listen-address=127.0.0.1", "--bind-interfaces", `--port=${port}`, `--addn-hosts=${file}`, "--local=/test/"],
    `--user=${os.userInfo().username}`
  ], { stdio: "ignore" })
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  const server = `127.0.0.1:${port}`
  // On Deno a child whose own `kill` was called counts as ended.
  const signal = (name: NodeJS.Signals) => void (child.exitCode === null && process.kill(child.pid as number, name))
  const hasRead = async () => {
    for (const giveUp = performance.now() + 10_000; performance.now() < giveUp && child.exitCode === null;) {
      const resolver = new dns.Resolver({ timeout: 200, tries: 1 })
      resolver.setServers([server])
      const [seen] = await resolver.resolve4(VERSION).catch(() => [])
      if (seen === `198.18.${version >> 8}.${version & 255}`) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error("dnsmasq does not answer")
  }
  const stop = async () => {
    signal("SIGKILL")
    await ended
    fs.rmSync(directory, { recursive: true })
  }
  try {
    await hasRead()
  } catch (cause) {
    await stop()
    throw cause
  }
  return {
    server,
    knows: async (next) => {
      write(next)
      signal("SIGHUP")
      await hasRead()
    },
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    stop
  }
}

/** A port that is free for TCP and UDP. */
async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  const socket = dgram.createSocket("udp4")
  const isFree = await new Promise<boolean>((resolve) => {
    socket.once("error", () => resolve(false))
    socket.bind(port, "127.0.0.1", () => resolve(true))
  })
  await new Promise<void>((resolve) => socket.close(resolve))
  return isFree ? port : freePort()
}
