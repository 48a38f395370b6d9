import fc from "fast-check"
import { Buffer } from "node:buffer"
import * as http from "node:http"
import * as net from "node:net"
import { assert, describe, it } from "vitest"
import { connectHead } from "../../src/ingress/connectHead.ts"
import { ascii } from "../support/handshakes.ts"

const MAX_BYTES = 16_384
const HEAD = "CONNECT web.example:443 HTTP/1.1\r\nHost: web.example:443\r\n"
const read = (text: string, maxBytes = MAX_BYTES) => connectHead(ascii(text), maxBytes)

/** What the runtime's own HTTP server makes of bytes that come at once. */
function byRuntime(port: number, requests: Map<number, Asked>, bytes: Uint8Array): Promise<Asked | "refused"> {
  const socket = net.connect({ port, host: "127.0.0.1" })
  return new Promise((resolve, reject) => {
    let own = 0
    socket.on("connect", () => {
      own = socket.localPort ?? 0
      socket.write(bytes)
    })
    socket.on("data", (answer) => {
      resolve(String(answer).startsWith("HTTP/1.1 200 ") ? requests.get(own)! : "refused")
      socket.destroy()
    })
    socket.on("error", reject)
    socket.on("end", () => resolve("refused"))
  })
}

interface Asked {
  readonly authority: string
  readonly credentials: string | undefined
  readonly early: string
}

describe("the head of a CONNECT request", () => {
  it("is read as real clients write it", () => {
    const heads = {
      curl: `${HEAD}User-Agent: curl/8.14.1\r\nProxy-Connection: Keep-Alive\r\n\r\n`,
      git: `${HEAD}User-Agent: git/2.39.5\r\nProxy-Connection: Keep-Alive\r\n\r\n`,
      Chromium:
        `${HEAD}Proxy-Connection: keep-alive\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\n\r\n`,
      undici: "CONNECT web.example:443 HTTP/1.1\r\nhost: web.example:443\r\nconnection: close\r\n\r\n",
      http: "CONNECT web.example:443 HTTP/1.1\r\nHost: web.example:443\r\nConnection: keep-alive\r\n\r\n",
      Python: "CONNECT web.example:443 HTTP/1.1\r\nHost: web.example:443\r\n\r\n"
    }
    for (const [client, head] of Object.entries(heads)) {
      const found = read(head)
      assert.strictEqual(found?.authority, "web.example:443", client)
      assert.isUndefined(found?.credentials, client)
      assert.strictEqual(found?.early.length, 0, client)
    }
  })

  it("names credentials, an address with its port, and the bytes behind it", () => {
    const found = read(
      "CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic YTpi\r\n\r\n\x16\x03\x01\r\n\r\n"
    )
    assert.deepStrictEqual([found?.authority, found?.credentials], ["[2001:db8::1]:22", "Basic YTpi"])
    assert.deepStrictEqual(found?.early, ascii("\x16\x03\x01\r\n\r\n"))
  })

  const left: ReadonlyArray<readonly [what: string, head: string]> = [
    ["another method", "GET http://web.example/ HTTP/1.1\r\nHost: web.example\r\n\r\n"],
    ["a method in small letters", `connect${HEAD.slice(7)}\r\n`],
    ["a head that has not all come", HEAD],
    ["HTTP/1.0", "CONNECT web.example:443 HTTP/1.0\r\nHost: web.example:443\r\n\r\n"],
    ["two Hosts", `${HEAD}Host: other.example:443\r\n\r\n`],
    ["credentials that come twice", `${HEAD}Proxy-Authorization: Basic YTpi\r\nproxy-authorization: Basic YTpj\r\n\r\n`],
    ["a length", `${HEAD}Content-Length: 5\r\n\r\n`],
    ["an encoding", `${HEAD}Transfer-Encoding: chunked\r\n\r\n`],
    ["a field of which nothing is known", `${HEAD}X-Other: 1\r\n\r\n`],
    ["a folded line", `${HEAD}User-Agent: a\r\n b\r\n\r\n`],
    ["a blank before a colon", `${HEAD}User-Agent : a\r\n\r\n`],
    ["no blank behind a colon", `${HEAD}User-Agent:a\r\n\r\n`],
    ["a field without a value", `${HEAD}User-Agent: \r\n\r\n`],
    ["a bare line feed", `${HEAD}User-Agent: a\nHost: b\r\n\r\n`],
    ["a bare carriage return", `${HEAD}User-Agent: a\rb\r\n\r\n`],
    ["a NUL", `${HEAD}User-Agent: a\0\r\n\r\n`],
    ["a byte above 127", `${HEAD}User-Agent: \xe9\r\n\r\n`],
    ["two blanks in the first line", `CONNECT  web.example:443 HTTP/1.1\r\nHost: x\r\n\r\n`],
    ["a path behind the host", "CONNECT web.example:443/a HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a user before the host", "CONNECT a@web.example:443 HTTP/1.1\r\nHost: x\r\n\r\n"],
    ["a line break before the head", `\r\n${HEAD}\r\n`],
    ["a head of more than 2 KiB", `${HEAD}User-Agent: ${"a".repeat(2_048)}\r\n\r\n`]
  ]
  it.each(left)("is left to the HTTP parser for %s", (_, head) => assert.isUndefined(read(head)))

  it("is left to the HTTP parser where it comes near the limit of the listener", () => {
    const head = `${HEAD}\r\n`
    assert.isDefined(read(head, 2 * head.length))
    assert.isUndefined(read(head, 2 * head.length - 2))
  })

  it("is read as the runtime's HTTP parser reads it, wherever it is read at all", { timeout: 60_000 }, async () => {
    const requests = new Map<number, Asked>()
    const server = http.createServer()
    server.on("connect", ({ url = "", headers }, socket: net.Socket, head: Buffer) => {
      requests.set(socket.remotePort ?? 0, {
        authority: url,
        credentials: headers["proxy-authorization"],
        early: head.toString("latin1")
      })
      socket.end("HTTP/1.1 200 OK\r\n\r\n")
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as net.AddressInfo
    const seen = { read: 0, left: 0, early: 0, credentials: 0 }
    try {
      await fc.assert(
        fc.asyncProperty(anyHead, async (head) => {
          const found = read(head)
          if (found === undefined) return void seen.left++
          const own = { ...found, early: Buffer.from(found.early).toString("latin1") }
          assert.deepStrictEqual(await byRuntime(port, requests, Buffer.from(head, "latin1")), own, JSON.stringify(head))
          seen.read++
          if (own.early.length > 0) seen.early++
          if (own.credentials !== undefined) seen.credentials++
        }),
        { numRuns: 1_500, seed: 14 }
      )
    } finally {
      server.close()
    }
    for (const [what, times] of Object.entries(seen)) assert.isAtLeast(times, 40, what)
  })
})

/** Mostly the plain form; each part now and then one that it does not have. */
const mostly = (plain: ReadonlyArray<string>, other: ReadonlyArray<string>) =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...plain) }, { weight: 1, arbitrary: fc.constantFrom(...other) })
const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1
})
const anyText = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })
const names = mostly(
  ["User-Agent", "user-agent", "Proxy-Connection", "Proxy-Authorization", "Connection", "Accept"],
  ["Host", "Content-Length", "Transfer-Encoding", "Upgrade", "X-A", "Expect", "User Agent", ""]
)
const values = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("close", "keep-alive", "upgrade", "*/*", "Basic YTpi", "chunked", "5") },
  { weight: 6, arbitrary: fc.array(visible, { minLength: 1, maxLength: 3 }).map((words) => words.join(" ")) },
  { weight: 1, arbitrary: anyText }
)
const field = fc.tuple(names, mostly([": "], [":", " : ", ":\t"]), values, mostly(["\r\n"], ["\n", "\r", "\r\n "])).map((
  all
) => all.join(""))
const anyHead = fc.tuple(
  mostly(["CONNECT"], ["GET", "connect", "CONNECTS", " CONNECT"]),
  mostly([" "], ["  ", "\t"]),
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom("web.example:443", "192.0.2.1:22", "[2001:db8::1]:443", "a_b.example:1", "x", "::", "a:b:c")
    },
    { weight: 2, arbitrary: fc.stringMatching(/^[0-9A-Za-z.:[\]_-]{1,40}$/) },
    { weight: 1, arbitrary: anyText }
  ),
  mostly([" HTTP/1.1\r\n"], [" HTTP/1.0\r\n", " HTTP/1.1\n", " HTTP/2.0\r\n", "\r\n"]),
  mostly(["Host: web.example:443\r\n", "host: x\r\n"], ["", "Host:\r\n", "Host: a\r\nHost: b\r\n"]),
  fc.array(field, { maxLength: 3 }).map((fields) => fields.join("")),
  mostly(["\r\n"], ["", "\n", "\r\n\r\n"]),
  fc.oneof(fc.constant(""), anyText)
).map((parts) => parts.join(""))
