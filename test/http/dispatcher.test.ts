/** undici and fetch through Fairlead, against servers on several addresses. */
import { assert, describe, it } from "@effect/vitest"
import * as http from "node:http"
import type * as net from "node:net"
import { Readable, Writable } from "node:stream"
import * as tls from "node:tls"
import type { Dispatcher } from "undici"
import { getGlobalDispatcher, request, setGlobalDispatcher, stream, WebSocket } from "undici"
import { WebSocketServer } from "ws"
import type { ResponseInfo } from "../../src/undici.ts"
import type { Connector } from "../../src/adapters/http/Connector.ts"
import { httpAgentOf } from "../../src/http.ts"
import { dispatcherOf, fetchOf, servedBy } from "../../src/undici.ts"
import { authority, good } from "../support/certificates.ts"
import { until } from "../support/servers.ts"
import { clientFor, failureOf, fairleadFor, HOST, site } from "../support/site.ts"
import type { Answer, Web } from "../support/webServers.ts"

const onDeno = "Deno" in globalThis

describe("the dispatcher", () => {
  it("keeps a connection for further requests, and tells what served each of them", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, {}, {})
    const { fetch } = await clientFor(stack, servers, { connections: 1 })
    for (const path of ["/a", "/b", "/c"]) {
      const response = await fetch(`http://${HOST}:${servers[0]?.port}${path}`)
      assert.strictEqual(await response.text(), `127.0.0.2 GET ${path} `)
      assert.deepInclude(servedBy(response), { upstream: HOST, candidate: `${HOST}#1`, stage: "disabled" } as const)
    }
    assert.deepStrictEqual(servers.map((one) => [one.connections(), one.requests()]), [[1, 3], [0, 0]])
  })

  it("sends requests at once over one connection of HTTP/2, and each of them tells what served it", async () => {
    await using stack = new AsyncDisposableStack()
    const [server] = await site(stack, { tls: good, h2: true })
    assert.isDefined(server)
    const { dispatcher } = await clientFor(stack, [server], { tls: { ALPNProtocols: ["h2", "http/1.1"] } })
    const all = await Promise.all(
      ["/a", "/b", "/c"].map((path) => request(`https://${HOST}:${server.port}${path}`, { dispatcher }))
    )
    for (const [i, one] of all.entries()) {
      assert.strictEqual(await one.body.text(), `127.0.0.2 GET /${"abc"[i]} `)
      assert.strictEqual(servedBy(one)?.candidate, `${HOST}#1`)
    }
    assert.deepStrictEqual([server.connections(), server.requests()], [1, 3])
  })

  it("sends bodies as text, as a stream and as a Request, and reads an answer as it comes", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, { tls: good })
    const { fetch, dispatcher } = await clientFor(stack, servers)
    const url = `https://${HOST}:${servers[0]?.port}/`
    const text = await fetch(url, { method: "POST", body: "text" })
    assert.strictEqual(await text.text(), "127.0.0.2 POST / text")
    const given = new Request(url, { method: "PUT", body: "given", headers: { "content-type": "text/plain" } })
    assert.strictEqual(await (await fetch(given)).text(), "127.0.0.2 PUT / given")
    const { body } = await request(url, { dispatcher, method: "POST", body: Readable.from(["a", "b", "c"]) })
    assert.strictEqual(await body.text(), "127.0.0.2 POST / abc")
  })

  it("passes an answer on piece by piece, and an abort ends it on both sides", async () => {
    await using stack = new AsyncDisposableStack()
    let closed = false
    const servers = await site(stack, {
      tls: good,
      answer: (_, response) => {
        response.on("close", () => (closed = true))
        response.write("first ")
      }
    })
    const { fetch } = await clientFor(stack, servers)
    const stop = new AbortController()
    const response = await fetch(`https://${HOST}:${servers[0]?.port}/`, { signal: stop.signal })
    const reader = response.body?.getReader()
    assert.strictEqual(new TextDecoder().decode((await reader?.read())?.value), "first ")
    const rest = failureOf(reader?.read() ?? Promise.resolve())
    stop.abort()
    // On Deno a read of undici's body never ends after an abort, with undici's own agent too.
    if (!onDeno) assert.strictEqual((await rest)?.name, "AbortError")
    await until("the server sees the end", () => closed)
  })

  it("rejects a request that its server breaks off, and one that no address takes, with the reason", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, { answer: ({ socket }) => void socket.resetAndDestroy() })
    const { fetch, fairlead } = await clientFor(stack, servers)
    const url = `http://${HOST}:${servers[0]?.port}/`
    const broken = await failureOf(fetch(url))
    assert.instanceOf(broken, TypeError)
    assert.include(["ECONNRESET", "UND_ERR_SOCKET"], (broken.cause as NodeJS.ErrnoException).code)
    await servers[0]?.stop()
    const refused = await failureOf(fetch(url))
    assert.match(refused.cause.message, /cannot connect to web\.example: tried web\.example#1 refused after \d+ ms/)
    const unknown = await failureOf(fairlead.connect("other.example"))
    assert.strictEqual(unknown.code, "ERR_FAIRLEAD_UNKNOWN_UPSTREAM")
  })

  it.skipIf(onDeno)("serves Node's own fetch, for one request and for all", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, { tls: good, h2: true })
    const { dispatcher } = await clientFor(stack, servers)
    const url = `https://${HOST}:${servers[0]?.port}/own`
    const one = await globalThis.fetch(url, { dispatcher } as unknown as RequestInit)
    assert.strictEqual(await one.text(), "127.0.0.2 GET /own ")
    const before = getGlobalDispatcher()
    stack.defer(() => setGlobalDispatcher(before))
    setGlobalDispatcher(dispatcher)
    assert.strictEqual(await (await globalThis.fetch(url)).text(), "127.0.0.2 GET /own ")
  })

  it("speaks to callers with the handlers of earlier versions of undici", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, { tls: good, h2: true })
    const { dispatcher } = await clientFor(stack, servers)
    let status = 0
    let body = ""
    await new Promise<void>((resolve, reject) => {
      const legacy = {
        onConnect: () => {},
        onHeaders: (code: number) => {
          status = code
          return true
        },
        onData: (chunk: Uint8Array) => {
          body += new TextDecoder().decode(chunk)
          return true
        },
        onComplete: () => resolve(),
        onError: reject
      }
      const options = { origin: `https://${HOST}:${servers[0]?.port}`, path: "/old", method: "GET" } as const
      dispatcher.dispatch(options, legacy as Dispatcher.DispatchHandler)
    })
    assert.deepStrictEqual([status, body], [200, "127.0.0.2 GET /old "])
  })

  it("tells of each response, and takes clients elsewhere after answers that the program calls failures", async () => {
    await using stack = new AsyncDisposableStack()
    let overloaded = "none"
    const answer = (host: string): Answer => (_, response) => {
      response.statusCode = host === overloaded ? 503 : 200
      response.end(host)
    }
    const servers = await site(stack, { answer: answer("127.0.0.2") }, { answer: answer("127.0.0.3") })
    const port = servers[0]?.port ?? 0
    const seen: Array<ResponseInfo> = []
    const { fetch, fairlead } = await clientFor(
      stack,
      servers,
      { connections: 1, failingStatuses: [503], onResponse: (one) => void seen.push(one) },
      {
        probing: { interval: "1h" },
        selector: { evaluationInterval: "20ms", activeSetSize: 1 },
        breaker: { failureThreshold: 3 },
        pool: { mode: "off" },
        upstreams: { [HOST]: { port, candidates: servers.map(({ host }) => `${host}:${port}`) } }
      }
    )
    await until("one is chosen", () => fairlead.status().upstreams[0]?.state === "active")
    const url = `http://${HOST}:${port}/`
    const host = async () => (await fetch(url)).text()
    const chosen = await host()
    overloaded = chosen
    let last = chosen
    for (let i = 0; i < 500 && last === chosen; i++) last = await host()
    assert.notStrictEqual(last, chosen)
    const failed = seen.filter(({ statusCode }) => statusCode === 503)
    assert.isNotEmpty(failed)
    assert.deepInclude(failed[0], { method: "GET", path: "/", origin: url.slice(0, -1) })
    assert.strictEqual(failed[0]?.served?.candidate, seen[0]?.served?.candidate)
    assert.isAbove(failed[0]?.tookMs ?? 0, 0)
  })

  it("sends no second request on a connection after an answer that counted as a failure", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, { answer: (_, response) => void response.writeHead(503).end("busy") })
    const { fetch } = await clientFor(stack, servers, { connections: 1, failingStatuses: [503] })
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`http://${HOST}:${servers[0]?.port}/`)
      assert.deepStrictEqual([response.status, await response.text()], [503, "busy"])
    }
    assert.deepStrictEqual([servers[0]?.connections(), servers[0]?.requests()], [3, 3])
  })

  it("counts a wait beyond the program's own time limit against the candidate, but not a plain abort", async () => {
    await using stack = new AsyncDisposableStack()
    const [server] = await site(stack, { answer: () => {} })
    const fairlead = await fairleadFor(stack, [server as Web])
    let reports = 0
    const watched = { ...fairlead, report: () => ++reports > 0 } as typeof fairlead
    const dispatcher = stack.use(dispatcherOf(watched))
    const agent = httpAgentOf(watched)
    const url = `http://${HOST}:${server?.port}/`
    const byNode = (signal: AbortSignal) =>
      new Promise((resolve, reject) => http.get(url, { agent, signal }, resolve).on("error", reject))
    const ways: ReadonlyArray<(signal: AbortSignal) => Promise<unknown>> = [
      (signal) => request(url, { dispatcher, signal }),
      (signal) => fetchOf(dispatcher)(url, { signal }),
      byNode
    ]
    for (const [i, send] of ways.entries()) {
      const stop = new AbortController()
      const aborted = failureOf(send(stop.signal))
      await until("it waits", () => server?.requests() === 2 * i + 1)
      stop.abort()
      assert.strictEqual((await aborted)?.name, "AbortError")
      assert.strictEqual(reports, i)
      assert.isDefined(await failureOf(send(AbortSignal.timeout(50))))
      await until("it is reported", () => reports === i + 1)
    }
  })

  it("leaves TLS to Fairlead where the configuration has rules for it", async () => {
    await using stack = new AsyncDisposableStack()
    const [server] = await site(stack, { tls: good })
    const fairlead = await fairleadFor(stack, [server as Web])
    const asked: Array<unknown> = []
    const ruled: Connector = {
      ...fairlead,
      hasTlsRules: (...place) => asked.push(place) > 0,
      connectTls: async (host, port, { alpn, ca } = {}) => {
        asked.push([host, port, alpn, ca])
        const secure = tls.connect({ socket: await fairlead.connect(host, port), servername: host, ca })
        await new Promise((resolve) => secure.once("secureConnect", resolve))
        return secure
      }
    }
    const dispatcher = stack.use(dispatcherOf(ruled, { tls: { ca: authority } }))
    const { body } = await request(`https://${HOST}:${server?.port}/ruled`, { dispatcher })
    assert.strictEqual(await body.text(), "127.0.0.2 GET /ruled ")
    assert.deepStrictEqual(asked, [[HOST, server?.port], [HOST, server?.port, ["http/1.1", "h2"], authority]])
  })

  it("opens a new connection where the old one has been idle for longer than the limit", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, {})
    const asked: Array<string> = []
    let limitMs: number | undefined = undefined
    const idleLimitMs = (origin: string) => {
      asked.push(origin)
      return limitMs
    }
    const { fetch } = await clientFor(stack, servers, { connections: 1, idleLimitMs })
    const origin = `http://${HOST}:${servers[0]?.port}`
    await (await fetch(origin)).text()
    await (await fetch(origin)).text()
    assert.strictEqual(servers[0]?.connections(), 1)
    limitMs = 0
    await (await fetch(origin)).text()
    assert.strictEqual(servers[0]?.connections(), 2)
    assert.sameMembers([...new Set(asked)], [origin])
  })

  it("carries a WebSocket, and reaches hosts that no upstream names", async () => {
    await using stack = new AsyncDisposableStack()
    const server = http.createServer((_, response) => void response.end("on demand"))
    new WebSocketServer({ server }).on("connection", (socket) => socket.on("message", (text) => socket.send(`echo ${text}`)))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    stack.defer(() => {
      server.close()
      server.closeAllConnections()
    })
    const { port } = server.address() as net.AddressInfo
    const { dispatcher, fetch } = await clientFor(stack, [], {}, {})
    for (const host of ["127.0.0.1", "localhost"]) {
      const response = await fetch(`http://${host}:${port}/`)
      assert.deepStrictEqual([await response.text(), servedBy(response)?.upstream], ["on demand", `${host}:${port}`])
    }
    const socket = new WebSocket(`ws://localhost:${port}/`, { dispatcher })
    await new Promise((resolve) => socket.addEventListener("open", resolve))
    const answered = new Promise<MessageEvent>((resolve) => socket.addEventListener("message", resolve as never))
    socket.send("a")
    assert.strictEqual((await answered).data, "echo a")
    socket.close()
  })

  it("lets other functions of undici read what served from the context", async () => {
    await using stack = new AsyncDisposableStack()
    const servers = await site(stack, {})
    const { dispatcher } = await clientFor(stack, servers)
    let context: unknown
    await stream(`http://${HOST}:${servers[0]?.port}/`, { dispatcher, method: "GET" }, (data) => {
      context = data.context
      return new Writable({ write: (_chunk, _encoding, done) => done() })
    })
    assert.strictEqual((context as { fairlead: { candidate: string } }).fairlead.candidate, `${HOST}#1`)
  })
})
