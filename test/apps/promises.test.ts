/** Fairlead without Effect: promises, signals, iterables, plain errors. */
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as net from "node:net"
import * as path from "node:path"
import { text } from "node:stream/consumers"
import type { FairleadClient, FairleadConfig, LogLine } from "../../src/mod.ts"
import { createFairlead, FairleadConfigError, FairleadConnectError, FairleadError } from "../../src/mod.ts"
import { command, inScratch, ROOT } from "../support/command.ts"
import { named, serve, until } from "../support/servers.ts"

/** What is used of a server, and stops with the block that uses it. */
async function using<S extends { readonly stop: () => Promise<void> }>(stack: AsyncDisposableStack, server: Promise<S>) {
  const started = await server
  stack.defer(started.stop)
  return started
}

async function refusing(): Promise<number> {
  const { port, stop } = await serve(() => {})
  await stop()
  return port
}

const local = (...ports: ReadonlyArray<number>) => ports.map((port) => `127.0.0.1:${port}`)
const asked = (socket: net.Socket) => text(socket.end("?"))
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => undefined, (error: unknown) => error)

async function selected(fairlead: FairleadClient, upstream: string): Promise<void> {
  for await (const fact of fairlead.facts()) if (fact.kind === "SelectionMoved" && fact.upstream === upstream) return
}

describe("createFairlead", () => {
  it("connects by name and by host and port, and tells what served", async () => {
    await using stack = new AsyncDisposableStack()
    const server = await using(stack, named("one"))
    await using fairlead = await createFairlead({
      pool: { mode: "off" },
      selector: { evaluationInterval: "20ms" },
      upstreams: { web: { host: "localhost", port: server.port, candidates: local(server.port) } }
    })
    await selected(fairlead, "web")
    const socket = await fairlead.connect("web")
    assert.instanceOf(socket, net.Socket)
    const by = fairlead.servedBy(socket)
    const expected = {
      upstream: "web",
      candidate: "web#1",
      source: "user-static",
      stage: "active",
      why: "only",
      warm: false
    }
    assert.deepInclude(by, expected as typeof by)
    assert.isAbove(by?.latencyMs ?? 0, 0)
    assert.isAbove(by?.connectMs ?? 0, 0)
    assert.deepStrictEqual(by?.tried.map(({ candidate, outcome }) => [candidate, outcome]), [["web#1", "connected"]])
    assert.strictEqual(await asked(socket), "one")
    assert.strictEqual(await asked(await fairlead.connect("localhost", server.port)), "one")
    assert.isUndefined(fairlead.servedBy(new net.Socket()))
    assert.strictEqual(fairlead.status().upstreams[0]?.name, "web")
    await fairlead.refresh("web")
  })

  it("tells that a warm connection served", async () => {
    await using stack = new AsyncDisposableStack()
    const server = await using(stack, named("one"))
    await using fairlead = await createFairlead({
      selector: { evaluationInterval: "20ms" },
      upstreams: { web: { candidates: local(server.port) } }
    })
    await until("a socket waits", () => (fairlead.status().upstreams[0]?.candidates[0]?.warm ?? 0) > 0)
    const by = fairlead.servedBy(await fairlead.connect("web"))
    assert.deepStrictEqual([by?.warm, by?.connectMs, by?.tried], [true, 0, []])
  })

  it("while it is off lets the list serve in its order, with no source, and each dial told", async () => {
    await using stack = new AsyncDisposableStack()
    const server = await using(stack, named("second"))
    await using fairlead = await createFairlead({
      enabled: false,
      upstreams: { web: { candidates: local(await refusing(), server.port) } }
    })
    const by = fairlead.servedBy(await fairlead.connect("web"))
    const expected = { candidate: "web#2", source: null, latencyMs: null, stage: "disabled", why: "unranked" }
    assert.deepInclude(by, expected as typeof by)
    assert.deepStrictEqual(by?.tried.map(({ outcome }) => outcome), ["refused", "connected"])
  })

  it("while it is off lets the addresses of the system's resolver serve first, which are no candidates", async () => {
    await using stack = new AsyncDisposableStack()
    const server = await using(stack, named("system"))
    await using fairlead = await createFairlead({
      enabled: false,
      upstreams: { web: { host: "localhost", port: server.port, candidates: local(await refusing()) } }
    })
    const socket = await fairlead.connect("web")
    const expected = { candidate: null, source: null, stage: "disabled" } as const
    assert.deepInclude(fairlead.servedBy(socket), expected)
    assert.strictEqual(await asked(socket), "system")
  })

  it("avoids the candidates and addresses that a connection names, and says when none is left", async () => {
    await using stack = new AsyncDisposableStack()
    const [one, two] = [await using(stack, named("one")), await using(stack, named("two"))]
    await using fairlead = await createFairlead({
      enabled: false,
      upstreams: { web: { candidates: local(one.port, two.port) } }
    })
    const labelOf = async (avoid: ReadonlyArray<string>) =>
      fairlead.servedBy(await fairlead.connect("web", undefined, { avoid }))?.candidate
    assert.strictEqual(await labelOf([]), "web#1")
    assert.strictEqual(await labelOf(["web#1"]), "web#2")
    for (const avoid of [["web#1", "web#2"], ["127.0.0.1"]]) {
      const error = await failure(labelOf(avoid))
      assert.instanceOf(error, FairleadConnectError)
      assert.deepStrictEqual((error as FairleadConnectError).tried, [])
    }
  })

  it("keeps a record in which avoided candidates and failed connections replay", () =>
    inScratch(async (directory) => {
      await using stack = new AsyncDisposableStack()
      const servers = [await using(stack, named("one")), await using(stack, named("two"))]
      const log = path.join(directory, "log")
      {
        await using fairlead = await createFairlead({
          pool: { mode: "off" },
          selector: { evaluationInterval: "20ms" },
          eventLog: { path: log },
          upstreams: { web: { candidates: local(...servers.map(({ port }) => port)) } }
        })
        await selected(fairlead, "web")
        for (let i = 0; i < 10; i++) {
          const first = await fairlead.connect("web")
          const label = fairlead.servedBy(first)?.candidate ?? ""
          assert.isTrue(fairlead.report(first, "failed"))
          assert.isFalse(fairlead.report(first, "failed"))
          first.destroy()
          const next = await fairlead.connect("web", undefined, { avoid: [label] })
          assert.notStrictEqual(fairlead.servedBy(next)?.candidate, label)
          await asked(next)
        }
      }
      const { code, stdout } = await command(["replay", log, "--json"])
      const verdict = JSON.parse(stdout)
      assert.deepStrictEqual([code, verdict.outcome, verdict.choices.checked], [0, "verified", 20])
    }))

  it("sends clients elsewhere after connections that were of no use, although bytes came", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = [await using(stack, named("one")), await using(stack, named("two"))]
    await using fairlead = await createFairlead({
      pool: { mode: "off" },
      probing: { interval: "1h" },
      selector: { evaluationInterval: "20ms", activeSetSize: 1 },
      breaker: { failureThreshold: 3 },
      upstreams: { web: { candidates: local(...servers.map(({ port }) => port)) } }
    })
    await selected(fairlead, "web")
    const connect = async () => {
      const socket = await fairlead.connect("web")
      const answer = text(socket)
      socket.write("?")
      await answer
      return socket
    }
    const bad = fairlead.servedBy(await connect())?.candidate
    let last = bad
    for (let i = 0; i < 500 && last === bad; i++) {
      const socket = await connect()
      last = fairlead.servedBy(socket)?.candidate ?? null
      if (last === bad) assert.isTrue(fairlead.report(socket, "failed"))
    }
    assert.notStrictEqual(last, bad)
  })

  it("counts a report that comes with the end of the connection, and none that comes later", async () => {
    await using stack = new AsyncDisposableStack()
    const server = await using(stack, named("one"))
    await using fairlead = await createFairlead({ enabled: false, upstreams: { web: { candidates: local(server.port) } } })
    const closed = async () => {
      const socket = await fairlead.connect("web")
      const end = new Promise((resolve) => socket.once("close", resolve))
      assert.strictEqual(await asked(socket), "one")
      await end
      return socket
    }
    assert.isTrue(fairlead.report(await closed(), "failed"))
    const late = await closed()
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    assert.isFalse(fairlead.report(late, "failed"))
  })

  it("reports the outcome of a pick for a program that dials by itself", async () => {
    await using stack = new AsyncDisposableStack()
    const server = await using(stack, named("one"))
    await using fairlead = await createFairlead({ upstreams: { web: { candidates: local(server.port) } } })
    const selection = await fairlead.pick("web")
    assert.deepStrictEqual(selection.address, { host: "127.0.0.1", port: server.port })
    assert.isTrue(fairlead.report(selection, { saw: "ok", connectMs: 1, firstByteMs: 2 }))
    assert.isFalse(fairlead.report(selection, "refused"))
  })

  it("rejects with plain errors that have a name, a code, a message and a cause", async () => {
    const dead = await refusing()
    await using fairlead = await createFairlead({
      enabled: false,
      onDemand: { enabled: false },
      upstreams: { dead: { candidates: local(dead) } }
    })
    const connect = await failure(fairlead.connect("dead"))
    assert.instanceOf(connect, FairleadConnectError)
    const { name, code, message, upstream, reason, tried, cause } = connect as FairleadConnectError
    assert.deepStrictEqual([name, code, upstream, reason], [
      "FairleadConnectError",
      "ERR_FAIRLEAD_CONNECT",
      "dead",
      "unreachable"
    ])
    assert.deepStrictEqual(tried.map(({ candidate, outcome }) => [candidate, outcome]), [["dead#1", "refused"]])
    assert.match(message, /^cannot connect to dead: tried dead#1 refused after \d+ ms; see its candidates in status$/)
    assert.strictEqual((cause as Error).name, "ConnectError")

    for (const unknown of [fairlead.connect("other"), fairlead.pick("other"), fairlead.refresh("other")]) {
      const error = await failure(unknown)
      assert.instanceOf(error, FairleadError)
      assert.strictEqual((error as FairleadError).code, "ERR_FAIRLEAD_UNKNOWN_UPSTREAM")
    }
    const config = { upstreams: { web: { port: 0 } } } as FairleadConfig
    for (const wrong of [createFairlead(config), fairlead.reload(config)]) {
      const error = await failure(wrong)
      assert.instanceOf(error, FairleadConfigError)
      assert.include((error as FairleadConfigError).problems.map(({ path }) => path), "upstreams.web.port")
    }
    const taken = await serve(() => {})
    const listener = { name: "in", listen: `127.0.0.1:${taken.port}`, upstream: "dead" }
    const bind = await failure(createFairlead({ listeners: [listener], upstreams: { dead: { candidates: local(dead) } } }))
    assert.strictEqual((bind as FairleadError).code, "ERR_FAIRLEAD_BIND")
    await taken.stop()
  })

  it("ends waits with the reason of their signal, and leaves no connection", async () => {
    await using stack = new AsyncDisposableStack()
    const server = await using(stack, named("one"))
    const config: FairleadConfig = { enabled: false, upstreams: { web: { candidates: local(server.port) } } }
    assert.strictEqual(await failure(createFairlead(config, { signal: AbortSignal.abort("early") })), "early")
    const starting = new AbortController()
    const start = failure(createFairlead(config, { signal: starting.signal }))
    starting.abort("during the start")
    assert.include(["during the start", undefined], await start)

    await using fairlead = await createFairlead(config)
    assert.strictEqual(await failure(fairlead.connect("web", undefined, { signal: AbortSignal.abort("before") })), "before")
    const controller = new AbortController()
    const wait = failure(fairlead.connect("web", undefined, { signal: controller.signal }))
    controller.abort("enough")
    assert.strictEqual(await wait, "enough")
    await until("no connection is left", () => server.sockets.size === 0)
    const facts: Array<string> = []
    const reading = new AbortController()
    const read = (async () => {
      for await (const { kind } of fairlead.facts({ signal: reading.signal })) facts.push(kind)
    })()
    reading.abort()
    await read
  })

  it("closes once: connections are reset, facts end, later calls say that it was closed", async () => {
    await using stack = new AsyncDisposableStack()
    const server = await using(stack, serve((socket) => void socket.resume()))
    const fairlead = await createFairlead({ enabled: false, upstreams: { web: { candidates: local(server.port) } } })
    const [socket, failed] = [await fairlead.connect("web"), await fairlead.connect("web")]
    assert.isTrue(fairlead.report(failed, "failed"))
    const read = (async () => {
      for await (const _ of fairlead.facts()) continue
    })()
    const [first, second] = [fairlead.close(), fairlead.close()]
    assert.strictEqual(first, second)
    await Promise.all([first, read])
    await fairlead[Symbol.asyncDispose]()
    assert.deepStrictEqual([socket.destroyed, failed.destroyed], [true, true])
    await until("no connection is left", () => server.sockets.size === 0)
    assert.strictEqual((await failure(fairlead.connect("web")) as FairleadConnectError).reason, "stopped")
    for (const late of [fairlead.refresh(), fairlead.pick("web"), fairlead.reload({})]) {
      assert.strictEqual((await failure(late) as FairleadError).code, "ERR_FAIRLEAD_CLOSED")
    }
  })

  it("is silent, and passes warnings to a function that asks for them", async () => {
    const lines: Array<LogLine> = []
    const config: FairleadConfig = { history: { path: "/dev/null/none" }, upstreams: { web: { candidates: local(1) } } }
    await (await createFairlead(config, { log: (line) => lines.push(line) })).close()
    assert.include(lines.map(({ level }) => level), "warn")
    assert.include(lines.map(({ message }) => message).join("\n"), "history")
  })

  it("has no type of Effect in the files that declare it", () => {
    for (const file of ["FairleadClient", "FairleadConfig", "FairleadError", "LogLine", "Selection", "ServedBy"]) {
      const source = fs.readFileSync(path.join(ROOT, "src/apps/embed", `${file}.ts`), "utf8")
      assert.notMatch(source, /from "effect|Effect\.|Stream\.|Scope\./, file)
    }
  })
})
