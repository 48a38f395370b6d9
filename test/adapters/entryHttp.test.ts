/** HTTP through a proxy port: what reaches the upstream, and what comes back. */
import * as http from "node:http"
import type * as net from "node:net"
import { assert, describe, it } from "vitest"
import { client } from "../apps/keys/service.ts"
import { collecting, connectTo, leaving, proxying, said, statusOf } from "../support/entries.ts"
import { serve, until } from "../support/servers.ts"

/** A real HTTP server, which tells what it was asked. */
async function origin(handle: http.RequestListener) {
  const server = http.createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    server,
    port: (server.address() as net.AddressInfo).port,
    stop: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

const told: http.RequestListener = (request, response) => {
  let body = ""
  request.on("data", (chunk) => (body += String(chunk)))
  request.on("end", () => {
    response.setHeader("Trailer", "X-After")
    response.setHeader("Connection", "X-Private")
    response.setHeader("X-Private", "1")
    response.write(JSON.stringify([request.method, request.url, request.headers, body, request.trailers]))
    response.addTrailers({ "X-After": "all" })
    response.end()
  })
}

const get = (url: string, headers = "") => `GET ${url} HTTP/1.1\r\nHost: other.example\r\n${headers}\r\n`

describe("a request with a whole URL", () => {
  it("goes on without what is for one connection, under the host of its URL", () =>
    proxying({}, async ({ port }) => {
      const to = await collecting()
      const private_ =
        "Connection: X-Private, close\r\nX-Private: 1\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nX-Kept: 2\r\n"
      assert.strictEqual(await statusOf(port, get(`http://127.0.0.1:${to.port}/a?b=c`, private_)), 204)
      assert.match(to.heard(), /^GET \/a\?b=c HTTP\/1\.1\r\n/)
      assert.match(to.heard(), new RegExp(`\r\nHost: 127\\.0\\.0\\.1:${to.port}\r\n`))
      assert.match(to.heard(), /\r\nX-Kept: 2\r\n/)
      assert.match(to.heard(), /\r\nVia: 1\.1 fairlead\r\n/)
      assert.notMatch(to.heard(), /x-private|proxy-connection|\r\nte:|other\.example/i)
      await to.stop()
    }))

  it("brings its body and trailers, and gets those of the answer, with the candidate by its id", () =>
    proxying({}, async ({ port }) => {
      const to = await origin(told)
      const head =
        `POST http://127.0.0.1:${to.port}/p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n`
      const answer = await said(port, `${head}3\r\nabc\r\n0\r\nX-T: end\r\n\r\n`, /x-after: all\r\n\r\n$/i)
      assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/)
      assert.match(answer, /\r\nProxy-Status: fairlead; next-hop="on-demand#\d+"\r\n/)
      assert.notMatch(answer, /x-private/i)
      const [method, url, headers, body, trailers] = JSON.parse(/\[.*\]/.exec(answer)?.[0] ?? "[]")
      assert.deepStrictEqual([method, url, body, trailers["x-t"]], ["POST", "/p", "abc", "end"])
      assert.strictEqual(headers.host, `127.0.0.1:${to.port}`)
      to.stop()
    }))

  it("gets the whole answer of a server that answers and resets while the rest of the body is on its way", () =>
    proxying({}, async ({ port }) => {
      const body = "a".repeat(3_000)
      const { socket, heard, closed } = await leaving(port)
      const to = await serve((upstream) => {
        // Both are there when the service looks at its sockets next: the body first, then the answer.
        upstream.once("data", () => {
          socket.write("3\r\nabc\r\n0\r\n\r\n")
          upstream.write(`HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
          upstream.resetAndDestroy()
        })
      })
      socket.write(`POST http://127.0.0.1:${to.port}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`)
      await until("an answer", () => heard().endsWith(body) || closed())
      assert.match(heard(), /^HTTP\/1\.1 413 Too Large\r\n/)
      assert.isTrue(heard().endsWith(body), `it broke off after ${heard().length} bytes`)
      socket.destroy()
      await to.stop()
    }))

  it("may be one of several to different hosts on one connection", () =>
    proxying({}, async ({ port }) => {
      const [one, other] = [await origin(told), await origin(told)]
      const { socket, heard } = await client(port)
      for (const [i, { port: to }] of [one, other, one].entries()) {
        socket.write(get(`http://127.0.0.1:${to}/${i}`))
        await until("it is answered", () => heard().includes(`"/${i}"`) && heard().split(/X-After: all/i).length === i + 2)
      }
      socket.destroy()
      one.stop()
      other.stop()
    }))

  it("waits for 100 where the client does", () =>
    proxying({}, async ({ port }) => {
      const to = await origin(told)
      const { socket, heard } = await client(port)
      const head =
        `POST http://127.0.0.1:${to.port}/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`
      socket.write(head)
      await until("it may send", () => heard().startsWith("HTTP/1.1 100 Continue\r\n\r\n"))
      socket.write("abc")
      await until("it is answered", () => heard().includes('"abc"'))
      socket.destroy()
      to.stop()
    }))

  it("takes an answer with a head as long as a client's may be", () =>
    proxying({}, async ({ port }) => {
      const to = await collecting(`HTTP/1.1 204 No Content\r\n${`X-Long: ${"a".repeat(1_000)}\r\n`.repeat(40)}\r\n`)
      const answer = await said(port, get(`http://127.0.0.1:${to.port}/`))
      assert.match(answer, /^HTTP\/1\.1 204 /)
      assert.strictEqual(answer.split("X-Long: ").length, 41)
      await to.stop()
    }))

  it("passes on what the upstream says before its answer", () =>
    proxying({}, async ({ port }) => {
      const to = await collecting(
        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\n\r\n"
          + 'HTTP/1.1 103 Early Hints\r\nLink: <a>; rel="a b"\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'
      )
      const answer = await said(port, get(`http://127.0.0.1:${to.port}/`), / 204 /)
      // Node leaves the odd link out, and Deno passes it on.
      const statuses = new Set([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status))
      assert.deepStrictEqual([...statuses], ["102", "103", "204"])
      assert.match(answer, /\r\nLink: <\/a\.css>; rel=preload; as=style\r\n/i)
      await to.stop()
    }))

  it("ends for the client where the answer breaks off", () =>
    proxying({}, async ({ port }) => {
      const to = await collecting("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
      const { socket, heard, closed } = await leaving(port)
      socket.write(get(`http://127.0.0.1:${to.port}/`))
      await until("the connection is over", closed)
      assert.match(heard(), /Content-Length: 100\r\n[^]*half$/i)
      await to.stop()
    }))

  it("joins both sides for another protocol, such as WebSocket", () =>
    proxying({}, async ({ port }) => {
      const to = await origin(told)
      to.server.on("upgrade", (_request, socket, head) => {
        socket.on("error", () => {})
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n${String(head)}`)
        socket.pipe(socket)
      })
      const { socket, heard } = await client(port)
      socket.write(`${get(`http://127.0.0.1:${to.port}/`, "Connection: Upgrade\r\nUpgrade: echo\r\n")}early`)
      await until("its first bytes are back", () => /\r\nUpgrade: echo[^]*\r\n\r\nearly$/i.test(heard()))
      socket.write("-later")
      await until("later ones too", () => heard().endsWith("early-later"))
      socket.destroy()
      to.stop()
    }))

  it.each([
    ["connection_refused", 502, "127.0.0.1:1"],
    ["dns_error", 502, "nothing.invalid"]
  ])("is answered with the stage that failed: %s", (error, status, host) =>
    proxying({}, async ({ port }) => {
      const answer = await said(port, get(`http://${host}/`))
      assert.include(answer, `HTTP/1.1 ${status} `)
      assert.include(answer, `\r\nProxy-Status: fairlead; error=${error}\r\n`)
    }))
})

describe("a tunnel by CONNECT", () => {
  it("carries early bytes once, later ones, and each side's end", () =>
    proxying({}, async ({ port }, echo) => {
      const { socket, heard, closed } = await client(port)
      socket.write(`${connectTo(`127.0.0.1:${echo.port}`)}early`)
      await until("the early bytes are back", () => /^HTTP\/1\.1 200 [^]*\r\n\r\nearly$/.test(heard()))
      socket.write("-later")
      await until("the later ones are back", () => heard().endsWith("\r\n\r\nearly-later"))
      socket.end("-last")
      await until("the end came through", closed)
      assert.match(heard(), /\r\n\r\nearly-later-last$/)
    }))

  it("gets the same answer for a head that comes at once, in two pieces, and with fields for the HTTP parser", () =>
    proxying({ users: { ada: "secret" } }, async ({ port }, echo) => {
      const to = `127.0.0.1:${echo.port}`
      for (const [shown, status] of [["Basic YWRhOnNlY3JldA==", 200], ["Basic YWRhOndyb25n", 407], [undefined, 407]]) {
        const plain = connectTo(to, shown === undefined ? "" : `Proxy-Authorization: ${shown}\r\n`)
        const answers: Array<string> = []
        const withField = plain.replace(/\r\n$/, "X-A: 1\r\n\r\n")
        for (const pieces of [[plain], [plain.slice(0, 20), plain.slice(20)], [withField]]) {
          const { socket, heard } = await leaving(port)
          for (const piece of pieces) {
            socket.write(piece)
            await new Promise((resolve) => setImmediate(resolve))
          }
          await until("an answer", () => /\r\n\r\n/.test(heard()))
          socket.destroy()
          answers.push(heard())
        }
        assert.isTrue(answers[0]?.startsWith(`HTTP/1.1 ${status} `), answers[0])
        assert.deepStrictEqual(answers, Array(3).fill(answers[0]))
      }
    }))

  it("is told the candidate by its id", () =>
    proxying({}, async ({ port }, echo) => {
      const answer = await said(port, connectTo(`127.0.0.1:${echo.port}`))
      assert.match(answer, /\r\nProxy-Status: fairlead; next-hop="on-demand#\d+"\r\n/)
    }))

  it("costs nothing any more when its client leaves while the name is looked up", () =>
    proxying({}, async ({ port, acceptor }) => {
      const { socket } = await client(port)
      socket.write(connectTo("never-answered.invalid:443"))
      socket.destroy()
      await until("it is gone", () => {
        const [listener] = acceptor.statusUnsafe()
        return listener?.accepted === 1 && listener.connections === 0
      })
    }))

  it("reaches a name of 253 characters, one with a dot at its end, and one in another script", () =>
    proxying({ allow: ["*:443"] }, async ({ port }) => {
      const long = `${"a".repeat(61)}.`.repeat(4).slice(0, 253 - ".invalid".length).replace(/\.$/, "b")
      for (const name of [`${long}.invalid`, "nothing.invalid.", "xn--nxasmq6b.invalid"]) {
        const answer = await said(port, connectTo(`${name}:443`))
        assert.include(answer, "error=dns_error", name)
      }
    }))
})
