/** ssh through the proxy port, by a ProxyCommand that speaks SOCKS. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { ChildProcess } from "node:child_process"
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import type { Peers } from "../support/peers/peers.ts"
import { NAME, peers } from "../support/peers/peers.ts"
import { fileOf, lacksTool, runTool } from "../support/peers/tools.ts"
import { ask, until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"

const missing = [
  lacksTool("sshd", "openssh-server", "sshd"),
  lacksTool("sshd", "openssh-client", "ssh"),
  lacksTool("nc", "netcat-openbsd", "nc.openbsd")
].some((one) => one)

describe.skipIf(missing)("ssh", () => {
  let world: Peers
  let sshd: ChildProcess
  let port = 0
  const file = (name: string) => path.join(world.directory, name)

  beforeAll(async () => {
    world = await peers()
    for (const name of ["host", "user"]) {
      spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file(name)])
    }
    // Without this directory, which the system's own service makes, sshd does not start as root.
    if (process.getuid?.() === 0) fs.mkdirSync("/run/sshd", { recursive: true, mode: 0o755 })
    const [free = 0] = await freePorts(1)
    port = free
    const options = {
      ListenAddress: "127.0.0.1",
      Port: String(port),
      HostKey: file("host"),
      AuthorizedKeysFile: file("user.pub"),
      StrictModes: "no",
      UsePAM: "yes",
      PidFile: "none"
    }
    const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`])
    sshd = spawn(fileOf("sshd") as string, ["-D", "-e", "-f", "/dev/null", ...flags], { stdio: "ignore" })
    let greets = false
    void (async () => {
      while (!greets && sshd.exitCode === null) {
        greets = (await ask(port, "x\r\n").catch(() => "")).startsWith("SSH-")
        if (!greets) await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()
    await until("sshd greets", () => greets || sshd.exitCode !== null, 20_000)
  }, 60_000)

  afterAll(async () => {
    if (sshd?.exitCode === null) {
      const ended = new Promise((resolve) => sshd.once("exit", resolve))
      process.kill(sshd.pid as number, "SIGKILL")
      await ended
    }
    await world?.stop()
  })

  for (const version of ["5", "4"]) {
    it(`runs a command on a host, by nc -X ${version}`, async () => {
      const host = version === "5" ? NAME : "127.0.0.1"
      const { code, stdout, stderr } = await runTool("ssh", [
        ...[
          "-F",
          "/dev/null",
          "-o",
          "BatchMode=yes",
          "-o",
          "StrictHostKeyChecking=no",
          "-o",
          "UserKnownHostsFile=/dev/null"
        ],
        ...["-o", `ProxyCommand=nc.openbsd -X ${version} -x ${world.proxy} %h %p`, "-i", file("user"), "-p", String(port)],
        ...[`${os.userInfo().username}@${host}`, "echo", "hello", "from", "ssh"]
      ], { env: { HOME: world.directory } })
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(stdout, "hello from ssh\n")
    })
  }
})
