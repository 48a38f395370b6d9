/** Every documented way to start the service: signals and exit codes are passed on, and no process is left behind. */
import { assert, beforeAll, describe, it } from "vitest"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import process from "node:process"
import { here, inScratch, portOf, ROOT, writeConfig } from "../support/command.ts"
import type { Launched, Launcher } from "../support/launchers.ts"
import { checkout, launch, launchers } from "../support/launchers.ts"
import { BUILD_MS, built } from "../support/packed.ts"
import { serve, until } from "../support/servers.ts"
import { connect } from "../support/sockets.ts"

const TIMEOUT_MS = 60_000

interface Started {
  readonly launched: Launched
  readonly port: number
}

/** Starts a service by this launcher over an echo server, and kills it if the test leaves it running. */
const started = (launcher: Launcher, use: (started: Started) => Promise<void>) =>
  inScratch(async (directory) => {
    const echo = await serve((socket) => socket.pipe(socket))
    const file = writeConfig(directory, { candidates: [echo.port] })
    const launched = launch(launcher, checkout(path.join(directory, "checkout")), ["run", "--config", file])
    let over = false
    void launched.ended.then(() => (over = true))
    try {
      await until("it listens", () => portOf(launched) !== undefined || over, 30_000)
      await use({ launched, port: portOf(launched) as number })
    } finally {
      if (!over) launched.signalAll("SIGKILL")
      await launched.ended
      await echo.stop()
    }
  })

/** What a new client gets. */
const askedOf = (port: number) =>
  new Promise<string>((resolve) => {
    const socket = net.connect(port, "127.0.0.1")
    socket.once("error", (cause) => resolve((cause as NodeJS.ErrnoException).code ?? ""))
    socket.once("connect", () => {
      socket.destroy()
      resolve("served")
    })
  })

/** Waits until all that was started has ended by itself, after its sessions; the port must be free. */
async function stopped({ launched, port }: Started): Promise<void> {
  await until("the service stops", () => launched.stderr().includes("message=stopped"), 15_000)
  const { stderr } = await launched.ended
  assert.strictEqual(stderr.split("stopping:").length, 2, stderr)
  assert.strictEqual(await askedOf(port), "ECONNREFUSED")
}

describe.skipIf(process.platform === "win32")("a service started by", () => {
  for (const launcher of launchers) {
    describe.skipIf(!launcher.isThere)(
      launcher.isThere ? launcher.name : `${launcher.name} (skipped: npm is not installed)`,
      () => {
        const wishes = [
          ["SIGTERM to the launcher alone", ({ signal }: Launched) => signal("SIGTERM")],
          [
            "Ctrl-C, which all processes of the terminal get",
            ({ signalAll }: Launched) => signalAll("SIGINT")
          ]
        ] as const
        it.each(wishes)("finishes its sessions and ends on %s", (_wish, send) =>
          started(launcher, async (service) => {
            const { launched, port } = service
            const client = await connect(port)
            client.socket.write("before ")
            await until("the first echo", () => client.text() === "before ")
            send(launched)
            await until("it stops accepting", () => launched.stderr().includes("stopping:"))
            client.socket.write("after")
            await until("the second echo", () => client.text() === "before after")
            client.socket.end()
            await stopped(service)
            assert.include(launched.stderr(), "sessionsReset=0")
            if (launcher.waits) assert.deepInclude(await launched.launcherEnded, { code: 0, signal: null })
          }), TIMEOUT_MS)

        it(
          `${launcher.hangup === "stop" ? "stops" : "reloads"} on SIGHUP to the launcher alone`,
          () =>
            started(launcher, async (service) => {
              const { launched, port } = service
              assert.notInclude(launched.stderr(), "configuration reloaded")
              launched.signal("SIGHUP")
              if (launcher.hangup === "stop") return stopped(service)
              await until("it has reloaded", () => launched.stderr().includes("configuration reloaded"))
              assert.strictEqual(await askedOf(port), "served")
              launched.signal("SIGTERM")
              await stopped(service)
            }),
          TIMEOUT_MS
        )

        it("ends when the launcher is killed", () =>
          started(launcher, async (service) => {
            service.launched.signal("SIGKILL")
            await stopped(service)
            assert.include(service.launched.stderr(), "the launcher of this process is gone")
          }), TIMEOUT_MS)

        it("passes on the exit code of a command that fails", () =>
          inScratch(async (directory) => {
            const file = path.join(directory, "bad.yaml")
            fs.writeFileSync(file, "listeners: 7\n")
            const { ended } = launch(launcher, checkout(path.join(directory, "checkout")), ["check", "--config", file])
            assert.strictEqual((await ended).code, 2)
          }), TIMEOUT_MS)
      }
    )
  }
})

describe.skipIf(process.platform === "win32")("the command in the unit file", () => {
  beforeAll(built, BUILD_MS)

  it("runs the program itself, which reloads on SIGHUP and exits with 0 on SIGTERM", () =>
    inScratch(async (directory) => {
      const unit = fs.readFileSync(path.join(ROOT, "deploy/fairlead.service"), "utf8")
      const line = here === "node" ? /^ExecStart=(.*)$/m : /^#ExecStart=(.*)$/m
      const echo = await serve((socket) => socket.pipe(socket))
      const file = writeConfig(directory, { candidates: [echo.port] })
      const text = (line.exec(unit)?.[1] ?? "").replaceAll("/opt/fairlead", ROOT)
      const [command = "", ...args] = text.replaceAll(/\/(etc|var\/lib)\/fairlead\b/g, path.dirname(file)).split(" ")
      const launched = launch({ command, args }, ROOT, [])
      await until("it listens", () => portOf(launched) !== undefined, 30_000)
      assert.include(unit, "ExecReload=/bin/kill -HUP $MAINPID")
      launched.signal("SIGHUP")
      await until("it has reloaded", () => launched.stderr().includes("configuration reloaded"))
      launched.signal("SIGTERM")
      await stopped({ launched, port: portOf(launched) as number })
      await echo.stop()
      assert.deepInclude(await launched.launcherEnded, { code: 0, signal: null })
    }), TIMEOUT_MS)

  it("keeps running when its parent is killed, as that is not a launcher", () =>
    inScratch(async (directory) => {
      const echo = await serve((socket) => socket.pipe(socket))
      const file = writeConfig(directory, { candidates: [echo.port] })
      const runtime = here === "node" ? "" : "run -A"
      const script = path.join(directory, "start.sh")
      fs.writeFileSync(
        script,
        `${process.execPath} ${runtime} src/apps/main.ts run --config "${file}" & echo pid=$! >&2; wait`
      )
      const launched = launch({ command: "sh", args: [script] }, ROOT, [])
      await until("it listens", () => portOf(launched) !== undefined, 30_000)
      launched.signal("SIGKILL")
      await launched.launcherEnded
      // Three times the interval at which a service with a launcher checks it.
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      assert.notInclude(launched.stderr(), "stopping")
      assert.strictEqual(await askedOf(portOf(launched) as number), "served")
      process.kill(Number(/pid=(\d+)/.exec(launched.stderr())?.[1]), "SIGTERM")
      await stopped({ launched, port: portOf(launched) as number })
      await echo.stop()
    }), TIMEOUT_MS)
})
