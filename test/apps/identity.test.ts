/** The program among impostors that accept TCP as fast as the real server: certificates, configuration and record. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import type * as net from "node:net"
import * as os from "node:os"
import * as path from "node:path"
import * as tls from "node:tls"
import { parse } from "../../src/apps/config/parse.ts"
import { Fairlead } from "../../src/apps/embed/Fairlead.ts"
import { authoritiesIn } from "../../src/apps/rehearsal.ts"
import { unable } from "../support/able.ts"
import { request } from "../support/admin.ts"
import { authority, good, otherName, selfSigned } from "../support/certificates.ts"
import type { Running } from "../support/command.ts"
import { command, inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { dnsServer } from "../support/dnsServer.ts"
import { until } from "../support/servers.ts"
import { freePorts } from "../support/freePorts.ts"
import { seriesOf } from "../support/telemetry.ts"
import { impostors, listening, serveTls } from "../support/tlsServers.ts"

interface Service {
  readonly port: number
  readonly admin: number
  readonly running: Running
}

interface ShownCandidate {
  readonly id: string
  readonly address: string
  readonly identity: string
  readonly active: boolean
}

const candidatesOf = async (admin: number): Promise<ReadonlyArray<ShownCandidate>> =>
  JSON.parse((await request(admin, "/status")).body).upstreams[0].candidates

/** Waits until `holds` is true of the candidates in /status. */
async function shown(admin: number, what: string, holds: (candidates: ReadonlyArray<ShownCandidate>) => boolean) {
  const giveUp = performance.now() + 30_000
  let now = await candidatesOf(admin)
  for (; !holds(now) && performance.now() < giveUp; now = await candidatesOf(admin)) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.isTrue(holds(now), `${what}: ${JSON.stringify(now)}`)
  return now
}

/** A client that accepts only web.example: its answer, or its error. */
const client = (port: number) =>
  new Promise<string>((resolve) => {
    const socket = tls.connect({ port, host: "127.0.0.1", servername: "web.example", ca: [authority] }, () =>
      socket.write("?"))
    let answer = ""
    socket.on("data", (chunk) => (answer += String(chunk)))
    socket.on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code ?? error.message))
    socket.on("close", () => resolve(answer))
  })

/** Runs the program with this upstream, and verifies its record once it has ended. */
const withService = (upstream: string, more: string, use: (service: Service, directory: string) => Promise<void>) =>
  inScratch(async (directory) => {
    const [admin = 0] = await freePorts(1)
    fs.writeFileSync(path.join(directory, "ca.pem"), authority)
    const all = `admin: { listen: "127.0.0.1:${admin}" }
shutdown: { drain: 100ms }
session: { stall: 2s }
upstreams: { web: { host: web.example, ${upstream} } }
${more}`
    const running = start(["run", "--config", writeConfig(directory, { candidates: [], more: all })], {
      cwd: directory
    })
    try {
      await until("it listens", () => portOf(running) !== undefined)
      await use({ port: portOf(running) as number, admin, running }, directory)
    } finally {
      running.kill("SIGTERM")
      await running.ended
    }
    const { code, stdout, stderr } = await command(["replay", path.join(directory, "log")])
    assert.strictEqual(code, 0, stdout + stderr)
  })

const IMPOSTORS = ["127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6"] as const

/** The real server at 127.0.0.2 and impostors at other addresses, all on one port. */
const surrounded = Effect.gen(function* () {
  const [port = 0] = yield* Effect.promise(() => freePorts(1))
  const place = <S extends { readonly stop: () => Promise<void> }>(make: () => Promise<S>) =>
    Effect.acquireRelease(Effect.promise(make), ({ stop }) => Effect.promise(stop))
  const real = yield* place(() => serveTls(good, "good", { host: "127.0.0.2", port }))
  const [self, other, echo, silent] = IMPOSTORS
  yield* place(() => serveTls(selfSigned, "self-signed", { host: self, port }))
  yield* place(() => serveTls(otherName, "other name", { host: other, port }))
  yield* place(() => listening(impostors["echoes what it gets"]!, { host: echo, port }))
  yield* place(() => listening(impostors["is silent"]!, { host: silent, port }))
  return { port, real }
})

describe("an impostor that accepts TCP", () => {
  it.live("never serves a client, not even the first one, and is reported", () =>
    Effect.gen(function* () {
      const { port: at } = yield* surrounded
      const dns = yield* dnsServer({ "web.example": [...IMPOSTORS, "127.0.0.2"] })
      const upstream = `port: ${at}, candidates: [${[...IMPOSTORS, "127.0.0.2"].join(", ")}], caFile: ca.pem, `
        + "probing: { mode: tls }"
      yield* Effect.promise(() =>
        withService(upstream, `dns: { servers: ["127.0.0.1:${dns.port}"] }`, async ({ port, admin, running }, directory) => {
          const answers: Array<string> = []
          for (let round = 0; round < 8; round++) {
            answers.push(...await Promise.all(Array.from({ length: 8 }, () => client(port))))
          }
          assert.deepStrictEqual([...new Set(answers)], ["good"])
          const candidates = await shown(admin, "all were checked", (all) =>
            all.every(({ identity }) =>
              identity !== "unknown"
            ))
          assert.sameMembers(candidates.map(({ address, identity, active }) => `${address} ${identity} ${active}`), [
            "127.0.0.2:" + at + " verified true",
            ...IMPOSTORS.map((host) => `${host}:${at} failed false`)
          ])
          const page = seriesOf((await request(admin, "/metrics")).body)
          assert.isAtLeast(page.get('fairlead_probe_total{upstream="web",result="certificate"}') ?? 0, IMPOSTORS.length)
          const tripped = running.stderr().split("\n").filter((line) => line.includes("reason=certificate"))
          assert.isAtLeast(tripped.length, IMPOSTORS.length)
          assert.isTrue(tripped.every((line) => IMPOSTORS.every((host) => !line.includes(host))), tripped[0])
          // A caFile without a certificate changes nothing.
          fs.writeFileSync(path.join(directory, "ca.pem"), "")
          const reloaded = await request(admin, "/reload", { method: "POST" })
          assert.include(reloaded.body, "upstreams.web.caFile")
          assert.strictEqual(reloaded.status, 422)
          assert.strictEqual(await client(port), "good")
        })
      )
    }).pipe(Effect.scoped), 60_000)

  it.live("serves clients with probing.mode tcp", () =>
    Effect.gen(function* () {
      const { port: at } = yield* surrounded
      const upstream = `port: ${at}, candidates: [127.0.0.3, 127.0.0.2], caFile: ca.pem, probing: { mode: tcp }`
      const dns = yield* dnsServer({})
      yield* Effect.promise(() =>
        withService(upstream, `dns: { servers: ["127.0.0.1:${dns.port}"] }`, async ({ port, admin, running }) => {
          await shown(admin, "both are in the set", (all) => all.every(({ active }) => active))
          const answers = new Set<string>()
          for (let i = 0; i < 200 && answers.size < 2; i++) {
            for (const answer of await Promise.all([client(port), client(port)])) answers.add(answer)
          }
          assert.strictEqual(answers.size, 2)
          assert.isTrue((await candidatesOf(admin)).every(({ identity }) => identity === "unchecked"))
          assert.include(running.stderr(), "upstreams.web.caFile")
        })
      )
    }).pipe(Effect.scoped), 60_000)

  it.live("at the address of a member leaves the set once the proof is due again", () =>
    Effect.gen(function* () {
      const { port: at, real } = yield* surrounded
      const dns = yield* dnsServer({})
      const upstream = `port: ${at}, candidates: [127.0.0.2], caFile: ca.pem, probing: { mode: tls }`
      const more = `dns: { servers: ["127.0.0.1:${dns.port}"] }\ncache: { scoreTtl: 1s, minTtl: 1s }`
      yield* Effect.promise(() =>
        withService(upstream, more, async ({ port, admin }) => {
          await shown(admin, "it serves", (all) => all.every(({ active }) => active))
          assert.strictEqual(await client(port), "good")
          await real.stop()
          const thief = await serveTls(selfSigned, "thief", { host: "127.0.0.2", port: at })
          await shown(
            admin,
            "its proof fails",
            (all) => all.every(({ identity, active }) => identity === "failed" && !active)
          )
          assert.strictEqual(await client(port), "ECONNRESET")
          await shown(admin, "it stays out", (all) => all.every(({ active }) => !active))
          await thief.stop()
          const again = await serveTls(good, "again", { host: "127.0.0.2", port: at })
          await shown(admin, "it is back", (all) => all.every(({ identity, active }) => identity === "verified" && active))
          assert.strictEqual(await client(port), "again")
          await again.stop()
        })
      )
    }).pipe(Effect.scoped), 90_000)
})

describe("TLS handshakes that a configuration can need", () => {
  const said = /ready to ask for certificates.*helloBytes=(\d+)/g

  it("are rehearsed at the start, and again when a reload changes the authorities", async () => {
    const upstream = "port: 8443, candidates: [198.18.0.2], caFile: ca.pem, preheat: false, probing: { mode: tls }"
    await withService(upstream, "log: { level: debug }", async ({ admin, running }, directory) => {
      const hellos = () => [...running.stderr().matchAll(said)].map(([, bytes]) => Number(bytes) > 0)
      await until("the first one", () => hellos().length === 1)
      fs.writeFileSync(path.join(directory, "ca.pem"), authority + authority)
      assert.strictEqual((await request(admin, "/reload", { method: "POST" })).status, 200)
      await until("the second one", () => hellos().length === 2)
      assert.deepStrictEqual(hellos(), [true, false])
    })
  }, 60_000)

  it("are those of upstreams that require a proof", () => {
    const asked = (more: string, names: boolean) => {
      const listener = 'listeners: [{ name: web, listen: "127.0.0.1:1", upstream: web }]'
      const { settings } = parse(`${listener}\nupstreams: { web: { port: 443, candidates: [198.18.0.2] } }\n${more}`)
      return authoritiesIn(settings!.core, names)
    }
    assert.deepStrictEqual(asked("", false), [])
    assert.deepStrictEqual(asked("", true), [""])
    assert.deepStrictEqual(asked("probing: { mode: tcp }", true), [])
    assert.deepStrictEqual(asked("onDemand: { enabled: false }", true), [])
    assert.deepStrictEqual(asked("preheatDomains: [web.example, other.example]", false), [""])
  })
})

describe("inside a program", () => {
  /** The answer over the program's socket, by the program's own TLS. */
  const over = (socket: net.Socket) =>
    Effect.callback<string>((resume) => {
      const secure = tls.connect({ socket, servername: "web.example", ca: [authority] }, () => secure.write("?"))
      secure.on("data", (chunk) => resume(Effect.succeed(String(chunk))))
      secure.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message)))
      return Effect.sync(() => void secure.destroy())
    })

  it.live(
    "every connection leads to the real server, and no unverified candidate is picked",
    () =>
      Effect.gen(function* () {
        const { port: at } = yield* surrounded
        const dns = yield* dnsServer({})
        const directory = yield* Effect.acquireRelease(
          Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-test-"))),
          (made) => Effect.sync(() => fs.rmSync(made, { recursive: true }))
        )
        const caFile = path.join(directory, "ca.pem")
        fs.writeFileSync(caFile, authority)
        const web = { host: "web.example", port: at, caFile, probing: { mode: "tls" } } as const
        const config = {
          dns: { servers: [`127.0.0.1:${dns.port}`] },
          upstreams: {
            web: { ...web, candidates: ["127.0.0.3", "127.0.0.2"] },
            thieves: { ...web, host: "thieves.example", candidates: ["127.0.0.3", "127.0.0.4"] }
          }
        }
        yield* Effect.gen(function* () {
          const { connect, pick, status } = yield* Fairlead
          for (let i = 0; i < 6; i++) {
            const socket = yield* connect("web")
            assert.strictEqual(yield* over(socket), "good")
            socket.destroy()
          }
          const found = () =>
            Effect.runSync(status).upstreams.flatMap(({ candidates }) => candidates.map(({ identity }) => identity))
          yield* Effect.promise(() => until("all were checked", () => !found().includes("unknown")))
          assert.deepInclude(yield* pick("web"), { candidate: "web#2", address: { host: "127.0.0.2", port: at } })
          assert.deepInclude(yield* pick("thieves"), { candidate: null, address: null })
          assert.strictEqual((yield* Effect.flip(connect("thieves")))._tag, "ConnectError")
        }).pipe(Effect.provide(Fairlead.layer(config)))
      }).pipe(Effect.scoped),
    60_000
  )
})

describe("mode auto", () => {
  it("requires a proof on port 443 of an upstream with a host", async (context) => {
    const place = { host: "127.0.44.3", port: 443 }
    const thief = await serveTls(selfSigned, "thief", place).catch(() => undefined)
    if (thief === undefined) return unable(context, "port443", "port 443 may not be bound here")
    const real = await serveTls(good, "good", { host: "127.0.44.4", port: 443 })
    const upstream = "port: 443, candidates: [127.0.44.3, 127.0.44.4], caFile: ca.pem"
    const more = `dns: { servers: ["127.0.0.1:${(await freePorts(1))[0]}"], timeout: 200ms }`
    await withService(upstream, more, async ({ port, admin }) => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => client(port)))
      assert.deepStrictEqual([...new Set(answers)], ["good"])
      await shown(
        admin,
        "each was checked",
        (all) => all.map(({ identity }) => identity).toSorted().join() === "failed,verified"
      )
    })
    await thief.stop()
    await real.stop()
  }, 60_000)
})
