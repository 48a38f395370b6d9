/** Names that lead to public addresses at one time and to private ones at another, asked for by clients that may not reach these. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { assert, describe, it } from "vitest"
import { layer as realTransport } from "../../src/adapters/node/NodeTransport.ts"
import { Transport } from "../../src/plane/ports/Transport.ts"
import type { Json } from "../apps/keys/Row.ts"
import { serving } from "../apps/keys/service.ts"
import { connectTo, fileWith, said, statusOf } from "../support/entries.ts"
import type { Manner } from "../support/dnsServer.ts"
import { dnsServer } from "../support/dnsServer.ts"
import type { Server } from "../support/servers.ts"
import { named, serve, until } from "../support/servers.ts"

const NAME = "svc.example"
const PUBLIC = "198.18.0.1"
const PRIVATE = "127.0.0.1"
const CLOSED: Json = { protocol: "proxy", allow: ["*:*"], clients: ["127.0.0.1/32"], privateTargets: false }

interface World {
  readonly port: number
  /** What a client asks for: the name, with the port of the private server. */
  readonly target: string
  /** Changes what the DNS server says from now on. */
  readonly leadsTo: (...addresses: ReadonlyArray<string>) => void
  readonly asked: () => number
  /** The addresses that were dialled so far, by whatever part of the service. */
  readonly dialled: ReadonlySet<string>
  readonly publicServer: Server
  readonly privateServer: Server
}

/** The transport of the service. It leads the public address to a server on loopback, and notes what is dialled. */
const leading = (publicPort: number, dialled: Set<string>): Layer.Layer<Transport> =>
  Layer.effect(
    Transport,
    Effect.map(Transport, (real) => {
      const leave = <A extends { readonly host: string; readonly port: number }>(address: A): A => {
        dialled.add(address.host)
        return address.host === PUBLIC ? { ...address, host: PRIVATE, port: publicPort } : address
      }
      return Transport.of({
        ...real,
        dialUnsafe: (address, ...rest) => real.dialUnsafe(leave(address), ...rest),
        identifyUnsafe: (address, ...rest) => real.identifyUnsafe(leave(address), ...rest)
      })
    })
  ).pipe(Layer.provide(realTransport))

interface Other {
  readonly manner?: Manner
  /** Whether an upstream is configured for the name; else it is found on demand. */
  readonly isConfigured?: boolean
  /** Other keys of the file. */
  readonly rest?: Json
}

const world = (
  first: ReadonlyArray<string>,
  use: (world: World) => Promise<void>,
  { manner = {}, isConfigured = false, rest = {} }: Other = {}
) =>
  Effect.gen(function* () {
    let now = first
    const dns = yield* dnsServer({
      get [NAME]() {
        return now
      }
    }, manner)
    yield* Effect.promise(async () => {
      const [publicServer, privateServer] = [await named("public"), await named("private")]
      const dialled = new Set<string>()
      const file = fileWith([CLOSED], {
        dns: { servers: [`127.0.0.1:${dns.port}`], timeout: "500ms" },
        onDemand: { singleFlightTimeout: "1s", retryAfter: "100ms" },
        dial: { timeout: "1s" },
        ...rest,
        upstreams: isConfigured ? { web: { host: NAME, port: privateServer.port } } : {}
      })
      const leadsTo = (...addresses: ReadonlyArray<string>) => void (now = addresses)
      const target = `${NAME}:${privateServer.port}`
      await serving(
        file,
        ({ port }) => use({ port, target, leadsTo, asked: dns.asked, dialled, publicServer, privateServer }),
        leading(publicServer.port, dialled)
      )
      await Promise.all([publicServer.stop(), privateServer.stop()])
    })
  }).pipe(Effect.scoped, Effect.runPromise)

/** Nothing of the service came to a private address. */
function isSpared({ dialled, privateServer }: World): void {
  assert.deepStrictEqual([...dialled].filter((one) => one !== PUBLIC), [])
  assert.strictEqual(privateServer.connections(), 0)
}

describe("a name that changes, on a listener without private targets", () => {
  it("is served while it is public, and not once it leads to a private address alone", () =>
    world([PUBLIC], async (world) => {
      const { port, target, publicServer } = world
      assert.match(await said(port, `${connectTo(target)}?`, /public$/), /^HTTP\/1\.1 200 /)
      const before = world.asked()
      world.leadsTo(PRIVATE)
      await publicServer.stop()
      // The public address fails first. Then the name is looked up for the client's own dial, as IPv4 and as IPv6.
      const statuses: Array<number> = []
      for (let i = 0; i < 500 && world.asked() < before + 10; i++) statuses.push(await statusOf(port, connectTo(target)))
      assert.isAtLeast(world.asked(), before + 10)
      assert.notInclude(statuses, 200)
      isSpared(world)
    }))

  it("is refused while it is private, and served once it is public", () =>
    world([PRIVATE], async (world) => {
      const { port, target } = world
      assert.strictEqual(await statusOf(port, connectTo(target)), 403)
      assert.isAbove(world.asked(), 0)
      world.leadsTo(PUBLIC)
      let answer = ""
      for (let i = 0; i < 200 && !answer.endsWith("public"); i++) {
        answer = await said(port, `${connectTo(target)}?`, /public$|^HTTP\/1\.1 [45]/)
      }
      assert.match(answer, /public$/)
      isSpared(world)
    }))

  it("is dialled at its public address alone while it has both, and a private one that comes late is left out", () =>
    world([PUBLIC, PRIVATE, "::1"], async (world) => {
      const { port, target, publicServer } = world
      assert.match(await said(port, `${connectTo(target)}?`, /public$/), /^HTTP\/1\.1 200 /)
      await publicServer.stop()
      for (let i = 0; i < 5; i++) assert.notStrictEqual(await statusOf(port, connectTo(target)), 200)
      assert.isTrue(world.dialled.has(PUBLIC))
      isSpared(world)
    }, { manner: { afterMs: { AAAA: 150 } } }))
})

describe("a configured upstream, on a listener without private targets", () => {
  it("serves a client that names its host while that is public, when its name is looked up for each client", () =>
    world([PRIVATE], async (world) => {
      const { port, target, leadsTo } = world
      const answer = () => said(port, `${connectTo(target)}?`, /public$|private$|^HTTP\/1\.1 [45]/)
      assert.match(await answer(), /^HTTP\/1\.1 403 /)
      leadsTo(PUBLIC)
      assert.match(await answer(), /public$/)
      leadsTo(PRIVATE, PUBLIC)
      assert.match(await answer(), /public$/)
      leadsTo(PRIVATE)
      assert.match(await answer(), /^HTTP\/1\.1 403 /)
      isSpared(world)
    }, { isConfigured: true, rest: { sources: { dns: false }, probing: { mode: "tcp" } } }))

  it("keeps the warm socket of a private candidate from a client that names its host, and gives it to the clients of its own listener", async () => {
    let heard = ""
    const echo = await serve((socket) => {
      socket.on("data", (chunk) => {
        heard += String(chunk)
        socket.write(chunk)
      })
      socket.on("end", () => socket.end())
    })
    const web = { host: NAME, port: echo.port, candidates: [`${PRIVATE}:${echo.port}`] }
    const file = fileWith([CLOSED, { upstream: "web" }], {
      upstreams: { web },
      sources: { dns: false },
      probing: { mode: "tcp" },
      pool: { mode: "fixed", size: 1 }
    })
    await serving(file, async ({ port, acceptor }) => {
      await until("a socket is warm", () => acceptor.warmPool.size > 0)
      assert.strictEqual(await statusOf(port, `${connectTo(`${NAME}:${echo.port}`)}hello`), 403)
      assert.strictEqual(acceptor.warmPool.size, 1)
      assert.strictEqual(heard, "")
      assert.strictEqual(await said(acceptor.statusUnsafe()[1]?.listen.port ?? 0, "mine", /mine/), "mine")
    })
    await echo.stop()
  })
})
