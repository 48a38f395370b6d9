/** Faults from outside: a kill, a failing disk, no descriptors left. The service keeps serving or serves again. */
import { assert, describe, it } from "vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import process from "node:process"
import { unable } from "../support/able.ts"
import { request } from "../support/admin.ts"
import type { Running } from "../support/command.ts"
import { command, inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"
import { seriesOf } from "../support/telemetry.ts"

const stopped = async (running: Running) => {
  running.kill("SIGTERM")
  const { code, stderr } = await running.ended
  assert.strictEqual(code, 0, stderr)
}

const segmentsIn = (directory: string) =>
  fs.existsSync(directory) ? fs.readdirSync(directory).filter((name) => /^\d{8}\.ndjson/.test(name)) : []

describe("a service that is killed", () => {
  it("restarts at once with the same directory, and the record of both runs verifies", () =>
    inScratch(async (directory) => {
      const good = await named("good")
      const file = writeConfig(directory, { candidates: [good.port] })
      const log = path.join(directory, "log")
      const first = start(["run", "--config", file])
      await until("it listens", () => portOf(first) !== undefined)
      assert.strictEqual(await ask(portOf(first) as number), "good")
      await until("something is recorded", () => segmentsIn(log).some((name) => fs.statSync(path.join(log, name)).size > 0))
      first.kill("SIGKILL")
      await first.ended
      assert.isTrue(fs.existsSync(path.join(log, "lock")), "the dead one left its lock")
      const second = start(["run", "--config", file])
      await until("it listens again", () => portOf(second) !== undefined)
      assert.strictEqual(await ask(portOf(second) as number), "good")
      await stopped(second)
      assert.notInclude(second.stderr(), "records in")
      assert.deepStrictEqual(segmentsIn(log).map((name) => name.slice(0, 8)), ["00000001", "00000002"])
      const { code, stdout } = await command(["replay", log])
      assert.strictEqual(code, 0, stdout)
      await good.stop()
    }))
})

describe("a service that cannot write its record at the start", () => {
  it("serves clients, reports and counts the gap, and records once the disk works", () =>
    inScratch(async (directory) => {
      const good = await named("good")
      const [admin = 0] = await freePorts(1)
      const obstacle = path.join(directory, "state")
      fs.writeFileSync(obstacle, "a file where a directory should be")
      const log = path.join(obstacle, "log")
      const more = `admin: { listen: "127.0.0.1:${admin}" }`
      const running = start(["run", "--config", writeConfig(directory, { candidates: [good.port], log, more })])
      await until("it listens", () => portOf(running) !== undefined)
      assert.strictEqual(await ask(portOf(running) as number), "good")
      const told = /cannot open it: ENOTDIR; Fairlead records in (\S+guest-[0-9a-f]+) once it can write there/
      assert.match(running.stderr(), told)
      const series = async (name: string) => seriesOf((await request(admin, "/metrics")).body).get(name) ?? 0
      assert.isAtLeast(await series("fairlead_record_gaps_total"), 1)
      fs.rmSync(obstacle)
      const own = told.exec(running.stderr())?.[1] ?? ""
      assert.strictEqual(path.dirname(own), log)
      await until("it records", () => segmentsIn(own).length > 0, 20_000)
      assert.strictEqual(fs.statSync(own).mode & 0o777, 0o700)
      assert.strictEqual(await ask(portOf(running) as number), "good")
      await stopped(running)
      const { code, stdout } = await command(["replay", own])
      assert.strictEqual(code, 0, stdout)
      await good.stop()
    }), 60_000)
})

describe("a service on a full disk", () => {
  it(
    "serves clients, counts a gap in its record, and records again once there is room",
    (context) =>
      inScratch(async (directory) => {
        const disk = path.join(directory, "disk")
        fs.mkdirSync(disk)
        const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", disk]).status === 0
        if (!mounted) return unable(context, "disks", "no small disk can be mounted here")
        try {
          const good = await named("good")
          const [admin = 0] = await freePorts(1)
          const [log, filler] = [path.join(disk, "log"), path.join(disk, "filler")]
          const more = `admin: { listen: "127.0.0.1:${admin}" }`
          const running = start(["run", "--config", writeConfig(directory, { candidates: [good.port], log, more })])
          await until("it listens", () => portOf(running) !== undefined)
          let sessions = 0
          const served = async (count: number) => {
            for (let i = 0; i < count; i++, sessions++) assert.strictEqual(await ask(portOf(running) as number), "good")
          }
          // A segment that does not fit is removed again, perhaps between listing and reading.
          const recorded = () => {
            try {
              return fs.readFileSync(path.join(log, segmentsIn(log).at(-1) ?? "none"), "utf8").includes(
                `"session":${sessions},`
              )
            } catch {
              return false
            }
          }
          await served(3)
          assert.throws(() => fs.writeFileSync(filler, new Uint8Array(1 << 20)), /ENOSPC/)
          const gaps = async () => seriesOf((await request(admin, "/metrics")).body).get("fairlead_record_gaps_total") ?? 0
          const giveUp = performance.now() + 20_000
          while (await gaps() === 0 && performance.now() < giveUp) await served(20)
          assert.isAtLeast(await gaps(), 1)
          fs.rmSync(filler)
          // What it wrote while the disk was full proves nothing: the record must have the latest client.
          for (let tries = 0; tries < 200 && !recorded(); tries++) {
            await served(1)
            await new Promise((resolve) => setTimeout(resolve, 100))
          }
          assert.isTrue(recorded())
          await stopped(running)
          assert.include(running.stderr(), "the record has a gap until the disk takes writes again")
          const { code, stdout } = await command(["replay", log])
          assert.strictEqual(code, 0, stdout)
          assert.match(stdout, /gap/)
          await good.stop()
        } finally {
          spawnSync("umount", ["-l", disk])
        }
      }),
    60_000
  )
})

describe("a service without descriptors", () => {
  it("recovers by itself when clients leave", (context) =>
    inScratch(async (directory) => {
      if (process.platform !== "linux") return context.skip("there is no such limit")
      const good = await named("good")
      const [admin = 0] = await freePorts(1)
      const more = `shutdown: { drain: 100ms }\nadmin: { listen: "127.0.0.1:${admin}" }`
      const file = writeConfig(directory, { candidates: [good.port], more })
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      const port = portOf(running) as number
      assert.strictEqual(await ask(port), "good")
      const open = fs.readdirSync(`/proc/${running.pid}/fd`).length
      const limit = `--nofile=${open + 20}:${open + 20}`
      if (spawnSync("prlimit", ["--pid", String(running.pid), limit]).status !== 0) {
        await stopped(running)
        return unable(context, "descriptors", "prlimit is not there")
      }
      // The service checks its limit with the first client that comes a tenth of a second after the last check.
      const lookedMs = performance.now() + 200
      while (performance.now() < lookedMs) assert.strictEqual(await ask(port), "good")
      const crowd = Array.from({ length: 120 }, () => net.connect(port, "127.0.0.1").on("error", () => {}))
      await until("it has too few left", () => running.stderr().includes("descriptors are short"))
      // The admin port finds no descriptor either, so these connections may fail.
      const callers = Array.from({ length: 40 }, () => net.connect(admin, "127.0.0.1").on("error", () => {}))
      await until("the process is full", () => fs.readdirSync(`/proc/${running.pid}/fd`).length >= open + 19)
      for (const socket of [...crowd, ...callers]) socket.destroy()
      const giveUp = performance.now() + 20_000
      let answer = ""
      while (answer !== "good" && performance.now() < giveUp) answer = await ask(port).catch(() => "")
      assert.strictEqual(answer, "good", running.stderr())
      const health = await Promise.race([
        request(admin, "/healthz").then(({ status }) => status),
        new Promise((resolve) => setTimeout(resolve, 10_000, "no answer"))
      ])
      assert.strictEqual(health, 200)
      await stopped(running)
      await good.stop()
    }), 60_000)
})
