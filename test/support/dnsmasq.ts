/** Debian's dnsmasq on loopback: a real DNS server whose names a test changes while it runs. */
import { spawn, spawnSync } from "node:child_process"
import * as dgram from "node:dgram"
import * as dns from "node:dns/promises"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"

export type Hosts = Readonly<Record<string, ReadonlyArray<string>>>

export interface Dnsmasq {
  /** `127.0.0.1:5353` */
  readonly server: string
  /** Replaces everything it knows. */
  readonly knows: (hosts: Hosts) => Promise<void>
  /** It answers nobody any more, but takes every question. */
  readonly freeze: () => void
  readonly thaw: () => void
  readonly stop: () => Promise<void>
}

const PLACES = ["/usr/sbin/dnsmasq", "/usr/bin/dnsmasq", "/usr/local/sbin/dnsmasq", "/opt/homebrew/sbin/dnsmasq"]
const found = PLACES.find((file) => fs.existsSync(file) && spawnSync(file, ["--version"]).status === 0)

/** Why there is none; empty when there is. With REQUIRE_RIVALS=1 a missing one is a failure. */
export const missing = found === undefined ? "dnsmasq is not installed (Debian package dnsmasq-base)" : ""
if (missing !== "" && process.env["REQUIRE_RIVALS"] === "1") throw new Error(missing)
if (missing !== "") console.log(`skipped: ${missing}`)

const text = (hosts: Hosts) =>
  Object.entries(hosts).flatMap(([name, addresses]) => addresses.map((address) => `${address} ${name}\n`)).join("")

/** A name under which it tells which version of its file it has read. */
const VERSION = "version.test"

export async function dnsmasq(hosts: Hosts): Promise<Dnsmasq> {
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
  const hasRead = async () => {
    for (const giveUp = performance.now() + 10_000; performance.now() < giveUp;) {
      const resolver = new dns.Resolver({ timeout: 200, tries: 1 })
      resolver.setServers([server])
      const [seen] = await resolver.resolve4(VERSION).catch(() => [])
      if (seen === `198.18.${version >> 8}.${version & 255}`) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error("dnsmasq does not answer")
  }
  const stop = async () => {
    child.kill("SIGKILL")
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
      child.kill("SIGHUP")
      await hasRead()
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    stop
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket("udp4")
    socket.once("error", reject)
    socket.bind(0, "127.0.0.1", () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })
}
